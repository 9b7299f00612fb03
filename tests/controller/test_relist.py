"""Tasks compared with what stands: the gone ones forgotten, those that were set back taken so."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, cast

import pytest

from cronwright.controller.queue import WorkQueue
from cronwright.controller.relist import Relist
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound

KEY = TaskKey("team", "report")


def body(version: int, uid: str = "u1") -> dict[str, Any]:
    names = {"namespace": "team", "name": "report"}
    return {"metadata": {**names, "uid": uid, "resourceVersion": str(version)}, "spec": {}}


class Cluster:
    """Stand in for the API server: what a list shows, and what is read by name."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self.read: dict[str, Any] | None = None

    async def list_pages(self, *_: Any, **__: Any) -> AsyncIterator[Mapping[str, Any]]:
        yield {"items": self.listed}

    async def get(self, path: str) -> dict[str, Any]:
        assert path.endswith("/team/scheduledtasks/report")
        if self.read is None:
            raise NotFound(HTTPStatus.NOT_FOUND, "NotFound", "no")
        return self.read


class Bench:
    def __init__(self) -> None:
        self.cluster, self.tasks = Cluster(), TaskStore()
        self.queue: WorkQueue[TaskKey] = WorkQueue()
        self.restored = 0
        client = cast("Client", self.cluster)
        self.relist = Relist(client, self.tasks, self.queue, "", self._count)
        self.tasks.put(body(9))

    def _count(self) -> None:
        self.restored += 1


async def test_a_task_that_is_gone_is_forgotten() -> None:
    bench = Bench()
    await bench.relist.look()
    assert (bench.tasks.get(KEY), len(bench.queue), bench.restored) == (None, 1, 0)


async def test_a_task_that_stands_in_an_older_version_is_taken_so() -> None:
    bench = Bench()
    bench.cluster.listed, bench.cluster.read = [body(5)], body(6)
    await bench.relist.look()
    assert (bench.tasks.version(KEY), len(bench.queue), bench.restored) == (6, 1, 1)
    assert bench.tasks.restored is not None


@pytest.mark.parametrize("read", [body(9), body(12), None])
async def test_a_stale_list_takes_nothing_back(read: dict[str, Any] | None) -> None:
    bench = Bench()
    bench.cluster.listed, bench.cluster.read = [body(5)], read
    await bench.relist.look()
    assert (bench.tasks.version(KEY), len(bench.queue), bench.restored) == (9, 0, 0)
    assert bench.tasks.restored is None


async def test_what_an_informer_found_is_noted_before_the_tasks_are_read() -> None:
    bench = Bench()
    bench.cluster.listed, bench.cluster.read = [body(5)], body(5)
    await bench.relist.restore()
    assert (bench.tasks.version(KEY), bench.restored) == (5, 1)
