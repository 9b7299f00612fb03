import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.credentials import Credentials, TokenFile
from cronwright.settings import ApiSettings
from tests.api.fake_cluster import SELF_REVIEWS, FakeCluster, JSONObject
from tests.api.server import Clock, serving
from tests.kube.server import Answer, Server, gives, hangs_up

TASKS = paths.scheduledtasks("default")


async def health(url: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession(url) as session, session.get("/health") as answer:
        return answer.status, await answer.json()


async def status_of(url: str, path: str) -> int:
    async with aiohttp.ClientSession(url) as session, session.get(path) as answer:
        return answer.status


async def test_each_dependency_is_named_with_its_latency(url: str) -> None:
    status, report = await health(url)

    assert (status, report["status"]) == (200, "ok")
    assert report["state"] == "Running"
    assert "operator" not in report
    assert set(report["dependencies"]) == {"kubernetes", "credentials", "reviews", "scheduledTasks"}
    for each in report["dependencies"].values():
        assert each["status"] == "ok"
        assert each["latencyMs"] >= 0


def may_review(body: JSONObject) -> tuple[int, JSONObject]:
    resource = body["spec"]["resourceAttributes"]["resource"]
    return 201, {"status": {"allowed": resource != "tokenreviews"}}


@pytest.mark.parametrize(
    ("method", "path", "code", "down", "problem"),
    [
        ("GET", "/version", 503, "kubernetes", "no answer"),
        ("POST", SELF_REVIEWS, 401, "credentials", "its credentials are not accepted"),
        ("GET", TASKS, 404, "scheduledTasks", "the CustomResourceDefinition is not installed"),
        ("GET", TASKS, 403, "scheduledTasks", "refused: Reason"),
    ],
)
async def test_one_that_is_down_is_named_and_told(
    url: str, cluster: FakeCluster, method: str, path: str, code: int, down: str, problem: str
) -> None:
    cluster.refuses(method, path, code, "Reason", message="10.0.0.7")

    status, report = await health(url)

    assert (status, report["status"]) == (503, "degraded")
    assert report["dependencies"][down]["status"] == "down"
    assert report["dependencies"][down]["problem"] == problem
    assert "10.0.0.7" not in str(report)


async def test_a_missing_right_to_review_is_told(url: str, cluster: FakeCluster) -> None:
    cluster.answers("POST", SELF_REVIEWS, may_review)

    status, report = await health(url)

    assert status == 503
    assert report["dependencies"]["reviews"]["problem"] == "its account may not create tokenreviews"


async def test_many_who_ask_cost_one_look(url: str, cluster: FakeCluster, clock: Clock) -> None:
    for _ in range(20):
        await health(url)
    assert cluster.asked["GET /version"] == 1

    clock.seconds += 1.0
    await health(url)
    assert cluster.asked["GET /version"] == 2


async def test_the_api_is_alive_before_it_is_ready(
    cluster: FakeCluster, tmp_path: Any, clock: Clock
) -> None:
    file = tmp_path / "token"
    credentials = Credentials(cluster.credentials.endpoint, TokenFile(file))
    async with Client(credentials) as client, serving(client, clock=clock) as url:
        assert await status_of(url, "/livez") == 200
        assert await status_of(url, "/readyz") == 503
        _, report = await health(url)
        assert report["dependencies"]["credentials"]["problem"] == "its token is not there yet"

        file.write_text("token")  # handed over by the operator
        clock.seconds += 1.0
        assert await status_of(url, "/readyz") == 200


async def test_an_outage_later_on_leaves_the_api_ready(
    url: str, cluster: FakeCluster, clock: Clock
) -> None:
    assert await status_of(url, "/readyz") == 200
    await cluster.stop()
    clock.seconds += 10.0

    assert await status_of(url, "/readyz") == 200
    assert (await health(url))[0] == 503


@asynccontextmanager
async def beside(client: Client, operator: Server) -> AsyncIterator[str]:
    """Serve the API beside an operator; give its URL."""
    settings = ApiSettings(bind_address="127.0.0.1", operator_health_port=URL(operator.url).port)
    async with serving(client, settings) as url:
        yield url


async def silent(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (gives({"state": "Running", "leading": True}), ("Running", True)),
        (gives({"state": "ShuttingDown", "leading": False}), ("ShuttingDown", False)),
        (gives({"state": "Dreaming", "leading": False}), ("Unknown", False)),
        (gives([], 404), ("Unknown", False)),
        (hangs_up, ("Unknown", False)),
        (silent, ("Unknown", False)),
    ],
)
async def test_the_operator_beside_it_is_shown(
    client: Client, answer: Answer, shown: tuple[str, bool]
) -> None:
    async with Server() as operator, beside(client, operator) as url:
        operator.will(answer)
        status, report = await health(url)

    assert status == 200
    assert (report["operator"]["state"], report["operator"]["leading"]) == shown
    assert operator.seen[0].path == "/health"


async def test_an_operator_that_has_ended_is_told(client: Client) -> None:
    async with Server() as operator:
        pass
    async with beside(client, operator) as url:
        _, report = await health(url)
    assert report["operator"] == {"state": "Terminated", "leading": False}
