"""The trigger engine: fires the slots of managed tasks when they are due.

`change` tells it which task follows which timetable, and from when on. `timers` has the next slot
of each task, and a few starters take what is due, in the order of slot and priority, to `slots`,
which decides what becomes of each and has its Job made. The informer's news of the Job brings the
task back to `reconcile`, which records the start.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from cronwright.controller.claim import Claims, Followed, NotStandingError
from cronwright.controller.groups import Groups
from cronwright.controller.intake import Intake
from cronwright.controller.queue import WorkQueue
from cronwright.controller.slots import Entry, Slots, reason_of
from cronwright.controller.tasks import TaskKey
from cronwright.controller.telling import Tellings
from cronwright.controller.timers import Timers
from cronwright.core.firing import Course, Progress
from cronwright.kube.errors import ApiError, BadRequest, Fenced, Forbidden, Invalid
from cronwright.model import reasons
from cronwright.model.run import PendingRun, Verdict
from cronwright.model.status import Gap, TaskStatus
from cronwright.schedule import Slot

logger = logging.getLogger(__name__)

STARTERS: Final = 28
_FIRST_BACKOFF: Final = 0.2
_LONGEST_BACKOFF: Final = 15.0


class Engine:
    """Fire slots: all of them, each once, on time."""

    def __init__(
        self,
        claims: Claims,
        groups: Groups,
        intake: Intake,
        queue: WorkQueue[TaskKey],
        clock: Callable[[], datetime],
    ) -> None:
        self._claims = claims
        self._groups = groups
        self._intake = intake
        self._slots = Slots(claims, groups, intake, self._tell)
        self._queue = queue
        self._clock = clock
        self._entries: dict[TaskKey, Entry] = {}
        self._timers: Timers[TaskKey] = Timers(clock)
        self._count = 0
        self._tellings = Tellings()
        self._retries = 0  # of those that are due
        # Told of each Job that was made how many seconds after its slot was due.
        self.started: Callable[[float], None] = lambda _: None
        self._due: asyncio.PriorityQueue[tuple[float, int, int, bool, TaskKey]] = (
            asyncio.PriorityQueue()
        )

    @property
    def behind(self) -> int:
        """How many tasks wait for a starter, but for those that have failed before."""
        return 0 if self._slots.ended else self._due.qsize() - self._retries

    def followed(self, key: TaskKey) -> Followed | None:
        """Give what is followed for a task; None where nothing is."""
        entry = self._entries.get(key)
        return entry.followed if entry else None

    def _course(self, key: TaskKey) -> Course | None:
        entry = self._entries.get(key)
        return entry.course if entry else None

    def progress(self, key: TaskKey) -> Progress | None:
        """Say how far a task has come."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        # The watch may tell of a Job before the answer to its creation comes: the status would
        # otherwise be written for the one, and again for the other.
        taken = self._claims.taken(key, entry.followed)
        while (first := entry.course.first()) and first.nominal in taken:
            entry.course.settle(first)
        due = first.due if first else None
        return Progress(entry.followed.digest, entry.course.until, due)

    def gaps(self, key: TaskKey) -> tuple[Gap, ...]:
        """List a task's slots without a run that no status has yet, until they are `accounted`."""
        return self._tellings.gaps(key, self._course(key))

    def meet(self, key: TaskKey, status: TaskStatus) -> None:
        """Take in a status as it stands: what it has of the gaps it need not be told again.

        One that an earlier operator wrote, and this one had not seen, says from where to go on.
        """
        if not self._tellings.meet(key, status, self._course(key)):
            self._set_aside(key)

    def tells(self, key: TaskKey, status: TaskStatus) -> None:
        """Note that a status with all gaps that were listed is being written."""
        self._tellings.tries(key, status, self._course(key))

    def accounted(self, key: TaskKey, put_off: Sequence[PendingRun], status: TaskStatus) -> None:
        """Forget the gaps that were listed, and what was put off: they stand in the status."""
        self._intake.accounted(key, put_off)
        self._intake.stands(key, status.pending)
        self._tellings.stands(key, status, self._course(key))

    def looked(self, key: TaskKey) -> None:
        """Let a task's group go on, unless a slot is due: that is about to ask for its place."""
        entry = self._entries.get(key)
        first = entry.course.first() if entry else None
        if first is None or first.due > self._clock():
            self._groups.looked(key)

    def follow(self, key: TaskKey, followed: Followed, course: Course) -> None:
        """Fire a task's slots; one that is followed already goes on where it is."""
        entry = self._entries.get(key)
        if entry is not None and entry.followed.digest == followed.digest:
            entry.followed = followed
            entry.course.deadline = course.deadline
            entry.course.catch_up = course.catch_up
            return
        if entry is None:
            entry = self._entries[key] = Entry(key, followed, course)
            # However long nobody looked, the status is told of it in one write.
            self._slots.give_up(entry, self._clock())
            if self._intake.put_off(key):
                self._queue.add(key)  # some of it may start
        else:
            course.follow(entry.course)
            entry.followed, entry.course, entry.failures = followed, course, 0
        self._arm(entry)

    def drop(self, key: TaskKey, now: datetime, reason: str = reasons.SUPERSEDED) -> None:
        """Fire no slot of a task any more; what jitter had put off till later has no run."""
        self._timers.disarm(key)
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        for slot in entry.course.postponed(now):
            entry.course.settle(slot, Verdict.MISSED, reason)
        self._tellings.leave(key, entry.course)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._set_aside(key)
        self._tellings.forget(key)

    def _set_aside(self, key: TaskKey) -> None:
        self._entries.pop(key, None)
        self._tellings.set_aside(key)
        self._timers.disarm(key)
        self._intake.forget(key)
        self._groups.forget(key)

    @asynccontextmanager
    async def held(self, key: TaskKey) -> AsyncIterator[None]:
        """Keep a task's slots from being fired meanwhile; they are fired after."""
        entry = self._entries.get(key)
        async with entry.lock if entry else contextlib.nullcontext():
            yield

    async def settle(self, key: TaskKey, now: datetime, *, ends: bool) -> datetime:
        """Decide all slots up to now, before the task follows another timetable; say up to where.

        For a task that is `held`. ApiError where a Job can't be made at present: try again. A
        refused one is missed, and where the task `ends` any that can't be made: nobody can be
        kept from suspending it. Fenced where the next leader has to do it.
        """
        entry = self._entries.get(key)
        if entry is None:
            return now
        refused = (Invalid, BadRequest, Forbidden, NotStandingError)
        await self._fire(entry, now, (*refused, ApiError) if ends else refused)
        entry.course.until = max(entry.course.until, now)
        return entry.course.until

    async def end(self) -> None:
        """Fire no slot any more, and wait for those that are being started."""
        self._slots.ended = True
        for entry in list(self._entries.values()):
            async with entry.lock:
                pass

    async def run(self) -> None:
        """Fire for ever."""
        starters = [asyncio.create_task(self._start()) for _ in range(STARTERS)]
        try:
            while True:
                for when, key in await self._timers.wait():
                    self._hand_out(when, key)
        finally:
            for starter in starters:
                starter.cancel()
            await asyncio.gather(*starters, return_exceptions=True)

    def _hand_out(self, when: float, key: TaskKey) -> None:
        entry = self._entries.get(key)
        if entry is not None:
            self._count += 1
            tried = entry.failures > 0
            self._retries += tried
            self._due.put_nowait((when, -entry.followed.priority, self._count, tried, key))

    def _arm(self, entry: Entry, at: float | None = None) -> None:
        first = entry.course.first()
        if at is None and first is not None:
            at = first.due.timestamp()
        if at is None:
            self._timers.disarm(entry.key)
        else:
            self._timers.arm(entry.key, at)

    async def _start(self) -> None:
        while True:
            *_, tried, key = await self._due.get()
            self._retries -= tried
            entry = self._entries.get(key)
            if entry is None:
                continue
            async with entry.lock:
                if self._entries.get(key) is entry:
                    await self._attempt(entry)

    async def _attempt(self, entry: Entry) -> None:
        retry_at: float | None = None
        try:
            await self._fire(entry, self._clock())
        except Fenced:
            return  # the next leader does
        except Exception as error:
            entry.failures += 1
            ceiling = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** min(entry.failures, 10))
            retry_at = self._clock().timestamp() + random.uniform(ceiling / 2, ceiling)  # noqa: S311
            entry.course.late_reason = reason_of(error)
            level = logging.WARNING if isinstance(error, ApiError) else logging.ERROR
            where = {"namespace": entry.key.namespace, "task": entry.key.name, "error": str(error)}
            logger.log(level, "slot not started yet", extra=where)
        else:
            entry.failures = 0
        if self._entries.get(entry.key) is entry:
            self._arm(entry, retry_at)

    async def _fire(
        self, entry: Entry, now: datetime, forgiven: tuple[type[Exception], ...] = ()
    ) -> None:
        """Decide all slots that are due, and have the status told of those without a run."""
        try:
            await self._slots.decide(entry, now, forgiven)
        finally:
            if entry.course.gaps or self._intake.put_off(entry.key):
                self._queue.add(entry.key)

    def _tell(self, slot: Slot) -> None:
        self.started((self._clock() - slot.due).total_seconds())
