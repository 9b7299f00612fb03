"""Cuts a year into groups of days that have the same times; walls.py walks and counts by them."""

from typing import NamedTuple

from cronwright.schedule.exclusion import Exclusion, Period
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.times import DAY, MaskTimes, Times, joined
from cronwright.schedule.years import EPOCH, Year

_WHOLE_YEAR = (1 << 366) - 1


class Group(NamedTuple):
    """Days of one year, as bits, that have the same times."""

    days: int
    times: Times


class _Part(NamedTuple):
    days: int
    taken: tuple[Times, ...]
    left_out: tuple[Times, ...]


def groups_of(
    year: Year, expressions: tuple[CronExpression, ...], exclusion: Exclusion
) -> tuple[Group, ...]:
    """Return the groups of a year: each day that has a time at all is in one of them."""
    if len(expressions) == 1 and not exclusion.periods and not exclusion.expressions:
        days = expressions[0].days_in(year)
        return (Group(days, expressions[0].times),) if days else ()
    parts = [_Part(_WHOLE_YEAR, (), ())]
    for expression in expressions:
        parts = _take(parts, expression.days_in(year), expression.times)
    parts = [part for part in parts if part.taken]
    for expression in exclusion.expressions:
        parts = _leave_out(parts, expression.days_in(year), expression.times)
    groups = []
    for part in parts:
        times = joined(part.taken, part.left_out)
        if times is not None:
            groups.append(Group(part.days, times))
    start, end = (year.first - EPOCH) * DAY, (year.first + 366 - EPOCH) * DAY
    for period in exclusion.periods_within(start, end):
        groups = _cut(groups, Period(period.start - start, period.end - start))
    return tuple(groups)


def _take(parts: list[_Part], days: int, times: Times) -> list[_Part]:
    found = []
    for part in parts:
        if part.days & days:
            taken = part.taken if times in part.taken else (*part.taken, times)
            found.append(_Part(part.days & days, taken, ()))
        if part.days & ~days:
            found.append(part._replace(days=part.days & ~days))
    return found


def _leave_out(parts: list[_Part], days: int, times: Times) -> list[_Part]:
    found = []
    for part in parts:
        if part.days & days and times.total < DAY:
            found.append(_Part(part.days & days, part.taken, (*part.left_out, times)))
        if part.days & ~days:
            found.append(part._replace(days=part.days & ~days))
    return found


def _cut(groups: list[Group], period: Period) -> list[Group]:
    """Take a period out, which is in seconds since the year began."""
    first, begin = divmod(max(period.start, 0), DAY)
    last, rest = divmod(min(period.end, 366 * DAY), DAY)
    if first == last:
        return _cut_day(groups, first, begin, rest)
    whole = (1 << last) - 1 >> first << first
    if begin:
        groups = _cut_day(groups, first, begin, DAY)
        whole &= ~(1 << first)
    if rest:
        groups = _cut_day(groups, last, 0, rest)
    return [Group(days & ~whole, times) for days, times in groups if days & ~whole]


def _cut_day(groups: list[Group], day: int, begin: int, end: int) -> list[Group]:
    """Take some seconds of one day out; what is left of it becomes a group of its own."""
    found = []
    for days, times in groups:
        if days >> day & 1:
            left = times.mask & ~((1 << end) - (1 << begin))
            if left:
                found.append(Group(1 << day, MaskTimes(left)))
            days &= ~(1 << day)  # noqa: PLW2901
        if days:
            found.append(Group(days, times))
    return found
