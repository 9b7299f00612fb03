"""Tasks compared with what stands: the gone ones forgotten, those that were set back taken so."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, cast

import pytest

from cronwright.controller.queue import WorkQueue
from cronwright.controller.relist import Relist
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound
from tests.cluster.waiting import until

KEY = TaskKey("team", "report")


def body(version: int, uid: str = "u1") -> dict[str, Any]:
    names = {"namespace": "team", "name": "report"}
    return {"metadata": {**names, "uid": uid, "resourceVersion": str(version)}, "spec": {}}


class Cluster:
    """Stand in for the API server: what a list shows, and what is read by name."""

    def __init__(self) -> None:
        self.listed: list[dict[str, Any]] = []
        self.read: dict[str, Any] | None = None
        self.lists = 0

    async def list_pages(self, *_: Any, **__: Any) -> AsyncIterator[Mapping[str, Any]]:
        self.lists += 1
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
        self.relist = Relist(cast("Client", self.cluster), self.tasks, self.queue, "")
        self.tasks.put(body(9))

    @property
    def restored(self) -> bool:
        return self.tasks.restored is not None


async def test_a_task_that_is_gone_is_forgotten() -> None:
    bench = Bench()
    await bench.relist.look()
    assert (bench.tasks.get(KEY), len(bench.queue), bench.restored) == (None, 1, False)


async def test_a_task_that_stands_in_an_older_version_is_taken_so() -> None:
    bench = Bench()
    bench.cluster.listed, bench.cluster.read = [body(5)], body(6)
    await bench.relist.look()
    assert (bench.tasks.version(KEY), len(bench.queue), bench.restored) == (6, 1, True)


@pytest.mark.parametrize("read", [body(9), body(12), None])
async def test_a_stale_list_takes_nothing_back(read: dict[str, Any] | None) -> None:
    bench = Bench()
    bench.cluster.listed, bench.cluster.read = [body(5)], read
    await bench.relist.look()
    assert (bench.tasks.version(KEY), len(bench.queue), bench.restored) == (9, 0, False)


async def test_after_a_restore_what_kopf_does_not_tell_is_read() -> None:
    bench = Bench()
    bench.cluster.listed = [body(12)]
    bench.cluster.read = body(12)
    await bench.relist.look()
    assert bench.tasks.version(KEY) == 9, "its event is on the way"

    await bench.relist.restore()
    assert (bench.tasks.version(KEY), len(bench.queue), bench.restored) == (12, 1, True)
    bench.tasks.heard = time.monotonic() + 60
    bench.cluster.listed, bench.cluster.read = [body(15)], body(15)
    await bench.relist.look()
    assert bench.tasks.version(KEY) == 12, "Kopf tells again"


async def test_a_restore_is_looked_into_at_once_and_then_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench()
    monkeypatch.setattr("cronwright.controller.relist._SOON", 0.01)
    bench.cluster.listed, bench.cluster.read = [body(5)], body(5)
    running = asyncio.create_task(bench.relist.run(3600.0))
    await bench.relist.restore()
    bench.tasks.restored = time.monotonic()

    async def looked() -> bool:
        return bench.cluster.lists > 3

    await until(looked, 5.0, every=0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
