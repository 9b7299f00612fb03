"""What the API server answers, as callers hear it; the messages are a real server's."""

from typing import Any

import aiohttp
import pytest

from cronwright.kube import paths
from tests.api.fake_cluster import FakeCluster

TASKS = paths.scheduledtasks("default")
BODY = {"name": "x", "container": {"image": "busybox"}}


async def register(web: aiohttp.ClientSession) -> tuple[int, dict[str, Any], dict[str, str]]:
    async with web.post("/tasks", json=BODY) as answer:
        problem = await answer.json(content_type="application/problem+json")
    assert answer.status == problem["status"]
    return answer.status, problem, dict(answer.headers)


async def test_a_server_with_too_much_to_do_is_passed_on_with_its_wait(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.refuses("POST", TASKS, 429, "TooManyRequests")

    status, problem, headers = await register(web)

    assert (status, headers["Retry-After"]) == (429, "5")
    assert problem["remedy"] == "try again in 5 seconds"


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_server_that_fails_is_told_without_its_words(
    web: aiohttp.ClientSession, cluster: FakeCluster, code: int
) -> None:
    cluster.refuses("POST", TASKS, code, "InternalError", message="etcd at 10.0.0.7: secret")

    status, problem, headers = await register(web)

    assert (status, headers["Retry-After"]) == (503, "5")
    assert "10.0.0.7" not in str(problem)


async def test_our_own_credentials_are_not_taken_for_the_callers(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.refuses("POST", TASKS, 401, "Unauthorized")

    status, problem, headers = await register(web)

    assert status == 503
    assert "the API's own credentials" in problem["detail"]
    assert "WWW-Authenticate" not in headers


@pytest.mark.parametrize(
    ("code", "message", "status", "slug"),
    [
        (
            403,
            'tasks is forbidden: User "system:serviceaccount:c:api" cannot create resource',
            503,
            "unavailable",
        ),
        (
            403,
            "exceeded quota: tasks, requested: 1, used: 5, limited: 5",
            403,
            "refused-by-cluster",
        ),
        (400, 'admission webhook "p.example" denied the request: no', 422, "invalid-field"),
        (418, "something new", 403, "refused-by-cluster"),
    ],
)
async def test_what_forbids_decides_who_has_to_act(
    web: aiohttp.ClientSession,
    cluster: FakeCluster,
    code: int,
    message: str,
    status: int,
    slug: str,
) -> None:
    cluster.refuses("POST", TASKS, code, "Forbidden", message=message)

    answered, problem, _ = await register(web)

    assert (answered, problem["type"]) == (status, f"https://cronwright.dev/problems/{slug}")
    assert message in problem["detail"]


async def test_causes_become_faults_in_the_callers_form(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.refuses(
        "POST",
        TASKS,
        422,
        "Invalid",
        details={
            "causes": [
                {"field": "spec.container.image", "message": "Invalid value: 5: is odd; write 4"},
                {"field": "spec", "message": 'Invalid value: "object": both are given'},
                {"field": "<nil>", "message": "some rules were not checked"},
            ]
        },
    )

    _, problem, _ = await register(web)

    assert problem["errors"] == [
        {
            "detail": "is odd",
            "field": "container.image",
            "value": "busybox",
            "remedy": "write 4",
        },
        {
            "detail": "both are given",
            "field": "spec",
            "value": '{"container": {"image": "busybox"}}',
            "remedy": "GET /openapi.json says what the field takes",
        },
    ]


async def test_fields_that_the_definition_does_not_know_are_named(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    message = 'strict decoding error: unknown field "spec.new", duplicate field "spec.logs.old"'
    cluster.refuses("POST", TASKS, 400, "BadRequest", message=message)

    status, problem, _ = await register(web)

    assert status == 422
    assert [(each["field"], each["detail"]) for each in problem["errors"]] == [
        ("new", "unknown field"),
        ("logs.old", "duplicate field"),
    ]


async def test_a_cluster_without_the_definition_is_told_from_a_missing_task(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    path = paths.scheduledtasks("default", "x")
    for details, status in (({}, 503), ({"name": "x", "kind": "scheduledtasks"}, 404)):
        cluster.refuses("GET", path, 404, "NotFound", details=details)
        async with web.get("/tasks/x") as answer:
            assert answer.status == status


async def test_a_list_that_took_too_long_is_begun_again(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    cluster.refuses("GET", TASKS, 410, "Expired")

    async with web.get("/tasks", params={"continue": "old"}) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["field"]) == (410, "continue")


async def test_a_server_that_is_gone_is_told_as_such(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    async with web.get("/tasks") as answer:
        assert answer.status == 200
    await cluster.stop()

    async with web.get("/tasks") as answer:  # the caller is still known
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["title"]) == (503, "The cluster can't be asked now")
