"""Backfills: annotations on a task that ask for runs of slots that have passed.

`plan` takes slots into the backlog as there is room, and remembers in the status how far it has
come; the annotation goes once all are in. The API and the command line list with `slots_of` what
would run. Each slot of a backfill has a run of its own, whatever ran for that slot before.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.answer import Act, Answer
from cronwright.core.backlog import PENDING_AT_MOST, is_backfill
from cronwright.core.request_time import refusal, requested_at
from cronwright.core.requests import room
from cronwright.errors import FieldError
from cronwright.model.run import PendingReason, PendingRun, Trigger
from cronwright.model.status import BackfillProgress
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Timetable

LIMIT_AT_MOST: Final = 100
DEFAULT_LIMIT: Final = 10
# So many runs of backfills wait in the status at a time, and some room is left for what is due.
_AT_A_TIME: Final = 20
_LEFT_FREE: Final = 10
GOING_AT_MOST: Final = 20  # backfills that the status has; further ones wait in their annotations
_SECOND: Final = timedelta(seconds=1)
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Order(StrEnum):
    """In which order the slots of a backfill run."""

    OLDEST_FIRST = "OldestFirst"
    NEWEST_FIRST = "NewestFirst"


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a backfill asks for: at most `limit` slots of a span, both its ends included."""

    first: datetime
    last: datetime
    limit: int = DEFAULT_LIMIT
    order: Order = Order.OLDEST_FIRST

    @classmethod
    def read(cls, wish: Any, asked: datetime) -> "Backfill":
        """Read what was written; FieldError names the field that can't be read.

        Slots to come are none of its business: `to` is at most when it was asked for.
        """
        if not isinstance(wish, dict):
            raise FieldError("backfill", wish, "no JSON object", 'write {"from": "…", "to": "…"}')
        first = _moment("from", wish.get("from"))
        last = _moment("to", wish["to"]) if wish.get("to") is not None else asked
        if first > last:
            raise FieldError("from", wish["from"], "lies after to", "write an earlier time")
        limit = wish.get("limit", DEFAULT_LIMIT)
        if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= LIMIT_AT_MOST:
            remedy = f"write 1 to {LIMIT_AT_MOST}, and go on with another backfill"
            raise FieldError("limit", limit, "no such number of slots", remedy)
        order = wish.get("order", Order.OLDEST_FIRST)
        if order not in set(Order):
            raise FieldError("order", order, "no such order", f"write {' or '.join(Order)}")
        return cls(first, min(last, asked), limit, Order(order))


def slots_of(
    timetable: Timetable, wish: Backfill, most: int, beyond: datetime | None = None
) -> list[datetime]:
    """List slots of a backfill in its order, at most so many; those after `beyond` where given."""
    found: list[datetime] = []
    if wish.order is Order.OLDEST_FIRST:
        slot = timetable.next(beyond or wish.first - _SECOND)
        while slot is not None and slot <= wish.last and len(found) < most:
            found.append(slot)
            slot = timetable.next(slot)
        return found
    slot = timetable.last(beyond - _SECOND if beyond else wish.last)
    while slot is not None and slot >= wish.first and len(found) < most:
        found.append(slot)
        slot = timetable.last(slot - _SECOND)
    return found


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What a look took in of backfills: runs that wait now, how far each has come, answers."""

    pending: tuple[PendingRun, ...] = ()
    progress: tuple[BackfillProgress, ...] = ()
    answers: tuple[Answer, ...] = ()


def take_in(
    task: ScheduledTask, timetable: Timetable | None, pending: Sequence[PendingRun], now: datetime
) -> TakenIn:
    """Take in slots of a task's backfills as far as there is room, the earliest asked for first."""
    asked = [
        (min(requested_at(text) or now, now), key.removeprefix(identity.BACKFILL_PREFIX), text)
        for key, text in task.annotations.items()
        if key.startswith(identity.BACKFILL_PREFIX)
    ]
    begun = {each.id: each for each in task.status.backfills}
    waiting = sum(map(is_backfill, pending))
    free = min(_AT_A_TIME - waiting, PENDING_AT_MOST - _LEFT_FREE - len(pending))
    ids = room(task, now)
    going = sum(backfill_id in begun for _, backfill_id, _ in asked)
    entries, progress, answers = list[PendingRun](), list[BackfillProgress](), list[Answer]()
    for time, backfill_id, text in sorted(asked):
        found = _judge(task, timetable, (backfill_id, text), (time, now))
        if isinstance(found, Answer):
            answers.append(found)
            continue
        if backfill_id not in begun:
            if going >= GOING_AT_MOST:
                continue
            going += 1
        place = begun.get(backfill_id) or BackfillProgress(id=backfill_id)
        slots, place, whole = _advance(timetable, found, place, free)
        free -= len(slots)
        entries += [_run(task, backfill_id, slot, time) for slot in slots]
        if whole and ids > 0:
            ids -= 1
            going -= 1
            answers.append(_answer(task, backfill_id, Act.TAKEN))
        else:
            progress.append(place)
    return TakenIn(tuple(entries), tuple(progress), tuple(answers))


def _advance(
    timetable: Timetable | None, wish: Backfill, place: BackfillProgress, free: int
) -> tuple[list[datetime], BackfillProgress, bool]:
    """Take the next slots of a backfill; say how far it then is, and whether that is all of it."""
    assert timetable is not None  # noqa: S101 - a task without one is refused
    slots = slots_of(timetable, wish, min(free, wish.limit - place.taken), place.slot)
    last = slots[-1] if slots else place.slot
    taken = place.taken + len(slots)
    whole = taken >= wish.limit or not slots_of(timetable, wish, 1, last)
    return slots, BackfillProgress(id=place.id, taken=taken, slot=last), whole


def _judge(
    task: ScheduledTask,
    timetable: Timetable | None,
    asked: tuple[str, str],
    times: tuple[datetime, datetime],
) -> Backfill | Answer:
    """Read a backfill, or answer it: it was taken in before, or can't be."""
    (backfill_id, text), (time, now) = asked, times
    if identity.BACKFILL_PREFIX + backfill_id in {each.id for each in task.status.requests}:
        return _answer(task, backfill_id, Act.FORGET)
    # One that was begun goes on, however long that takes.
    begun = any(each.id == backfill_id for each in task.status.backfills)
    message = "" if begun else refusal(requested_at(text), now)
    if not message and timetable is None:
        message = "the task has no schedule, so no slots; ask for a run instead"
    if message or timetable is None:
        return _answer(task, backfill_id, Act.REFUSE, message)
    try:
        wish = Backfill.read(json.loads(text), time)
    except ValueError as error:  # FieldError is one, and what is no JSON any more another
        return _answer(task, backfill_id, Act.REFUSE, str(error))
    if begun or slots_of(timetable, wish, 1):
        return wish
    message = "the task was not due between from and to; look at them with --dry-run"
    return _answer(task, backfill_id, Act.REFUSE, message)


def _run(task: ScheduledTask, backfill_id: str, slot: datetime, time: datetime) -> PendingRun:
    return PendingRun(
        id=identity.backfill_run_id(task.uid, backfill_id, slot),
        reason=PendingReason.CATCH_UP,
        trigger=Trigger.CATCH_UP,
        slot=slot,
        request=backfill_id,
        due=time,
    )


def _answer(task: ScheduledTask, backfill_id: str, act: Act, message: str = "") -> Answer:
    run_id = identity.request_run_id(task.uid, identity.BACKFILL_PREFIX + backfill_id)
    return Answer(backfill_id, act, run_id, message, prefix=identity.BACKFILL_PREFIX)


def _moment(field: str, text: object) -> datetime:
    """Read an instant, rounded up to a whole second as slots are."""
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        if moment is not None and moment.tzinfo is not None:
            whole = moment.astimezone(UTC) + timedelta(microseconds=-moment.microsecond % 1_000_000)
            return max(whole, _EARLIEST)
    except (ValueError, OverflowError):
        pass
    remedy = "write a date-time with its offset, such as 2026-01-31T00:00:00Z"
    raise FieldError(field, text, "no date-time with an offset", remedy)
