from typing import Any

import aiohttp

from cronwright.kube import paths
from tests.api.fake_cluster import FakeCluster, JSONObject

TASKS = paths.scheduledtasks("default")


def task(number: int) -> JSONObject:
    metadata = {
        "name": f"t{number:03}",
        "namespace": "default",
        "uid": str(number),
        "creationTimestamp": "2026-01-31T12:00:00Z",
    }
    return {"metadata": metadata, "spec": {"timeZone": "Etc/UTC"}}


class Pages:
    """Serve 230 tasks as the API server does, and keep what was asked for."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.queries = cluster.queries
        cluster.answers("GET", TASKS, self.answer)

    def answer(self, _: JSONObject) -> tuple[int, JSONObject]:
        query = self.queries[-1]
        begin = int(query.get("continue", "0"))
        end = min(begin + int(query["limit"]), 230)
        more = {"continue": str(end)} if end < 230 else {}
        return 200, {"items": [task(number) for number in range(begin, end)], "metadata": more}


async def listed(web: aiohttp.ClientSession, **query: Any) -> JSONObject:
    async with web.get("/tasks", params=query) as answer:
        assert answer.status == 200
        page: JSONObject = await answer.json()
        return page


async def test_a_large_page_is_read_in_parts(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    pages = Pages(cluster)

    page = await listed(web, limit=220, labelSelector="team=a")

    assert [each["id"] for each in page["items"]] == [f"t{number:03}" for number in range(220)]
    assert page["continue"] == "220"
    asked = [query for query in pages.queries if "limit" in query]
    assert asked == [
        {"limit": "100", "labelSelector": "team=a"},
        {"limit": "100", "labelSelector": "team=a", "continue": "100"},
        {"limit": "20", "labelSelector": "team=a", "continue": "200"},
    ]


async def test_pages_follow_one_another_to_the_end(
    web: aiohttp.ClientSession, cluster: FakeCluster
) -> None:
    Pages(cluster)
    found: list[str] = []
    token = ""
    while token is not None:
        page = await listed(web, **({"continue": token} if token else {}))
        found += [each["id"] for each in page["items"]]
        token = page["continue"]

    assert len(found) == len(set(found)) == 230
