"""Which days an expression names: its two day fields, as a rule for any month of any year.

expression.py lays a rule out over a year. Days of a month are bits 1 to 31, days of the week bits
0 (Sunday) to 6, days of a year bits 0 to 365.
"""

from dataclasses import dataclass
from functools import lru_cache

EVERY_DAY = (1 << 32) - 2
EVERY_WEEKDAY = (1 << 7) - 1
EVERY_MONTH = (1 << 13) - 2

_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SUNDAY, _SATURDAY = 0, 6


@dataclass(frozen=True, slots=True)
class DayRule:
    """Say which days of a month match, by day of month and by day of week.

    `last` has bit n for the day n days before the last; `nearest` has the days of `15W`, and
    `nearest_last` those of `LW` (bit 0) and `L-nW`; `last_weekdays` has `FRIL`, `nth` has `FRI#2`
    as pairs. Where `either` is set one of the two fields is enough, else both must match.
    """

    days: int = EVERY_DAY
    weekdays: int = EVERY_WEEKDAY
    either: bool = False
    last: int = 0
    nearest: int = 0
    nearest_last: int = 0
    last_weekdays: int = 0
    nth: frozenset[tuple[int, int]] = frozenset()
    # Spring's `30W` has no day in a month whose 30th is its last day and a Sunday; elsewhere
    # that is the Friday before.
    sunday_ends: bool = False

    @property
    def plain(self) -> bool:
        """Whether the rule has none of `L`, `W` and `#`."""
        return not (
            self.last or self.nearest or self.nearest_last or self.last_weekdays or self.nth
        )

    def of_month(self, begin: int, length: int) -> int:
        """Return the days of a month of so many days that begins on a day of the week."""
        whole = (2 << length) - 2
        by_day = self.days & whole
        by_weekday = _on_weekdays(begin, self.weekdays) & whole
        if not self.plain:
            by_day |= self._special_days(begin, length)
            by_weekday |= self._special_weekdays(begin, length)
        return by_day | by_weekday if self.either else by_day & by_weekday

    def _special_days(self, begin: int, length: int) -> int:
        found = 0
        for back in _bits(self.last):
            if back < length:
                found |= 1 << length - back
        for day in _bits(self.nearest):
            ends = self.sunday_ends and day == length and (begin + day - 1) % 7 == _SUNDAY
            if day <= length and not ends:
                found |= _nearest(day, begin, length)
        for back in _bits(self.nearest_last):
            if back < length:
                found |= _nearest(length - back, begin, length)
        return found

    def _special_weekdays(self, begin: int, length: int) -> int:
        found = 0
        for weekday in _bits(self.last_weekdays):
            ending = (begin + length - 1) % 7
            found |= 1 << length - (ending - weekday) % 7
        for weekday, number in self.nth:
            day = 1 + (weekday - begin) % 7 + 7 * (number - 1)
            if day <= length:
                found |= 1 << day
        return found


def _nearest(day: int, begin: int, length: int) -> int:
    """Find the working day nearest to a day, within its month."""
    weekday = (begin + day - 1) % 7
    if weekday == _SATURDAY:
        return 1 << (day - 1 if day > 1 else 3)
    if weekday == _SUNDAY:
        return 1 << (day + 1 if day < length else day - 2)
    return 1 << day


@lru_cache(maxsize=4096)
def days_of_year(rule: DayRule, months: int, begin: int, *, leap: bool) -> int:
    """Return the days of a year that begins on a day of the week."""
    found, start = 0, 0
    for month in range(1, 13):
        length = 29 if leap and month == 2 else _LENGTHS[month]
        if months >> month & 1:
            found |= rule.of_month((begin + start) % 7, length) >> 1 << start
        start += length
    return found


@lru_cache(maxsize=1024)
def _on_weekdays(begin: int, weekdays: int) -> int:
    return sum(1 << day for day in range(1, 32) if weekdays >> (begin + day - 1) % 7 & 1)


def _bits(bits: int) -> list[int]:
    return [number for number in range(bits.bit_length()) if bits >> number & 1]
