"""The evaluator: wall times (walls.py) on the clock of a zone (zone.py), forwards and backwards.

A stretch of a zone has one offset from UTC, so within it wall time and instants differ by a
constant: the search looks for the next matching wall time, and where that lies beyond the stretch,
goes on from the start of the following one. So a wall time in a gap is never met, and one in an
overlap is met in both stretches, also where a change of clock crosses midnight. Where repeated
times count once, the stretches on either side of an overlap are shortened for it.

Instants are seconds since the epoch. timetable.py asks here for the slots of expressions.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronwright.schedule.expression import CronExpression
from cronwright.schedule.terms import RepeatedTime, SkippedTime
from cronwright.schedule.walls import Walls
from cronwright.schedule.zone import EARLIEST, LATEST, Stretch, offsets_of

# No change of clock was ever by more than a day, and no two are within two days of each other.
_FAR = 2 * 86_400


class Clock:
    """A zone's clock, and what becomes of the wall times that it repeats or skips."""

    def __init__(
        self,
        zone: ZoneInfo,
        repeated: RepeatedTime = RepeatedTime.TWICE,
        skipped: SkippedTime = SkippedTime.SKIP,
    ) -> None:
        self.zone = zone
        self._offsets = offsets_of(zone)
        self.repeated = repeated
        self.skipped = skipped
        self._after_gaps = skipped is SkippedTime.AFTER

    def offset_at(self, instant: int) -> int:
        """Return how far the wall clock is ahead of UTC."""
        return self._offsets.stretch_at(instant).offset

    def stretch_at(self, instant: int) -> Stretch:
        """Return a stretch of time with one offset."""
        return self._offsets.stretch_at(instant)

    def first_from(self, walls: Walls, instant: int) -> int | None:
        """Return the first slot at or after an instant; None where there is none."""
        instant = max(instant, EARLIEST)
        while instant < LATEST:
            stretch = self._offsets.stretch_at(instant)
            start, end = self._counted(stretch)
            wall = walls.first_from(max(instant, start) + stretch.offset)
            if wall is not None and wall - stretch.offset < end:
                return wall - stretch.offset
            if wall is not None and self._falls_into_gap(walls, wall, stretch):
                return stretch.end
            following = stretch.end
            # Within two days an overlap may still lead back to before the wall time asked for.
            if stretch.end - instant >= _FAR:
                if wall is None:
                    return None
                following = max(following, wall - stretch.offset - _FAR)
            instant = following
        return None

    def last_until(self, walls: Walls, instant: int) -> int | None:
        """Return the last slot at or before an instant; None where there is none."""
        instant = min(instant, LATEST - 1)
        while instant >= EARLIEST:
            stretch = self._offsets.stretch_at(instant)
            start, end = self._counted(stretch)
            wall = walls.last_until(min(instant, end - 1) + stretch.offset)
            if wall is not None and wall - stretch.offset >= start:
                return wall - stretch.offset
            if self._ends_gap_with_slot(walls, stretch.start):
                return stretch.start
            preceding = stretch.start - 1
            if instant - stretch.start >= _FAR:
                if wall is None:
                    return None
                preceding = min(preceding, wall - stretch.offset + _FAR)
            instant = preceding
        return None

    def count(self, walls: Walls, start: int, end: int) -> int:
        """Count the slots from one instant until before another, by days."""
        total, start, end = 0, max(start, EARLIEST), min(end, LATEST)
        while start < end:
            stretch = self._offsets.stretch_at(start)
            first, last = self._counted(stretch)
            first, last = max(first, start), min(last, end)
            total += walls.count(first + stretch.offset, last + stretch.offset)
            if start == stretch.start and self._ends_gap_with_slot(walls, start):
                wall = start + stretch.offset
                total += walls.first_from(wall) != wall
            start = stretch.end
        return total

    def _counted(self, stretch: Stretch) -> tuple[int, int]:
        """Return from where until before where the wall times of a stretch are slots."""
        start, end, offset = stretch
        # What comes before and after may be more of the same: not every stretch ends in a change.
        if self.repeated is RepeatedTime.LAST and end < LATEST:
            following = self._offsets.stretch_at(end)
            if following.offset == offset and following.end < LATEST:
                change, after = following.end, self.offset_at(following.end)
            else:
                change, after = end, following.offset
            end = min(end, change - max(offset - after, 0))
        elif self.repeated is RepeatedTime.FIRST and start > EARLIEST:
            preceding = self._offsets.stretch_at(start - 1)
            if preceding.offset == offset and preceding.start > EARLIEST:
                change, before = preceding.start, self.offset_at(preceding.start - 1)
            else:
                change, before = start, preceding.offset
            start = max(start, change + max(before - offset, 0))
        return start, end

    def _falls_into_gap(self, walls: Walls, wall: int, stretch: Stretch) -> bool:
        """Whether a wall time past a stretch's end is in the gap there, and due after it."""
        if not self._after_gaps or stretch.end >= LATEST:
            return False
        resumes = stretch.end + self.offset_at(stretch.end)
        return wall < resumes and not walls.exclusion.covers(resumes)

    def _ends_gap_with_slot(self, walls: Walls, start: int) -> bool:
        """Whether a gap ends at an instant into which a wall time fell that is due after it."""
        if not self._after_gaps or start <= EARLIEST:
            return False
        stops, resumes = start + self.offset_at(start - 1), start + self.offset_at(start)
        if stops >= resumes or walls.exclusion.covers(resumes):
            return False
        wall = walls.first_from(stops)
        return wall is not None and wall < resumes


class ClockSlots:
    """The slots of wall times on a clock."""

    def __init__(self, walls: Walls, clock: Clock) -> None:
        self._walls = walls
        self._clock = clock

    def first_from(self, instant: int) -> int | None:
        """Return the first slot at or after an instant; None where there is none."""
        return self._clock.first_from(self._walls, instant)

    def last_until(self, instant: int) -> int | None:
        """Return the last slot at or before an instant; None where there is none."""
        return self._clock.last_until(self._walls, instant)

    def count(self, start: int, end: int) -> int:
        """Count the slots from one instant until before another."""
        return self._clock.count(self._walls, start, end)


@lru_cache(maxsize=4096)
def walls_of(expression: CronExpression) -> Walls:
    """Return the wall times of one expression, which all tasks that have it share."""
    return Walls((expression,))


@lru_cache(maxsize=1024)
def clock_of(
    zone: ZoneInfo,
    repeated: RepeatedTime = RepeatedTime.TWICE,
    skipped: SkippedTime = SkippedTime.SKIP,
) -> Clock:
    """Return the one clock of a zone that all searches share."""
    return Clock(zone, repeated, skipped)


def second_of(moment: datetime) -> int:
    """Return the second that an instant is in."""
    return int(moment.replace(microsecond=0).timestamp())


def moment_of(second: int) -> datetime:
    """Return a second as an instant in UTC."""
    return datetime.fromtimestamp(second, UTC)
