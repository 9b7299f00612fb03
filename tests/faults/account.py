"""A task's slots against its verdicts: has each exactly one?

A run that is recorded names its slot. A range of slots without a run names its ends and how many
they are; a later write may make it longer, or take a verdict back from a slot whose Job came late.
What each write adds to the ranges is taken as so many verdicts to be given away between two times,
and must fit the slots that had no run; what it takes back must be what was too much.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

JSONObject = Mapping[str, Any]
EXCLUDED = "Excluded"
_ROOM = 20  # ranges that a status has; beyond that the oldest go


@dataclass(frozen=True, slots=True)
class Slots:
    """When a task is due, in seconds since the epoch; all of its own making.

    A slot of the `sure` ones must have a verdict. One of the others lies so near to the task's
    beginning or end that it may have one.
    """

    step: int  # 0 for a task that is never due by itself
    since: float  # each slot after this one may count, and each up to `until`
    until: float
    sure_since: float
    sure_until: float
    left_out: int | None = None  # the second of the minute that its calendar takes out

    def all(self) -> list[int]:
        """List all of them."""
        if not self.step:
            return []
        first = int(self.since // self.step + 1) * self.step
        return list(range(first, int(self.until) + 1, self.step))

    def sure(self, slot: int) -> bool:
        """Tell whether it must have a verdict."""
        return self.sure_since < slot <= self.sure_until

    def excluded(self, slot: int) -> bool:
        """Tell whether the calendar takes it out."""
        return self.left_out is not None and slot % 60 == self.left_out


@dataclass(slots=True)
class Ticket:
    """So many verdicts without a run, for slots between two times; fewer than none taken back."""

    first: int
    last: int
    verdict: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.verdict} from {clock(self.first)} to {clock(self.last)}"


def clock(slot: float) -> str:
    """Write a time as people read it."""
    return f"{datetime.fromtimestamp(slot).astimezone():%H:%M:%S}"


def seconds(time: str) -> int:
    """Read a time as seconds since the epoch."""
    return int(datetime.fromisoformat(time).timestamp())


def tickets(statuses: Iterable[JSONObject]) -> list[Ticket]:
    """List what each status in turn added to the ranges of slots without a run."""
    found: list[Ticket] = []
    before: list[Ticket] = []
    for status in statuses:
        now = [_ticket(gap) for gap in status.get("gaps", ())]
        left = list(before)
        for gap in now:
            found += _growth(gap, left)
        # The last verdict of a range that is taken back takes the range with it.
        gone = [old for old in left if old.count == 1 and len(now) < _ROOM]
        found += [Ticket(old.first, old.last, old.verdict, -1) for old in gone]
        before = now
    return found


def _ticket(gap: JSONObject) -> Ticket:
    verdict = f"{gap['verdict']} {gap['reason']}"
    return Ticket(seconds(gap["from"]), seconds(gap["to"]), verdict, gap["count"])


def _growth(gap: Ticket, left: list[Ticket]) -> list[Ticket]:
    """Say what is new in a range, and take what it grew from out of those that are left."""
    for old in left:
        if (old.first, old.last, old.verdict) == (gap.first, gap.last, gap.verdict):
            left.remove(old)
            return [Ticket(gap.first, gap.last, gap.verdict, gap.count - old.count)]
        inside = gap.first <= old.first and old.last <= gap.last and old.count <= gap.count
        if inside and old.verdict == gap.verdict:
            left.remove(old)
            on = old.first == gap.first and old.last < gap.last
            first = old.last + 1 if on else gap.first
            return [Ticket(first, gap.last, gap.verdict, gap.count - old.count)]
    return [Ticket(gap.first, gap.last, gap.verdict, gap.count)]


@dataclass(slots=True)
class Account:
    """What does not come out even."""

    without: list[int]  # slots with no verdict
    surplus: list[Ticket]  # verdicts for slots that have one, or are none


def settle(slots: Slots, with_run: set[int], given: Sequence[Ticket]) -> Account:
    """Give the verdicts to the slots that had no run."""
    account = Account([], [])
    for calendar in (True, False):
        open_slots = [
            slot
            for slot in slots.all()
            if slots.excluded(slot) is calendar and slot not in with_run
        ]
        stack = [
            Ticket(each.first, each.last, each.verdict, each.count)
            for each in given
            if each.verdict.startswith(EXCLUDED) is calendar
        ]
        for sure in (True, False):
            for slot in [each for each in open_slots if slots.sure(each) is sure]:
                if not _give(slot, stack) and sure:
                    account.without.append(slot)
        account.surplus += _left_over(stack)
    return account


def _left_over(stack: Sequence[Ticket]) -> list[Ticket]:
    """List the verdicts that are too many, and those that were taken back and are missed."""
    for taken in (each for each in stack if each.count < 0):
        for each in stack:
            fits = taken.first <= each.first and each.last <= taken.last
            if fits and each.count > 0 and each.verdict == taken.verdict:
                back = min(each.count, -taken.count)
                each.count, taken.count = each.count - back, taken.count + back
    return [each for each in stack if each.count]


def _give(slot: int, stack: list[Ticket]) -> bool:
    """Give a slot a verdict: of those that fit, the one that fits others least."""
    fits = [each for each in stack if each.count > 0 and each.first <= slot <= each.last]
    if not fits:
        return False
    min(fits, key=lambda each: each.last).count -= 1
    return True
