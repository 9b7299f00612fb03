"""Wall times: what some expressions name and calendars leave, walked and counted by days.

groups.py cuts each year into groups of days that have the same times, so neither a search nor a
count depends on how many slots there are. evaluate.py lays wall times on a zone's clock.
"""

from cronwright.schedule.exclusion import NOTHING, Exclusion
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.groups import Group, groups_of
from cronwright.schedule.times import DAY, Times, count_between, highest, lowest
from cronwright.schedule.years import (
    EPOCH,
    EVERY_KIND,
    FIRST_YEAR,
    LAST_DAY,
    LAST_YEAR,
    Year,
    year_of,
    year_with,
)

# Calendars that name years make up to 14 times 2^4 kinds of years: a search over all of them must
# not make any of them twice.
_KEPT_YEARS = 256


class Walls:
    """The wall times of expressions, without those of an exclusion."""

    def __init__(
        self, expressions: tuple[CronExpression, ...], exclusion: Exclusion = NOTHING
    ) -> None:
        self.exclusion = exclusion
        self._expressions = expressions
        self._limits = tuple(
            each.years for each in (*expressions, *exclusion.expressions) if each.years is not None
        )
        # The years in which there can be any at all.
        self._first_year, self._last_year = _bounds(expressions)
        self._known: dict[object, tuple[Group, ...]] = {}

    def first_from(self, wall: int) -> int | None:
        """Return the first one at or after a wall time; None where there is none."""
        ordinal, second = divmod(wall, DAY)
        ordinal += EPOCH
        if ordinal > LAST_DAY:
            return None
        year = year_with(ordinal)
        index = ordinal - year.first
        times = self._times_in(year, index)
        found = times.first_from(second) if times else None
        if found is not None:
            return (ordinal - EPOCH) * DAY + found
        return self._first_of_later(year, index + 1)

    def last_until(self, wall: int) -> int | None:
        """Return the last one at or before a wall time; None where there is none."""
        ordinal, second = divmod(wall, DAY)
        ordinal += EPOCH
        if ordinal > LAST_DAY:
            ordinal, second = LAST_DAY, DAY - 1
        year = year_with(ordinal)
        index = ordinal - year.first
        times = self._times_in(year, index)
        found = times.last_until(second) if times else None
        if found is not None:
            return (ordinal - EPOCH) * DAY + found
        return self._last_of_earlier(year, index)

    def count(self, start: int, end: int) -> int:
        """Count them from one wall time until before another."""
        if end <= start:
            return 0
        (first, begin), (last, rest) = divmod(start, DAY), divmod(end, DAY)
        if first == last:
            return self._count_in_day(first + EPOCH, begin, rest)
        total = self._count_in_day(first + EPOCH, begin, DAY)
        total += self._count_in_day(last + EPOCH, 0, rest)
        return total + self._count_days(first + 1 + EPOCH, last + EPOCH)

    def times_on(self, ordinal: int) -> Times | None:
        """Return the times of one day; None where it has none."""
        if ordinal > LAST_DAY:
            return None
        year = year_with(ordinal)
        return self._times_in(year, ordinal - year.first)

    def _times_in(self, year: Year, index: int) -> Times | None:
        for days, times in self._groups(year):
            if days >> index & 1:
                return times
        return None

    def _count_in_day(self, ordinal: int, begin: int, end: int) -> int:
        times = self.times_on(ordinal) if begin < end else None
        return count_between(times, begin, end) if times else 0

    def _count_days(self, first: int, end: int) -> int:
        total, end = 0, min(end, LAST_DAY + 1)
        while first < end:
            year = year_with(first)
            from_first = -1 << (first - year.first)
            until_end = (1 << min(end - year.first, 366)) - 1
            for days, times in self._groups(year):
                total += (days & from_first & until_end).bit_count() * times.total
            if year.number == LAST_YEAR:
                break
            first = year_of(year.number + 1).first
        return total

    def _first_of_later(self, year: Year, index: int) -> int | None:
        until = self._search_until(year.number)
        while True:
            later = [
                (lowest(days >> index) + index, times)
                for days, times in self._groups(year)
                if days >> index
            ]
            if later:
                day, times = min(later, key=lambda each: each[0])
                return (year.first + day - EPOCH) * DAY + (times.first_from(0) or 0)
            if year.number >= until:
                return None
            year, index = self._following(year), 0

    def _last_of_earlier(self, year: Year, index: int) -> int | None:
        """Return the last one of the days of a year below an index, or of an earlier year."""
        until = self._search_back_until(year.number)
        while True:
            before = (1 << index) - 1
            earlier = [
                (highest(days & before), times)
                for days, times in self._groups(year)
                if days & before
            ]
            if earlier:
                day, times = max(earlier, key=lambda each: each[0])
                return (year.first + day - EPOCH) * DAY + (times.last_until(DAY - 1) or 0)
            if year.number <= until:
                return None
            year, index = self._preceding(year), 366

    def _following(self, year: Year) -> Year:
        """Return the next year, or the first one that a period does not take out whole."""
        following = year_of(year.number + 1)
        start = (following.first - EPOCH) * DAY
        for period in self.exclusion.periods_within(start, start + 1):
            last_day = min((period.end - 1) // DAY + EPOCH, LAST_DAY)
            return max(following, year_with(last_day))
        return following

    def _preceding(self, year: Year) -> Year:
        """Return the year before, or the last one that a period does not take out whole."""
        preceding = year_of(year.number - 1)
        end = (year.first - EPOCH) * DAY
        for period in self.exclusion.periods_within(end - 1, end):
            return min(preceding, year_with(max(period.start // DAY + EPOCH, 1)))
        return preceding

    def _search_until(self, year: int) -> int:
        """Return the last year that needs a look."""
        if self._limits:
            return self._last_year
        periods = self.exclusion.periods
        if periods:
            last_day = min(periods[-1].end // DAY + EPOCH, LAST_DAY)
            year = max(year, year_with(last_day).number)
        return min(year + EVERY_KIND, LAST_YEAR)

    def _search_back_until(self, year: int) -> int:
        if self._limits:
            return self._first_year
        periods = self.exclusion.periods
        if periods:
            first_day = max(periods[0].start // DAY + EPOCH, 1)
            year = min(year, year_with(first_day).number)
        return max(year - EVERY_KIND, FIRST_YEAR)

    def _groups(self, year: Year) -> tuple[Group, ...]:
        key = self._kind(year)
        groups = self._known.get(key)
        if groups is None:
            if len(self._known) >= _KEPT_YEARS:
                self._known.clear()
            groups = self._known[key] = groups_of(year, self._expressions, self.exclusion)
        return groups

    def _kind(self, year: Year) -> object:
        """Tell the years apart that have different groups."""
        if self.exclusion.periods:
            start = (year.first - EPOCH) * DAY
            if self.exclusion.periods_within(start, start + 366 * DAY):
                return year.number
        if self._limits:
            return year.begin, year.leap, *(years >> year.number & 1 for years in self._limits)
        return year.begin, year.leap


def _bounds(expressions: tuple[CronExpression, ...]) -> tuple[int, int]:
    years = 0
    for expression in expressions:
        if expression.years is None:
            return FIRST_YEAR, LAST_YEAR
        years |= expression.years
    return (lowest(years), highest(years)) if years else (LAST_YEAR, FIRST_YEAR)
