"""How far a managed task has come in its timetable, and what became of the slots behind it.

`controller/engine` keeps a `Course` for each task and asks it at every due time which slots are
due; `choice` says what becomes of each. Slots are decided in the order in which they are due;
`until` says up to where all of them are.
"""

import heapq
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cronwright.core.catch_up import CatchUpTerms
from cronwright.core.gaps import merge
from cronwright.model.reasons import (
    API_UNAVAILABLE,
    DEADLINE_PASSED,
    NO_CRON_JOB,
    OPERATOR_DOWN,
)
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from cronwright.schedule import Slot, Timetable

ACTIVE_AT_MOST: Final = 50
DEADLINE_SECONDS: Final = 300  # where the task has none

# What is late for one of these is made up for where the task asks for it.
_NOBODY_COULD: Final = frozenset({OPERATOR_DOWN, API_UNAVAILABLE, NO_CRON_JOB})
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a managed task has come: what the status says of it."""

    digest: str
    until: datetime
    next_due: datetime | None


@dataclass(slots=True)
class Course:
    """Where a managed task stands in its timetable.

    Up to `until` each slot is decided. `owed` are those from before: of the CronJob that the task
    was until now, whose controller may not have fired it, and those that jitter has put off past
    an edit.
    """

    timetable: Timetable
    until: datetime
    deadline: timedelta
    owed: list[Slot] = field(default_factory=list)
    # What the status is told next, and what it has been told and may not have taken yet.
    gaps: list[Gap] = field(default_factory=list)
    shown: list[Gap] = field(default_factory=list)
    # Of slots after `until`: told before it has come so far, they would be counted again by an
    # operator that begins there.
    held: list[Gap] = field(default_factory=list)
    late_reason: str = OPERATOR_DOWN
    catch_up: CatchUpTerms | None = None
    made_up: list[Slot] = field(default_factory=list)  # late, and to be run all the same
    # Jitter may put a slot off past later ones: they wait by their due times, and what is decided
    # out of turn stands in `_decided` until the earlier ones are.
    _waiting: list[tuple[datetime, datetime]] = field(default_factory=list)  # due, nominal
    _decided: list[datetime] = field(default_factory=list)
    _slots: Iterator[Slot] | None = None
    _ahead: Slot | None = None
    _seen: datetime | None = None  # slots up to here are waiting or decided

    def follow(self, old: "Course") -> None:
        """Go on from the course that an edit has ended, with what that has not done or told yet."""
        self.owed += old.postponed(self.until)
        self.until = max(self.until, old.until)
        self.gaps, self.shown = merge(old.held, old.gaps), old.shown

    def first(self) -> Slot | None:
        """Give the undecided slot that is due first; None where there will be none."""
        if self.owed:
            return self.owed[0]
        self._look_ahead()
        if not self._waiting:
            return None
        due, nominal = self._waiting[0]
        return Slot(nominal, due)

    def is_late(self, slot: Slot, now: datetime) -> bool:
        """Tell whether a slot's deadline has passed, to the second: even one of 0 can be met."""
        return slot.due + self.deadline < now.replace(microsecond=0)

    def is_overtaken(self, slot: Slot, now: datetime) -> bool:
        """Tell whether the slot after one is due as well."""
        following = self.timetable.next(slot.nominal)
        return following is not None and following + self.timetable.spread(following) <= now

    def settle(self, slot: Slot, verdict: Verdict | None = None, reason: str = "") -> None:
        """Take a slot as decided: it has its Job, or a verdict without one; once is enough."""
        if verdict is not None:
            self._leave_gap(verdict, reason, slot.nominal, slot.nominal, 1)
        if slot in self.owed:
            self.owed.remove(slot)
            return
        place = (slot.due, slot.nominal)
        if self._waiting and self._waiting[0] == place:
            heapq.heappop(self._waiting)
        elif place in self._waiting:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
        else:
            return
        self._decide(slot.nominal)

    def miss(self, slot: Slot, now: datetime) -> None:
        """Take a slot that is late as missed, or as one to make up for."""
        terms = self._makes_up()
        if terms is not None and terms.reaches(slot.nominal, now):
            self._make_up([slot], terms.most)
            self.settle(slot)
        else:
            self.settle(slot, Verdict.MISSED, self.late_reason)

    def postponed(self, now: datetime) -> list[Slot]:
        """List the slots whose time has come and which are still to be started."""
        put_off = [Slot(nominal, due) for due, nominal in self._waiting if nominal <= now]
        return [*self.owed, *put_off]

    def hand_out(self) -> tuple[Gap, ...]:
        """Give the gaps that the status does not have; they stay until it surely has them."""
        self.shown += reversed(self.gaps)
        self.gaps = []
        return tuple(self.shown)

    def on_time(self) -> None:
        """Note that all that was due is decided: what is late from now on has other reasons."""
        self.late_reason = DEADLINE_PASSED

    def give_up(self, now: datetime, taken: Collection[datetime] = ()) -> None:
        """Miss the slots that are long past their deadlines, at once however many they are.

        Those that are `taken` have a Job.
        """
        end = now - self.deadline - self.timetable.longest_spread - _SECOND
        start = self._seen or self.until
        if end <= start:
            return
        count = self.timetable.count(start, end)
        count -= sum(start < slot <= end for slot in taken)
        terms, newest = self._makes_up(), list[datetime]()
        if terms is not None and count > 0:
            newest = terms.newest(self.timetable, (start, end), taken, now)
            spread = self.timetable.spread
            self._make_up([Slot(each, each + spread(each)) for each in newest], terms.most)
        if count > len(newest):
            first = self.timetable.next(start)
            last = self.timetable.last(newest[0] - _SECOND if newest else end)
            assert first is not None and last is not None  # noqa: S101, PT018 - they were counted
            self._leave_gap(Verdict.MISSED, self.late_reason, first, last, count - len(newest))
        self._seen, self._slots, self._ahead = end, None, None
        self._decide(end)

    def _makes_up(self) -> CatchUpTerms | None:
        return self.catch_up if self.late_reason in _NOBODY_COULD else None

    def _make_up(self, slots: Sequence[Slot], most: int) -> None:
        """Keep the newest slots to make up for; older ones that they push out are missed."""
        self.made_up = sorted([*self.made_up, *slots], key=lambda slot: slot.nominal)
        for slot in self.made_up[:-most]:
            self._leave_gap(Verdict.MISSED, self.late_reason, slot.nominal, slot.nominal, 1)
        self.made_up = self.made_up[-most:]

    def _leave_gap(
        self, verdict: Verdict, reason: str, first: datetime, last: datetime, count: int
    ) -> None:
        gap = Gap(first=first, last=last, verdict=verdict, reason=reason, count=count)
        self.held.append(gap)
        self._release()

    def _release(self) -> None:
        self.gaps = merge([gap for gap in self.held if gap.last <= self.until], self.gaps)
        self.held = [gap for gap in self.held if gap.last > self.until]

    def _look_ahead(self) -> None:
        """Take in slots until none that follows can be due before the first that waits."""
        if self._slots is None:
            self._seen = self._seen or self.until
            self._slots = self.timetable.slots(self._seen)
            self._ahead = next(self._slots, None)
        while self._ahead and (not self._waiting or self._ahead.nominal < self._waiting[0][0]):
            heapq.heappush(self._waiting, (self._ahead.due, self._ahead.nominal))
            self._seen = self._ahead.nominal
            self._ahead = next(self._slots, None)

    def _decide(self, nominal: datetime) -> None:
        heapq.heappush(self._decided, nominal)
        earliest = min((each for _, each in self._waiting), default=None)
        while self._decided and (earliest is None or self._decided[0] < earliest):
            self.until = max(self.until, heapq.heappop(self._decided))
        self._release()
