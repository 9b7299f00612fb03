import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from cronwright.api.problem import Kind

PROBES = {"/health", "/livez", "/readyz"}


@pytest.fixture
async def document(web: aiohttp.ClientSession) -> dict[str, Any]:
    async with web.get("/openapi.json") as answer:
        assert answer.status == 200
        found: dict[str, Any] = await answer.json()
        return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def test_every_route_is_described(document: dict[str, Any]) -> None:
    assert {(method, path) for path, method, _ in operations(document)} == {
        ("POST", "/tasks"),
        ("GET", "/tasks"),
        ("GET", "/tasks/{task_id}"),
        ("DELETE", "/tasks/{task_id}"),
        ("POST", "/tasks/{task_id}/runs"),
        ("POST", "/tasks/{task_id}/backfills"),
        ("POST", "/tasks/{task_id}/runs/{run_id}/cancel"),
        ("GET", "/health"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
        ("GET", "/openapi.json"),
    }


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for part in json.dumps(document).split('"$ref": "')[1:]:
        name = part.partition('"')[0].removeprefix("#/components/schemas/")
        assert name in document["components"]["schemas"]


def test_every_route_but_the_probes_asks_for_a_token(document: dict[str, Any]) -> None:
    for path, _, operation in operations(document):
        assert ("security" in operation) is (path not in PROBES), path
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


def test_problems_are_described_where_they_come(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if not path.startswith("/tasks"):
            continue
        told = {status for status in operation["responses"] if int(status) >= 400}
        assert {"401", "403", "422", "429", "500", "503"} <= told, path
        assert ({"400", "408", "413", "415"} <= told) is (
            method == "POST" and not path.endswith("/cancel")  # it takes no body
        ), path
        for status in told:
            (media_type,) = operation["responses"][status]["content"]
            assert media_type == "application/problem+json"


def test_every_kind_of_problem_is_described_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    unrouted = {Kind.ROUTE_NOT_FOUND, Kind.METHOD_NOT_ALLOWED}
    assert [kind for kind in Kind if f"`{kind.slug}`" not in text and kind not in unrouted] == []


def test_each_form_of_a_task_is_described(document: dict[str, Any]) -> None:
    body = document["paths"]["/tasks"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    names = [each["$ref"].rpartition("/")[2] for each in schema["oneOf"]]
    assert names == ["TaskWithSpec", "FlatTask", "TaskManifest"]
    flat = document["components"]["schemas"]["FlatTask"]
    assert {"id", "name", "schedule", "container"} <= flat["properties"].keys()
    assert flat["additionalProperties"] is False
    assert all("description" in each for each in flat["properties"].values())
