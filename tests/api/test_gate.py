import asyncio

import aiohttp
import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.settings import ApiSettings
from tests.api.fake_cluster import CALLER, TOKEN, FakeCluster
from tests.api.server import Clock, calling, serving

REVIEW = f"POST {paths.token_reviews()}"
ACCESS = f"POST {paths.subject_access_reviews()}"


async def test_the_cluster_is_asked_who_calls_and_what_they_may(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    async with web.get("/tasks") as answer:
        assert answer.status == 200

    assert cluster.bodies[:2] == [
        (
            REVIEW,
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenReview",
                "spec": {"token": TOKEN, "audiences": []},
            },
        ),
        (
            ACCESS,
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SubjectAccessReview",
                "spec": {
                    "user": CALLER,
                    "uid": "u-1",
                    "groups": ["shop"],
                    "extra": {"key": ["a", "b"]},
                    "resourceAttributes": {
                        "group": "cronwright.dev",
                        "resource": "scheduledtasks",
                        "subresource": "",
                        "verb": "list",
                        "namespace": "default",
                        "name": "",
                    },
                },
            },
        ),
    ]


@pytest.mark.parametrize(
    ("method", "path", "verb", "subresource", "name"),
    [
        ("GET", "/tasks?namespace=shop", "list", "", ""),
        ("GET", "/tasks/report?namespace=shop", "get", "", "report"),
        ("DELETE", "/tasks/report?namespace=shop", "delete", "", "report"),
        ("POST", "/tasks/report/runs?namespace=shop", "create", "run", "report"),
        ("POST", "/tasks?namespace=shop", "create", "", ""),
    ],
)
async def test_each_route_needs_its_own_right_and_touches_nothing_without_it(
    web: aiohttp.ClientSession,
    cluster: FakeCluster,
    method: str,
    path: str,
    verb: str,
    subresource: str,
    name: str,
) -> None:
    cluster.gives("POST", paths.subject_access_reviews(), {"status": {"allowed": False}})

    body = {"container": {"image": "busybox"}} if path.startswith("/tasks?") else None
    async with web.request(method, path, json=body if method == "POST" else None) as answer:
        problem = await answer.json(content_type="application/problem+json")

    resource = f"scheduledtasks/{subresource}" if subresource else "scheduledtasks"
    assert answer.status == 403
    assert problem["type"] == "https://cronwright.dev/problems/forbidden"
    assert f"{CALLER} may not {verb} {resource}" in problem["detail"]
    assert "in namespace shop" in problem["detail"]
    assert f"grant the verb {verb} on {resource}" in problem["remedy"]
    attributes = cluster.bodies[-1][1]["spec"]["resourceAttributes"]
    assert attributes == {
        "group": "cronwright.dev",
        "resource": "scheduledtasks",
        "subresource": subresource,
        "verb": verb,
        "namespace": "shop",
        "name": name,
    }
    assert set(cluster.asked) == {REVIEW, ACCESS}


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN} more",
        "Bearer a,b",
        f"Bearer {'a' * 20_000}",
    ],
)
async def test_without_a_bearer_token_nobody_is_asked(
    url: str, cluster: FakeCluster, header: str | None
) -> None:
    headers = {} if header is None else {"Authorization": header}
    async with aiohttp.ClientSession(url) as session, session.get("/tasks", headers=headers) as a:
        problem = await a.json(content_type="application/problem+json")

    assert (a.status, problem["status"]) == (401, 401)
    assert a.headers["WWW-Authenticate"] == 'Bearer realm="cronwright"'
    assert "Authorization: Bearer" in problem["remedy"]
    assert not cluster.asked


async def test_a_token_that_the_cluster_does_not_know_is_refused_and_not_repeated(
    url: str, cluster: FakeCluster
) -> None:
    async with calling(url, "wrong.token") as web:
        for _ in range(3):
            async with web.get("/tasks") as answer:
                text = await answer.text()

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="cronwright", error="invalid_token"'
    assert "wrong.token" not in text
    assert cluster.asked == {REVIEW: 1}


@pytest.mark.parametrize(
    "status",
    [
        {},
        {"authenticated": False, "user": {"username": "x"}},
        {"authenticated": True},
        {"authenticated": True, "user": {"username": ""}},
    ],
)
async def test_an_answer_that_names_nobody_lets_nobody_in(
    web: aiohttp.ClientSession, cluster: FakeCluster, status: dict[str, object]
) -> None:
    cluster.gives("POST", paths.token_reviews(), {"status": status})

    async with web.get("/tasks") as answer:
        assert answer.status == 401


@pytest.mark.parametrize(
    "status", [{}, {"allowed": False}, {"allowed": True, "denied": True}, {"denied": False}]
)
async def test_an_answer_that_does_not_allow_forbids(
    web: aiohttp.ClientSession, cluster: FakeCluster, status: dict[str, object]
) -> None:
    cluster.gives("POST", paths.subject_access_reviews(), {"status": status})

    async with web.get("/tasks") as answer:
        assert answer.status == 403


async def test_reviews_are_believed_for_a_while(
    web: aiohttp.ClientSession, cluster: FakeCluster, clock: Clock
) -> None:
    async def ask() -> int:
        async with web.get("/tasks") as answer:
            return answer.status

    assert [await ask() for _ in range(3)] == [200] * 3
    assert (cluster.asked[REVIEW], cluster.asked[ACCESS]) == (1, 1)

    cluster.gives("POST", paths.subject_access_reviews(), {"status": {"allowed": False}})
    clock.seconds += 9.9
    assert await ask() == 200
    clock.seconds += 0.1
    assert await ask() == 403
    assert (cluster.asked[REVIEW], cluster.asked[ACCESS]) == (2, 2)


async def test_a_burst_of_one_caller_is_reviewed_once(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    async def ask() -> int:
        async with web.get("/tasks") as answer:
            return answer.status

    assert set(await asyncio.gather(*(ask() for _ in range(40)))) == {200}
    assert (cluster.asked[REVIEW], cluster.asked[ACCESS]) == (1, 1)


@pytest.mark.parametrize("path", [paths.token_reviews(), paths.subject_access_reviews()])
@pytest.mark.parametrize("code", [500, 503])
async def test_where_callers_cannot_be_reviewed_nobody_gets_in(
    web: aiohttp.ClientSession, cluster: FakeCluster, path: str, code: int
) -> None:
    cluster.refuses("POST", path, code, "InternalError")

    async with web.get("/tasks") as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert answer.status == 503
    assert problem["type"] == "https://cronwright.dev/problems/unavailable"
    assert answer.headers["Retry-After"] == "5"
    assert cluster.asked[f"GET {paths.scheduledtasks('default')}"] == 0


@pytest.mark.parametrize("path", [paths.token_reviews(), paths.subject_access_reviews()])
async def test_where_our_own_account_may_not_review_nobody_gets_in(
    web: aiohttp.ClientSession, cluster: FakeCluster, path: str
) -> None:
    message = 'tokenreviews is forbidden: User "system:serviceaccount:a:b" cannot create resource'
    cluster.refuses("POST", path, 403, "Forbidden", message=message)

    async with web.get("/tasks") as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert answer.status == 503
    assert "own account has too few rights" in problem["detail"]


@pytest.mark.parametrize(
    ("named", "status"),
    [(["cronwright"], 200), (["cronwright", "x"], 200), (["x"], 401), ([], 401)],
)
async def test_a_token_must_be_for_one_of_the_audiences(
    client: Client, cluster: FakeCluster, named: list[str], status: int
) -> None:
    review = {"authenticated": True, "user": {"username": "x"}, "audiences": named}
    cluster.gives("POST", paths.token_reviews(), {"status": review})

    settings = ApiSettings(audiences=("cronwright", "other"))
    async with (
        serving(client, settings) as url,
        calling(url, TOKEN) as web,
        web.get("/tasks") as answer,
    ):
        assert answer.status == status

    assert cluster.bodies[0][1]["spec"]["audiences"] == ["cronwright", "other"]


@pytest.mark.parametrize("path", ["/openapi.json", "/tasks/report", "/tasks/No_Such"])
async def test_no_route_but_the_probes_answers_the_unknown(url: str, path: str) -> None:
    async with aiohttp.ClientSession(url) as session, session.get(path) as answer:
        assert answer.status == 401
