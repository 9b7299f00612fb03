"""What the API counts, and where it shows it."""

import aiohttp

from cronwright import exposition
from cronwright.api.metrics import ApiMetrics
from cronwright.api.server import _listen
from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.api.fake_cluster import TOKEN, FakeCluster
from tests.api.server import calling, serving
from tests.samples import Samples, samples


def read(metrics: ApiMetrics) -> Samples:
    return samples(metrics.render("")[0].decode())


async def test_requests_are_counted_by_route_and_not_by_path(cluster: FakeCluster) -> None:
    metrics = ApiMetrics()
    for name in "ab":
        path = paths.scheduledtasks("default", name)
        cluster.refuses("GET", path, 404, "NotFound", details={"name": name})
    async with (
        Client(cluster.credentials) as client,
        serving(client, metrics=metrics) as url,
        calling(url, TOKEN) as session,
    ):
        client.observe = metrics.called
        for path in ("/tasks/a", "/tasks/b", "/nowhere/1", "/nowhere/2", "/livez"):
            async with session.get(path):
                pass
        async with session.request("BREW", "/tasks"):
            pass
    found = read(metrics)

    def requests(method: str, route: str, code: int) -> float:
        labels = {"method": method, "route": route, "code": str(code)}
        return found["cronwright_http_requests_total", labels]

    assert requests("GET", "/tasks/{task_id}", 404) == 2
    assert requests("GET", "none", 404) == 2
    assert requests("GET", "/livez", 200) == 1
    assert found.sum("cronwright_http_requests_total", method="other", code="405") == 1
    timed = {"method": "GET", "route": "/tasks/{task_id}"}
    assert found["cronwright_http_request_duration_seconds_count", timed] == 2
    assert found.sum("cronwright_api_calls_total", verb="get", resource="scheduledtasks") == 2


async def test_the_metrics_are_not_where_callers_are(url: str) -> None:
    async with aiohttp.ClientSession(url) as session, session.get("/metrics") as answer:
        assert answer.status == 404


async def test_they_have_a_port_of_their_own() -> None:
    metrics = ApiMetrics()
    metrics.requested("GET", "/tasks", 200, 0.1)
    listener = _listen("127.0.0.1", 0)
    runner = await exposition.serve(listener, metrics)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{listener.getsockname()[1]}") as session:
        async with session.get("/metrics") as answer:
            assert answer.status == 200
            found = samples(await answer.text())
        async with session.get("/tasks") as answer:
            assert answer.status == 404
    await runner.cleanup()
    assert found.sum("cronwright_http_requests_total") == 1
