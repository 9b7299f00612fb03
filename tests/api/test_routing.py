import logging

import aiohttp
import pytest

from cronwright.kube import paths
from tests.api.fake_cluster import CALLER, FakeCluster


@pytest.mark.parametrize("path", ["/", "/task", "/tasks/", "/tasks/a/b", "/docs", "/tasks/a%2Fb"])
async def test_a_path_that_leads_nowhere_is_a_problem(
    web: aiohttp.ClientSession, path: str
) -> None:
    async with web.get(path, allow_redirects=False) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert answer.status == 404
    assert problem["field"] in {"path", "id"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/tasks", "GET, POST"),
        ("PATCH", "/tasks/a", "DELETE, GET"),
        ("GET", "/tasks/a/runs", "POST"),
        ("POST", "/health", "GET"),
    ],
)
async def test_a_method_that_a_path_lacks_is_a_problem_that_names_the_others(
    web: aiohttp.ClientSession, method: str, path: str, allowed: str
) -> None:
    async with web.request(method, path) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert allowed in problem["remedy"]
    assert problem["value"] == method


@pytest.mark.parametrize(
    ("method", "path", "field", "remedy"),
    [
        ("GET", "/tasks?limit=0", "limit", "1 to 500"),
        ("GET", "/tasks?limit=501", "limit", "1 to 500"),
        ("GET", "/tasks?limit=many", "limit", "1 to 500"),
        ("GET", "/tasks?labelselector=a", "labelselector", "write labelSelector"),
        ("GET", "/tasks?namespace=../x", "namespace", "namespace"),
        ("GET", "/tasks?namespace=A", "namespace", "namespace"),
        ("DELETE", "/tasks/a?namspace=b", "namspace", "write namespace"),
        ("GET", "/tasks/a?limit=1", "limit", "limit"),
    ],
)
async def test_a_query_that_is_wrong_is_named_and_does_nothing(
    web: aiohttp.ClientSession,
    cluster: FakeCluster,
    method: str,
    path: str,
    field: str,
    remedy: str,
) -> None:
    async with web.request(method, path) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["field"]) == (422, field)
    assert remedy in problem["remedy"]
    assert set(cluster.asked) == {f"POST {paths.token_reviews()}"}


async def test_a_request_keeps_its_id(web: aiohttp.ClientSession) -> None:
    async with web.get("/livez", headers={"X-Request-Id": "abc-1.2_3"}) as answer:
        assert answer.headers["X-Request-Id"] == "abc-1.2_3"


@pytest.mark.parametrize("given", [None, "", "a b", '"}{', "a" * 65])
async def test_a_request_without_an_id_that_can_be_logged_gets_one(
    web: aiohttp.ClientSession, given: str | None
) -> None:
    headers = {} if given is None else {"X-Request-Id": given}
    async with web.get("/livez", headers=headers) as answer:
        assert len(answer.headers["X-Request-Id"]) == 36


async def test_each_request_is_logged_without_what_it_holds(
    web: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cronwright.api")
    headers = {"X-Request-Id": "r-1"}
    async with web.get("/tasks?labelSelector=secret", headers=headers) as answer:
        assert answer.status == 200
    async with web.get("/livez"):
        pass

    (line,) = (each for each in caplog.records if each.name.startswith("cronwright.api"))
    logged = vars(line)
    assert {key: logged[key] for key in ("method", "route", "status", "user", "request_id")} == {
        "method": "GET",
        "route": "/tasks",
        "status": 200,
        "user": CALLER,
        "request_id": "r-1",
    }
    assert logged["duration_ms"] > 0
    assert "secret" not in str(logged)


async def test_what_nobody_foresaw_is_logged_whole_and_answered_without(
    web: aiohttp.ClientSession, cluster: FakeCluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.gives("GET", paths.scheduledtasks("default"), {"metadata": {}})  # and no items

    async with web.get("/tasks", headers={"X-Request-Id": "r-2"}) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert answer.status == 500
    assert "r-2" in problem["remedy"]
    assert "KeyError" not in str(problem)
    failure = next(each for each in caplog.records if each.exc_info)
    assert vars(failure)["request_id"] == "r-2"
