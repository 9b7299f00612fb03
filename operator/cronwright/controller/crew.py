"""The crew, engine and workers: at work only while this process leads.

`operator` starts `run`, which waits as a standby until the Lease is had, and calls `finish` when
the process is to end: no slot is begun any more, what was begun is ended, and the Lease given up.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cronwright.controller.collect import Collector
from cronwright.controller.engine import Engine
from cronwright.controller.groups import Groups, Want
from cronwright.controller.leadership import Leadership
from cronwright.controller.queue import WorkQueue
from cronwright.controller.standby import BehindError, Standby
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.lifecycle import Lifecycle, State

# Others wait for the Lease meanwhile: a moment, for what is about to be read and recorded.
_MOMENT: Final = 0.5
# What was sent has an answer by then, or its caller has given it up.
_ANSWERED: Final = 5.0
_PAUSE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Crew:
    """What works while this process leads, and what it works with."""

    leadership: Leadership
    lifecycle: Lifecycle
    standby: Standby
    tasks: TaskStore
    queue: WorkQueue[TaskKey]
    reconcile: Callable[[TaskKey], Awaitable[None]]
    engine: Engine
    collector: Collector
    workers: int
    groups: Groups
    expected: Callable[[], Mapping[TaskKey, Sequence[Want]]]  # of groups, by tasks not looked at

    async def run(self, ready: Awaitable[object]) -> None:
        """Stand by once all is known, take over, and work for ever."""
        await ready
        if self.leadership.contested:
            await self._stand_by()
        else:
            await self.leadership.gain()
        self.lifecycle.enter(State.RUNNING, leading=True)
        self.groups.close()
        if self.leadership.contested:
            await self.standby.catch_up()
            for key in self.tasks.by_due():
                self.queue.add(key)
            self.groups.open(self.expected())
        async with asyncio.TaskGroup() as crew:
            if not self.leadership.contested:
                crew.create_task(self._open_groups())
            crew.create_task(self.engine.run())
            for _ in range(self.workers):
                crew.create_task(self.queue.work(self.reconcile))

    async def finish(self) -> None:
        """Begin nothing new, and end what is under way, in a bounded time."""
        if not self.leadership.leading:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_ANSWERED):
                await self.engine.end()
                await self._until(lambda: not self._occupied(), _MOMENT)
                self.queue.close()
                await self._until(lambda: not self.queue.busy, _ANSWERED)

    async def _open_groups(self) -> None:
        # All else begins at once: only who shares a limit has to wait for the others' tasks.
        with contextlib.suppress(BehindError):
            await self.standby.know_tasks()
        self.groups.open(self.expected())

    async def _stand_by(self) -> None:
        watching = asyncio.create_task(self.queue.work(self.standby.look))
        try:
            await self.leadership.gain()
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _occupied(self) -> bool:
        return bool(self.queue.busy or len(self.queue) or self.collector.busy)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        for _ in range(int(seconds / _PAUSE)):
            if condition():
                return
            await asyncio.sleep(_PAUSE)
