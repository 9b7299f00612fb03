"""Which days an expression names: the calendar half of the search that evaluate.py makes.

A day is an ordinal, as of `datetime.date`; 1970-01-01 is 719163.
"""

from datetime import date

from cronwright.schedule.expression import CronExpression

# No leap day is further from the next one that falls on the same weekday than 40 years
# (2096 to 2136): an expression that names no day in so many has none at all.
SEARCH_YEARS = 41

_LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_of(expression: CronExpression, year: int, month: int) -> int:
    """Return the matching days of a month as bits 1 to 31."""
    if not expression.months >> month & 1:
        return 0
    # date.weekday() counts from Monday, cron from Sunday; toordinal() % 7 is cron's own count.
    days = expression.month_days[date(year, month, 1).toordinal() % 7]
    length = _LENGTHS[month]
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        length = 29
    return days & ((2 << length) - 1)


def next_day(expression: CronExpression, after: date) -> int | None:
    """Return the ordinal of the first matching day after `after`; None where there is none."""
    year, month = after.year, after.month
    days = days_of(expression, year, month) >> (after.day + 1) << (after.day + 1)
    last = min(year + SEARCH_YEARS, date.max.year)
    while not days:
        month += 1
        if month > 12:
            year, month = year + 1, 1
            if year > last:
                return None
        days = days_of(expression, year, month)
    return date(year, month, (days & -days).bit_length() - 1).toordinal()


def previous_day(expression: CronExpression, before: date) -> int | None:
    """Return the ordinal of the last matching day before `before`; None where there is none."""
    year, month = before.year, before.month
    days = days_of(expression, year, month) & ((1 << before.day) - 1)
    first = max(year - SEARCH_YEARS, date.min.year)
    while not days:
        month -= 1
        if month < 1:
            year, month = year - 1, 12
            if year < first:
                return None
        days = days_of(expression, year, month)
    return date(year, month, days.bit_length() - 1).toordinal()
