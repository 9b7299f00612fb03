"""What the crew still does when its process is to end, and what it leaves to the next leader."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from cronwright.controller import crew as module
from cronwright.controller.crew import Crew
from cronwright.controller.groups import Groups, Want
from cronwright.controller.leadership import Leadership
from cronwright.controller.queue import WorkQueue
from cronwright.controller.standby import BehindError
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube.errors import Fenced
from cronwright.lifecycle import Lifecycle
from tests.cluster.waiting import until
from tests.core.world import NOON

KEYS = [TaskKey("team", name) for name in ("a", "b", "c")]
# What the last of them is expected to want, and a less urgent one.
WANT = Want(KEYS[2], "db", "urgent", 9, NOON)
OTHER = Want(KEYS[0], "db", "other", 0, NOON)


class Work:
    """Stand in for engine, reconciler and collector: work that lasts until it is let go."""

    def __init__(self) -> None:
        self.busy = False  # whether a log is being read
        self.ended = False
        self.begun: list[TaskKey] = []
        self.done: list[TaskKey] = []
        self.let_go = asyncio.Event()

    async def reconcile(self, key: TaskKey) -> None:
        self.begun.append(key)
        await self.let_go.wait()
        self.done.append(key)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def end(self) -> None:
        self.ended = True


class Watch:
    """Stand in for the watch of tasks, which lags behind."""

    def __init__(self) -> None:
        self.tells = asyncio.Event()
        self.fails = False

    async def know_tasks(self) -> None:
        await self.tells.wait()
        if self.fails:
            raise BehindError


class Bench:
    """A crew of one worker, that leads without a Lease."""

    def __init__(self) -> None:
        self.work, self.queue = Work(), WorkQueue[TaskKey]()
        self.groups = Groups(1, self.queue.add)
        self.watch = Watch()
        self.leadership = Leadership(None)
        self.crew = Crew(
            leadership=self.leadership,
            lifecycle=Lifecycle(),
            standby=cast("Any", self.watch),
            tasks=TaskStore(),
            queue=self.queue,
            reconcile=self.work.reconcile,
            engine=cast("Any", self.work),
            collector=cast("Any", self.work),
            workers=1,
            groups=self.groups,
            expected=lambda: {KEYS[2]: [WANT]},
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        ready = asyncio.Event()
        ready.set()
        task = asyncio.create_task(self.crew.run(ready.wait()))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def begins(self, key: TaskKey) -> None:
        """Give the worker a key, and wait until it has it."""
        self.queue.add(key)

        async def begun() -> bool:
            return key in self.work.begun

        await until(begun, 5.0, every=0.01)


async def test_what_is_in_hand_is_done_and_what_waits_too_where_there_is_time() -> None:
    bench = Bench()
    async with bench.running(), asyncio.timeout(10):
        await bench.begins(KEYS[0])
        bench.queue.add(KEYS[1])
        finishing = asyncio.create_task(bench.crew.finish())
        await asyncio.sleep(0)
        assert bench.work.ended
        bench.work.let_go.set()
        await finishing
    assert bench.work.done == KEYS[:2]


async def test_a_log_that_is_long_in_coming_is_left_to_the_next_leader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOMENT", 0.1)
    bench = Bench()
    bench.work.busy = True
    async with bench.running(), asyncio.timeout(10):
        await bench.begins(KEYS[0])
        bench.work.let_go.set()
        await bench.crew.finish()
        bench.queue.add(KEYS[1])
        for _ in range(20):
            await asyncio.sleep(0)
    assert bench.work.begun == KEYS[:1]


async def test_what_gets_no_answer_holds_the_end_up_for_a_bounded_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOMENT", 0.1)
    monkeypatch.setattr(module, "_ANSWERED", 0.2)
    bench = Bench()
    async with bench.running(), asyncio.timeout(10):
        await bench.begins(KEYS[0])
        await bench.crew.finish()
    assert bench.work.done == []


async def test_one_that_does_not_lead_has_nothing_to_finish() -> None:
    bench = Bench()
    await bench.crew.finish()
    assert not bench.work.ended
    with pytest.raises(Fenced):
        bench.leadership.check()


async def test_nothing_may_be_written_after_leadership_was_given_up() -> None:
    bench = Bench()
    async with bench.running(), asyncio.timeout(10):
        await bench.begins(KEYS[0])
        bench.leadership.check()
        await bench.leadership.give_up()
        with pytest.raises(Fenced):
            bench.leadership.check()


@pytest.mark.parametrize("fails", [False, True])
async def test_places_are_given_once_all_tasks_are_known_and_all_else_begins_before(
    fails: bool,
) -> None:
    bench = Bench()
    bench.watch.fails = fails
    async with bench.running(), asyncio.timeout(10):
        await bench.begins(KEYS[0])
        assert not bench.groups.take(OTHER)
        bench.work.let_go.set()
        bench.watch.tells.set()

        async def looked_at() -> bool:
            return KEYS[2] in bench.work.begun

        await until(looked_at, 5.0, every=0.01)  # whoever is expected to want a place
        assert not bench.groups.take(OTHER)
        bench.groups.looked(KEYS[2])
        assert bench.groups.take(OTHER)
