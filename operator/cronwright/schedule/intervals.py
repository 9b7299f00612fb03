"""Slots that no calendar names: `spec.every` counts on from an instant, `spec.at` is one.

Both answer as `ClockSlots` (evaluate.py) does, so timetable.py asks whichever a task has. What
calendars take out is worked out a day at a time.
"""

from functools import lru_cache

from cronwright.schedule.days import EVERY_MONTH, DayRule
from cronwright.schedule.evaluate import Clock
from cronwright.schedule.exclusion import NOTHING, Exclusion
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.times import DAY, FieldTimes, Times, highest, lowest
from cronwright.schedule.walls import Walls
from cronwright.schedule.years import EPOCH
from cronwright.schedule.zone import EARLIEST, LATEST

_ALWAYS = CronExpression(
    text="* * * * * *",
    resolved="* * * * * *",
    native="",
    times=FieldTimes((1 << 60) - 1, (1 << 60) - 1, (1 << 24) - 1),
    months=EVERY_MONTH,
    days=DayRule(),
)

# A calendar can take every slot of an interval for ever, where the two go in step: a search gives
# up after so many days with slots, all of them taken.
_PATIENCE = 4000
_FAR = 2 * DAY


class Interval:
    """Slots at each `step` seconds after `anchor`, which is one itself if `from_anchor` says so."""

    def __init__(
        self,
        anchor: int,
        step: int,
        clock: Clock,
        exclusion: Exclusion = NOTHING,
        *,
        from_anchor: bool,
    ) -> None:
        self.anchor = anchor
        self.step = step
        self._first = anchor if from_anchor else anchor + step
        self._clock = clock
        self._exclusion = exclusion
        self._allowed = Walls((_ALWAYS,), exclusion)

    def first_from(self, instant: int) -> int | None:
        """Return the first slot at or after an instant; None where there is none."""
        slot = self._aligned(instant)
        for _ in range(_PATIENCE):
            if slot >= LATEST:
                return None
            if self._exclusion == NOTHING:
                return slot
            _, end, offset = self._clock.stretch_at(slot)
            day, second = divmod(slot + offset, DAY)
            end = min(end, slot - second + DAY)
            times = self._allowed.times_on(day + EPOCH)
            if times is not None:
                found = times.mask >> second & _steps(self.step)
                if found and slot + lowest(found) < end:
                    return slot + lowest(found)
            else:
                # The whole day is out: days or years may follow that are, too.
                wall = self._allowed.first_from(slot + offset)
                end = end if wall is None else max(end, wall - offset - _FAR)
            slot = self._aligned(end)
        return None

    def last_until(self, instant: int) -> int | None:
        """Return the last slot at or before an instant; None where there is none."""
        slot = self._aligned_back(instant)
        for _ in range(_PATIENCE):
            if slot < max(self._first, EARLIEST):
                return None
            if self._exclusion == NOTHING:
                return slot
            start, _, offset = self._clock.stretch_at(slot)
            day, second = divmod(slot + offset, DAY)
            start = max(start, slot - second, self._first)
            times = self._allowed.times_on(day + EPOCH)
            if times is not None:
                found = times.mask & self._steps_until(second)
                if found and slot - second + highest(found) >= start:
                    return slot - second + highest(found)
                before = start - 1
            else:
                wall = self._allowed.last_until(slot + offset)
                before = start - 1 if wall is None else min(start - 1, wall - offset + _FAR)
            slot = self._aligned_back(before)
        return None

    def count(self, start: int, end: int) -> int:
        """Count the slots from one instant until before another."""
        start, end = max(start, self._first, EARLIEST), min(end, LATEST)
        if start >= end:
            return 0
        total = (end - 1 - self.anchor) // self.step - (start - 1 - self.anchor) // self.step
        return total - self._count_taken(start, end) if self._exclusion != NOTHING else total

    def _count_taken(self, start: int, end: int) -> int:
        total, slot = 0, self._aligned(start)
        while slot < end:
            _, until, offset = self._clock.stretch_at(slot)
            day, second = divmod(slot + offset, DAY)
            until = min(until, slot - second + DAY, end)
            times = self._allowed.times_on(day + EPOCH)
            if times is None or times.total < DAY:
                total += self._count_taken_until(times, second, until - slot)
            slot = self._aligned(until)
        return total

    def _count_taken_until(self, times: Times | None, second: int, length: int) -> int:
        """Count the slots that are taken out of a part of a day that begins with a slot."""
        slots = _steps(self.step) & (1 << length) - 1
        left = times.mask >> second & slots if times else 0
        return slots.bit_count() - left.bit_count()

    def _steps_until(self, second: int) -> int:
        """Return the seconds of a day up to one of its slots that are slots."""
        first = second % self.step
        return _steps(self.step) << first & (2 << second) - 1

    def _aligned(self, instant: int) -> int:
        steps = -((self.anchor - instant) // self.step)
        return max(self.anchor + steps * self.step, self._first)

    def _aligned_back(self, instant: int) -> int:
        return self.anchor + (instant - self.anchor) // self.step * self.step


class OneShot:
    """The one slot of `spec.at`, or none if a calendar takes it out."""

    def __init__(self, instant: int, clock: Clock, exclusion: Exclusion = NOTHING) -> None:
        self.instant = instant
        self._taken = exclusion.covers(instant + clock.offset_at(instant))

    def first_from(self, instant: int) -> int | None:
        """Return the slot if it is at or after an instant."""
        return self.instant if instant <= self.instant and not self._taken else None

    def last_until(self, instant: int) -> int | None:
        """Return the slot if it is at or before an instant."""
        return self.instant if instant >= self.instant and not self._taken else None

    def count(self, start: int, end: int) -> int:
        """Count the slot if it is from one instant until before another."""
        return int(start <= self.instant < end and not self._taken)


@lru_cache(maxsize=256)
def _steps(step: int) -> int:
    """Return the seconds of a day that are a whole number of steps after its first, as bits."""
    bits, length = 1, step
    while length < DAY:
        bits |= bits << length
        length *= 2
    return bits & (1 << DAY) - 1
