"""Years as the search walks them: where each begins, and on which day of the week.

A day is an ordinal, as of `datetime.date`; a wall time is seconds since 1970-01-01 00:00 on the
wall, whatever the zone.
"""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

FIRST_YEAR = date.min.year
LAST_YEAR = date.max.year
EPOCH = date(1970, 1, 1).toordinal()
LAST_DAY = date.max.toordinal()

# Of the 14 kinds of year (leap or not, and the day of the week it begins with) none is further
# from the next of its kind than 40 years (2096 to 2136).
EVERY_KIND = 41


class Year(NamedTuple):
    """A year: the ordinal of its first day, and that day's weekday, Sunday being 0."""

    number: int
    first: int
    begin: int
    leap: bool


@lru_cache(maxsize=1 << 14)
def year_of(number: int) -> Year:
    """Return a year by its number."""
    first = date(number, 1, 1).toordinal()
    leap = number % 4 == 0 and (number % 100 != 0 or number % 400 == 0)
    # date.weekday() counts from Monday, cron from Sunday; toordinal() % 7 is cron's own count.
    return Year(number, first, first % 7, leap)


def year_with(ordinal: int) -> Year:
    """Return the year that a day is in."""
    return year_of(date.fromordinal(ordinal).year)
