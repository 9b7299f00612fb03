"""The trigger engine: fires the slots of managed tasks when they are due.

`reconcile` tells it which task follows which timetable, and from when on. One heap has the next
slot of each task, one timer waits for the first of them, and a few starters take what is due, in
the order of slot and priority, to `claim`, which makes the Job. `core.firing` decides what
becomes of a slot; the informer's news of the Job brings the task back to `reconcile`, which
records the start.
"""

import asyncio
import contextlib
import heapq
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cronwright.controller.claim import Claims, Followed
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core.firing import (
    API_UNAVAILABLE,
    CREATE_REFUSED,
    Act,
    Course,
    Progress,
    choose,
)
from cronwright.kube.errors import ApiError, BadRequest, Forbidden, Invalid
from cronwright.model.status import Verdict
from cronwright.schedule import Slot

logger = logging.getLogger(__name__)

STARTERS: Final = 24
# A timer counts the time that passes, and a clock that is set doesn't: it is looked at anew so
# often at least.
_LONGEST_SLEEP: Final = 1.0
_FIRST_BACKOFF: Final = 0.2
_LONGEST_BACKOFF: Final = 15.0


@dataclass(slots=True)
class _Entry:
    key: TaskKey
    followed: Followed
    course: Course
    failures: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    timer: tuple[float, int] | None = None  # its place in the heap, if it has one


class Engine:
    """Fire slots: all of them, each once, on time."""

    def __init__(
        self, claims: Claims, queue: WorkQueue[TaskKey], clock: Callable[[], datetime]
    ) -> None:
        self._claims = claims
        self._queue = queue
        self._clock = clock
        self._entries: dict[TaskKey, _Entry] = {}
        self._heap: list[tuple[float, int, TaskKey]] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._due: asyncio.PriorityQueue[tuple[float, int, int, TaskKey]] = asyncio.PriorityQueue()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def behind(self) -> int:
        """How many tasks wait for a starter."""
        return self._due.qsize()

    def digest(self, key: TaskKey) -> str | None:
        """Name the timetable that is followed for a task; None where none is."""
        entry = self._entries.get(key)
        return entry.followed.digest if entry else None

    def mark(self, key: TaskKey) -> str | None:
        """Name what is followed for a task, template and all; None where nothing is."""
        entry = self._entries.get(key)
        return entry.followed.mark if entry else None

    def progress(self, key: TaskKey) -> Progress | None:
        """Say how far a task has come."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        course, first = entry.course, entry.course.first()
        due = first.due if first else None
        return Progress(entry.followed.digest, course.until, due, tuple(course.gaps))

    def accounted(self, key: TaskKey, progress: Progress) -> None:
        """Drop the gaps that stand in the status now."""
        entry = self._entries.get(key)
        if entry is not None and progress.gaps:
            entry.course.gaps = [gap for gap in entry.course.gaps if gap not in progress.gaps]

    def follow(self, key: TaskKey, followed: Followed, course: Course) -> None:
        """Fire a task's slots; one that is followed already goes on where it is."""
        entry = self._entries.get(key)
        if entry is not None and entry.followed.digest == followed.digest:
            entry.followed = followed
            entry.course.deadline = course.deadline
            return
        if entry is None:
            entry = self._entries[key] = _Entry(key, followed, course)
        else:
            course.until = max(course.until, entry.course.until)
            course.gaps = entry.course.gaps
            entry.followed, entry.course, entry.failures = followed, course, 0
        self._arm(entry)

    def drop(self, key: TaskKey) -> None:
        """Fire no slot of a task any more."""
        self._entries.pop(key, None)

    @asynccontextmanager
    async def held(self, key: TaskKey) -> AsyncIterator[None]:
        """Keep a task's slots from being fired meanwhile; they are fired after."""
        entry = self._entries.get(key)
        async with entry.lock if entry else contextlib.nullcontext():
            yield

    async def settle(self, key: TaskKey, now: datetime) -> None:
        """Decide all slots up to now, before the task follows another timetable.

        For a task that is `held`. ApiError where a Job can't be made: try again.
        """
        entry = self._entries.get(key)
        if entry is not None:
            await self._fire(entry, now)
            entry.course.until = max(entry.course.until, now)

    async def run(self) -> None:
        """Fire for ever."""
        starters = [asyncio.create_task(self._start()) for _ in range(STARTERS)]
        try:
            while True:
                self._changed.clear()
                await self._wait(self._take_due())
        finally:
            for starter in starters:
                starter.cancel()
            await asyncio.gather(*starters, return_exceptions=True)

    async def _wait(self, seconds: float | None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()

    def _take_due(self) -> float | None:
        """Hand out what is due; give the seconds until more is."""
        now = self._clock().timestamp()
        while self._heap:
            when, count, key = self._heap[0]
            entry = self._entries.get(key)
            if entry is None or entry.timer != (when, count):
                heapq.heappop(self._heap)  # of a task that is gone or was armed anew
                continue
            if when > now:
                return min(when - now, _LONGEST_SLEEP)
            heapq.heappop(self._heap)
            entry.timer = None
            self._due.put_nowait((when, -entry.followed.priority, count, key))
        return None

    def _arm(self, entry: _Entry, at: float | None = None) -> None:
        first = entry.course.first()
        if first is None and at is None:
            entry.timer = None
            return
        when = at if at is not None or first is None else first.due.timestamp()
        assert when is not None  # noqa: S101 - one of the two is there
        self._count += 1
        entry.timer = (when, self._count)
        heapq.heappush(self._heap, (when, self._count, entry.key))
        if self._heap[0][1] == self._count:
            self._changed.set()

    async def _start(self) -> None:
        while True:
            *_, key = await self._due.get()
            entry = self._entries.get(key)
            if entry is None:
                continue
            async with entry.lock:
                if self._entries.get(key) is entry:
                    await self._attempt(entry)

    async def _attempt(self, entry: _Entry) -> None:
        retry_at: float | None = None
        try:
            await self._fire(entry, self._clock())
        except Exception as error:
            entry.failures += 1
            ceiling = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** min(entry.failures, 10))
            retry_at = self._clock().timestamp() + random.uniform(ceiling / 2, ceiling)  # noqa: S311
            refused = isinstance(error, (Invalid, BadRequest, Forbidden))
            entry.course.late_reason = CREATE_REFUSED if refused else API_UNAVAILABLE
            level = logging.WARNING if isinstance(error, ApiError) else logging.ERROR
            where = {"namespace": entry.key.namespace, "task": entry.key.name, "error": str(error)}
            logger.log(level, "slot not started yet", extra=where)
        else:
            entry.failures = 0
        if self._entries.get(entry.key) is entry:
            self._arm(entry, retry_at)

    async def _fire(self, entry: _Entry, now: datetime) -> None:
        """Decide all slots that are due, in order."""
        course = entry.course
        had = len(course.gaps)
        course.give_up(now)
        try:
            while (slot := course.first()) is not None and slot.due <= now:
                if course.is_late(slot, now):
                    course.settle(slot, Verdict.MISSED, course.late_reason)
                    continue
                await self._decide(entry, slot)
            course.on_time()
        finally:
            if len(course.gaps) != had:
                self._queue.add(entry.key)

    async def _decide(self, entry: _Entry, slot: Slot) -> None:
        policy = entry.followed.policy
        active = self._claims.active(entry.key, judged=policy != "Allow")
        choice = choose(policy, len(active))
        if choice.act is Act.SKIP:
            entry.course.settle(slot, Verdict.SKIPPED, choice.reason)
            return
        replaced = active if choice.act is Act.REPLACE else ()
        await self._claims.make(entry.key, entry.followed, slot, replaced)
        entry.course.settle(slot)
