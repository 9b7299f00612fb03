"""A task's timetable: when it is due, how that reads, and whether one CronJob can do it.

`read` is the one way in for all who ask: the operator, the API and the command line. reading.py
reads the fields, evaluate.py and intervals.py find slots, native.py decides the mode, sentence.py
puts it into words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Protocol

from cronwright.schedule.evaluate import ClockSlots, moment_of, second_of, walls_of
from cronwright.schedule.exclusion import NOTHING, Exclusion
from cronwright.schedule.intervals import Interval, OneShot
from cronwright.schedule.moments import written
from cronwright.schedule.native import Mode, NativeForm, mode_of
from cronwright.schedule.reading import Reading, read_terms
from cronwright.schedule.seed import spread_of
from cronwright.schedule.sentence import sentence_of
from cronwright.schedule.terms import Terms
from cronwright.schedule.walls import Walls
from cronwright.schedule.zone import LATEST


class Slots(Protocol):
    """Slots as instants in whole seconds."""

    def first_from(self, instant: int) -> int | None:
        """Return the first slot at or after an instant."""

    def last_until(self, instant: int) -> int | None:
        """Return the last slot at or before an instant."""

    def count(self, start: int, end: int) -> int:
        """Count the slots from one instant until before another."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A due time: as the schedule names it, and put off by its jitter. UTC, whole seconds."""

    nominal: datetime
    due: datetime


class Timetable:
    """When a task is due; made by `read`."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._slots = _slots_of(reading, reading.exclusion)

    def next(self, after: datetime) -> datetime | None:
        """Return the first slot strictly after an instant; None where there is none."""
        slot = self._first_from(second_of(after) + 1)
        return None if slot is None else moment_of(slot)

    def last(self, before: datetime) -> datetime | None:
        """Return the latest slot at or before an instant; None where there is none."""
        slot = self._slots.last_until(min(second_of(before), self._reading.end))
        if slot is None or slot < self._reading.start:
            return None
        return moment_of(slot)

    def slots(self, after: datetime) -> Iterator[Slot]:
        """Yield the slots after an instant, in the order of their nominal times."""
        slot = self._first_from(second_of(after) + 1)
        while slot is not None:
            due = min(slot + self._spread(slot), LATEST - 1)
            yield Slot(moment_of(slot), moment_of(due))
            slot = self._first_from(slot + 1)

    def spread(self, nominal: datetime) -> timedelta:
        """Return by how much the jitter puts a slot off: always the same for the same slot."""
        return timedelta(seconds=self._spread(second_of(nominal)))

    def local(self, moment: datetime) -> str:
        """Write an instant as the clock of the zone shows it, with its offset from UTC."""
        return written(second_of(moment), self._reading.clock)

    @property
    def longest_spread(self) -> timedelta:
        """By how much the jitter puts a slot off at most."""
        return timedelta(seconds=self._reading.jitter)

    def count(self, after: datetime, until: datetime) -> int:
        """Count the slots after one instant and up to another, that one included."""
        return self._count(self._slots, after, until)

    def count_excluded(self, after: datetime, until: datetime) -> int:
        """Count the slots that calendars take out, after one instant and up to another."""
        if self._reading.exclusion == NOTHING:
            return 0
        return self._count(self._bare, after, until) - self._count(self._slots, after, until)

    def ends_excluded(self, after: datetime, until: datetime) -> tuple[datetime, datetime] | None:
        """Return the first and the last slot that calendars take out of a span; None without any.

        By halving: each step counts in one half of what the last one left.
        """
        start, end = second_of(after), second_of(until)
        if not self.count_excluded(moment_of(start), moment_of(end)):
            return None
        low, first = start, end
        while first - low > 1:
            middle = (low + first) // 2
            if self.count_excluded(moment_of(low), moment_of(middle)):
                first = middle
            else:
                low = middle
        low, last = first - 1, end
        while last - low > 1:
            middle = (low + last) // 2
            if self.count_excluded(moment_of(middle), moment_of(last)):
                low = middle
            else:
                last = middle
        return moment_of(first), moment_of(last)

    @property
    def native(self) -> NativeForm | None:
        """The schedule and zone of the CronJob that is provably equal, if there is one."""
        return self._mode.native

    @property
    def native_reason(self) -> str:
        """Why there is one, or none: a constant of native.py."""
        return self._mode.reason

    @property
    def native_message(self) -> str:
        """The same as a sentence."""
        return self._mode.message

    @property
    def resolved(self) -> str:
        """The schedule as it is followed, with `H` resolved."""
        reading = self._reading
        if reading.expressions:
            return " | ".join(each.resolved for each in reading.expressions)
        return reading.terms.every or reading.terms.schedule or reading.terms.at or ""

    @cached_property
    def sentence(self) -> str:
        """The timetable in words, with its zone."""
        return sentence_of(self._reading)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may not mean what its author thinks."""
        return tuple(text for each in self._reading.expressions for text in each.warnings)

    @cached_property
    def _bare(self) -> Slots:
        """The slots as they were without calendars."""
        return _slots_of(self._reading, NOTHING)

    @cached_property
    def _mode(self) -> Mode:
        return mode_of(self._reading)

    def _spread(self, slot: int) -> int:
        reading = self._reading
        return spread_of(reading.terms.seed, slot, reading.jitter) if reading.jitter else 0

    def _first_from(self, instant: int) -> int | None:
        slot = self._slots.first_from(max(instant, self._reading.start))
        return None if slot is None or slot > self._reading.end else slot

    def _count(self, slots: Slots, after: datetime, until: datetime) -> int:
        start = max(second_of(after) + 1, self._reading.start)
        end = min(second_of(until), self._reading.end) + 1
        return slots.count(start, end) if start < end else 0


def read(terms: Terms) -> Timetable:
    """Read what a task says about when; FieldError names the field that can't be read."""
    return Timetable(read_terms(terms))


def _slots_of(reading: Reading, exclusion: Exclusion) -> Slots:
    every, clock = reading.every, reading.clock
    if every is not None:
        return Interval(every.anchor, every.step, clock, exclusion, from_anchor=every.from_anchor)
    if reading.at is not None:
        return OneShot(reading.at, clock, exclusion)
    expressions = reading.expressions
    shared = len(expressions) == 1 and exclusion == NOTHING
    walls = walls_of(expressions[0]) if shared else Walls(expressions, exclusion)
    return ClockSlots(walls, clock)
