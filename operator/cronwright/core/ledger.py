"""The ledger: what became of each slot, from the facts alone.

`account` has the facts of a task whose slots somebody else fires, its CronJob's controller, and
`status` files what comes of it. A slot that has a run has that run's verdict. Each of the others
has exactly one, once nothing can start it any more: `account` gives these as ranges, and says up
to where all is decided. However many slots there are, they are counted, not listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cronwright.model import reasons
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from cronwright.schedule import Timetable

# For so long after its last chance a slot may still get its Job: a create that is on its way, a
# watch that is behind, clocks that differ.
MARGIN: Final = timedelta(seconds=10)

_SECOND: Final = timedelta(seconds=1)


class Span(NamedTuple):
    """From one instant to another."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a task's Jobs was seen: all that happened from one instant to another.

    None leaves an end open. What came before `restored` may be lost altogether: then the cluster's
    state was set back to an older one.
    """

    since: datetime | None = None
    until: datetime | None = None
    restored: datetime | None = None


ALL_SEEN: Final = Sight()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a task's slots: all of it as of `seen`, and of the Jobs most."""

    seen: datetime
    runs: frozenset[datetime] = frozenset()  # slots that have a run
    # The latest slot that has a Job of the controller, which fires them in order.
    fired: datetime | None = None
    # What the CronJob says: its controller looks at no slot up to here any more.
    passed: datetime | None = None
    deadline: timedelta | None = None
    busy: tuple[Span, ...] = ()  # when a run kept others from starting, in order
    # Jobs of slots up to here may have been deleted while nobody watched.
    unwatched: datetime | None = None
    missed: str = reasons.SUPERSEDED  # why a slot was missed for which there is no other cause


@dataclass(frozen=True, slots=True)
class Account:
    """What became of the slots up to `until`, other than runs."""

    until: datetime
    gaps: tuple[Gap, ...] = ()
    next_due: datetime | None = None
    look_at: datetime | None = None  # when the next slot will have had its last chance


def passed_over(
    timetable: Timetable | None, span: Span, runs: frozenset[datetime], *, suspended: bool
) -> tuple[Gap, ...]:
    """Account for slots that nobody fired, because the task was edited while no operator ran.

    An edit counts from when it is seen, so they were due; but nobody knows since when a task was
    to be suspended. Without a timetable they can't even be counted.
    """
    if span.start >= span.end:
        return ()
    if timetable is None:
        gap = Gap(
            first=span.start, last=span.end, verdict=Verdict.UNKNOWN, reason=reasons.EDITED, count=0
        )
        return (gap,)
    why = (Verdict.MISSED, reasons.OPERATOR_DOWN)
    if suspended:
        why = (Verdict.UNKNOWN, reasons.SUSPENDED)
    gaps = (_gap(timetable, _Part(*span, *why), runs), excluded(timetable, span))
    return tuple(gap for gap in gaps if gap)


def excluded(timetable: Timetable, span: Span) -> Gap | None:
    """Account for the slots that calendars take out; None where they take out none."""
    count = timetable.count_excluded(*span)
    ends = timetable.ends_excluded(*span) if count else None
    if ends is None:
        return None
    why = {"verdict": Verdict.EXCLUDED, "reason": reasons.CALENDAR}
    return Gap(first=ends[0], last=ends[1], count=count, **why)


def lost(timetable: Timetable, span: Span, runs: frozenset[datetime]) -> Gap | None:
    """Account for slots that were decided, but of which a restored state knows nothing any more."""
    if span.start >= span.end:
        return None
    return _gap(timetable, _Part(*span, Verdict.UNKNOWN, reasons.STATE_LOST), runs)


class _Part(NamedTuple):
    """The slots after one instant and up to another, which share a verdict."""

    after: datetime
    until: datetime
    verdict: Verdict
    reason: str


def account(
    timetable: Timetable, since: datetime, facts: Facts, ends: datetime | None = None
) -> Account:
    """Account for the slots after `since` that are decided; all up to `ends`, where it is given."""
    until = max(*_decided(timetable, facts), ends or since, since)
    parts = _parts(timetable, since, until, facts) if until > since else []
    gaps = [gap for part in parts if (gap := _gap(timetable, part, facts.runs))]
    following = timetable.next(until)
    chance = _last_chance(timetable, following, facts) if following else None
    look_at = chance + MARGIN if chance else None
    return Account(until, tuple(gaps), following, look_at)


def _last_chance(timetable: Timetable, slot: datetime, facts: Facts) -> datetime | None:
    """Say until when a slot can be fired: its deadline, or the next slot if that is earlier."""
    following = timetable.next(slot)
    deadline = slot + facts.deadline if facts.deadline is not None else None
    return min((each for each in (following, deadline) if each), default=None)


def _last_settled(timetable: Timetable, moment: datetime, facts: Facts) -> datetime | None:
    """Find the last slot that had its last chance by a moment; all before had theirs, too."""
    slot = timetable.last(moment)
    if slot is None or (facts.deadline is not None and slot + facts.deadline <= moment):
        return slot
    return timetable.last(slot - _SECOND)


def _decided(timetable: Timetable, facts: Facts) -> list[datetime]:
    """List the instants up to which all slots are decided, each for a cause of its own."""
    clear = facts.seen - MARGIN
    found = [_last_settled(timetable, clear, facts), facts.fired]
    if facts.passed is not None and facts.passed <= clear:
        # What came before an edit's guard is never fired; the slot itself may be on its way.
        found.append(timetable.last(facts.passed - _SECOND))
    return [each for each in found if each is not None]


def _parts(timetable: Timetable, since: datetime, until: datetime, facts: Facts) -> list[_Part]:
    """Divide a span by what is known of its slots; what is laid over later counts."""
    parts = [_Part(since, until, Verdict.MISSED, facts.missed)]
    if facts.unwatched is not None:
        parts = _lay(parts, _Part(since, facts.unwatched, Verdict.UNKNOWN, reasons.FACTS_GONE))
    if facts.passed is not None and timetable.last(facts.passed) == facts.passed:
        before = facts.passed - _SECOND
        parts = _lay(parts, _Part(before, facts.passed, Verdict.UNKNOWN, reasons.JOB_GONE))
    for start, end in facts.busy:
        due, last = timetable.last(end), _last_settled(timetable, end + MARGIN, facts)
        if due is not None and last is not None:
            held = (Verdict.SKIPPED, reasons.CONCURRENCY_FORBID)
            parts = _lay(parts, _Part(start - _SECOND, min(due, last), *held))
    return parts


def _lay(parts: Sequence[_Part], over: _Part) -> list[_Part]:
    laid: list[_Part] = []
    for part in parts:
        after, until = max(part.after, over.after), min(part.until, over.until)
        if after >= until:
            laid.append(part)
            continue
        if part.after < after:
            laid.append(part._replace(until=after))
        laid.append(over._replace(after=after, until=until))
        if until < part.until:
            laid.append(part._replace(after=until))
    return laid


def _gap(timetable: Timetable, part: _Part, runs: frozenset[datetime]) -> Gap | None:
    within = {slot for slot in runs if part.after < slot <= part.until}
    count = timetable.count(part.after, part.until)
    count -= sum(timetable.last(slot) == slot for slot in within)
    if count <= 0:
        return None
    first, last = timetable.next(part.after), timetable.last(part.until)
    while first in within:
        first = timetable.next(first)
    while last in within:
        last = timetable.last(last - _SECOND)
    assert first is not None and last is not None  # noqa: S101, PT018 - they were counted
    return Gap(first=first, last=last, verdict=part.verdict, reason=part.reason, count=count)
