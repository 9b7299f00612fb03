"""Decides the slots of one task that are due: each starts, replaces what runs, waits, or has none.

The starters of `engine` call it, for one task at a time. What starts goes to `claim`, what waits
to `intake`, from where `reconcile` brings it into the status.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cronwright.controller.claim import Claims, Followed, NotStandingError
from cronwright.controller.groups import Groups, Want
from cronwright.controller.intake import Intake
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.attempts import orphaned
from cronwright.core.backlog import is_backfill, without
from cronwright.core.choice import Act, Queued, choose, hold_back
from cronwright.core.firing import Course
from cronwright.core.refusal import refusal_reason
from cronwright.kube.errors import BadRequest, Fenced, Forbidden, Invalid
from cronwright.model import reasons
from cronwright.model.run import PendingReason, PendingRun, Trigger, Verdict
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.schedule import Slot

_AT_A_TIME: Final = 100


@dataclass(slots=True)
class Entry:
    """A task that is followed, and how far it has come."""

    key: TaskKey
    followed: Followed
    course: Course
    failures: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Slots:
    """Decide slots, in the order in which they are due."""

    def __init__(
        self, claims: Claims, groups: Groups, intake: Intake, started: Callable[[Slot], None]
    ) -> None:
        self._claims = claims
        self._groups = groups
        self._intake = intake
        self._started = started  # told of each slot whose Job was made
        self.ended = False  # no slot is begun any more: the next leader does

    def give_up(self, entry: Entry, now: datetime) -> None:
        """Decide slots that are long past their deadlines, at once however many they are."""
        entry.course.give_up(now, self._claims.taken(entry.key, entry.followed))
        self._make_up(entry)

    async def decide(
        self, entry: Entry, now: datetime, forgiven: tuple[type[Exception], ...] = ()
    ) -> None:
        """Decide all slots that are due; those that fail of what is forgiven are missed.

        A slot that has a Job is decided: it was made before a crash, or its answer was lost.
        Fenced where the next leader has to go on.
        """
        course, count = entry.course, 0
        taken = self._claims.taken(entry.key, entry.followed)
        course.give_up(now, taken)
        try:
            while (slot := course.first()) is not None and slot.due <= now:
                if self.ended:
                    raise Fenced
                count += 1
                if count % _AT_A_TIME == 0:
                    await asyncio.sleep(0)
                if slot.nominal in taken:
                    course.settle(slot)
                elif course.is_late(slot, now):
                    course.miss(slot, now)
                else:
                    await self._decide(entry, slot, now, forgiven)
            course.on_time()
        finally:
            self._make_up(entry)

    async def _decide(
        self, entry: Entry, slot: Slot, now: datetime, forgiven: tuple[type[Exception], ...]
    ) -> None:
        policy = entry.followed.policy
        if policy is ConcurrencyPolicy.REPLACE and entry.course.is_overtaken(slot, now):
            # Its run would be ended as soon as it is started.
            entry.course.settle(slot, Verdict.SKIPPED, reasons.CONCURRENCY_REPLACE)
            return
        active = self._claims.active(entry.key, judged=policy is not ConcurrencyPolicy.ALLOW)
        queued = self._queued(entry)
        choice = choose(policy, len(active) + self._orphans(entry), queued)
        want = _want(entry, slot)
        if choice.act is Act.START and not self._groups.take(want):
            choice = hold_back(policy, queued)
        if choice.act is Act.SKIP:
            entry.course.settle(slot, Verdict.SKIPPED, choice.reason)
            return
        if choice.act is Act.QUEUE:
            self._put_off(entry, slot, PendingReason.QUEUED, Trigger.SCHEDULE)
            entry.course.settle(slot)
            return
        replaced = active if choice.act is Act.REPLACE else ()
        try:
            await self._claims.make(entry.key, entry.followed, slot, replaced)
        except forgiven as error:
            entry.course.settle(slot, Verdict.MISSED, reason_of(error))
        else:
            entry.course.settle(slot)
            self._started(slot)
        finally:
            self._groups.release(want)

    def _orphans(self, entry: Entry) -> int:
        """Count the runs that wait for their next attempt and whose Jobs are all gone."""
        waiting = self._intake.waiting(entry.key)
        return len(orphaned(waiting, self._claims.begun(entry.key))) if waiting else 0

    def _queued(self, entry: Entry) -> Queued:
        """Count what waits already."""
        waiting = self._intake.waiting(entry.key)
        if not waiting:
            return Queued(most=entry.followed.max_queued)
        waiting = without(waiting, self._claims.begun(entry.key))
        return Queued(
            count=sum(each.reason is PendingReason.QUEUED for each in waiting),
            ahead=any(
                not is_backfill(each) and each.reason is not PendingReason.RETRY for each in waiting
            ),
            most=entry.followed.max_queued,
        )

    def _make_up(self, entry: Entry) -> None:
        """Let the slots wait that are to be made up for."""
        for slot in entry.course.made_up:
            self._put_off(entry, slot, PendingReason.CATCH_UP, Trigger.CATCH_UP)
        entry.course.made_up = []

    def _put_off(self, entry: Entry, slot: Slot, reason: PendingReason, trigger: Trigger) -> None:
        self._intake.put(
            entry.key,
            PendingRun(
                id=identity.slot_run_id(entry.followed.task_uid, slot.nominal),
                reason=reason,
                trigger=trigger,
                slot=slot.nominal,
                due=slot.due,
            ),
        )


def _want(entry: Entry, slot: Slot) -> Want | None:
    followed = entry.followed
    if followed.group is None:
        return None
    run_id = identity.slot_run_id(followed.task_uid, slot.nominal)
    return Want(entry.key, followed.group, run_id, followed.priority, slot.due)


def reason_of(error: Exception) -> str:
    """Say for which reason a slot is missed that could not be started."""
    if isinstance(error, NotStandingError):
        return reasons.NO_CRON_JOB
    if isinstance(error, (Invalid, BadRequest)):
        return reasons.TEMPLATE_REFUSED
    if isinstance(error, Forbidden):
        return refusal_reason(str(error))
    return reasons.API_UNAVAILABLE
