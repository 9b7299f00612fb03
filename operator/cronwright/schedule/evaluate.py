"""The evaluator: from an instant to the next or the previous slot.

A stretch of a zone (zone.py) has one offset from UTC, so within it wall time and instants differ
by a constant: the search looks for the next matching wall time, and where that lies beyond the
stretch, goes on from the start of the following one. So a wall time in a gap is never met, and
one in an overlap is met in both stretches, also where a change of clock crosses midnight.
"""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from cronwright.schedule.days import SEARCH_YEARS, days_of, next_day, previous_day
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.zone import EARLIEST, LATEST, offsets_of

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
# As far as any schedule's next slot can be, and a year for a slot that falls into a gap.
_HORIZON = (SEARCH_YEARS + 1) * 366 * _DAY


def next_slot(expression: CronExpression, zone: ZoneInfo, after: datetime) -> datetime | None:
    """Return the first slot strictly after an instant, in UTC; None where there is none."""
    offsets = offsets_of(zone)
    instant = max(int(after.timestamp() // 1) + 1, EARLIEST)
    limit = min(instant + _HORIZON, LATEST)
    while instant < limit:
        _, end, offset = offsets.stretch_at(instant)
        wall = _wall_from(expression, instant + offset)
        if wall is None:
            return None
        if wall - offset < end:
            return datetime.fromtimestamp(wall - offset, UTC)
        instant = end
    return None


def previous_slot(expression: CronExpression, zone: ZoneInfo, before: datetime) -> datetime | None:
    """Return the latest slot at or before an instant, in UTC; None where there is none."""
    offsets = offsets_of(zone)
    instant = min(int(before.timestamp() // 1), LATEST - 1)
    limit = max(instant - _HORIZON, EARLIEST)
    while instant >= limit:
        start, _, offset = offsets.stretch_at(instant)
        wall = _wall_until(expression, instant + offset)
        if wall is None:
            return None
        if wall - offset >= start:
            return datetime.fromtimestamp(wall - offset, UTC)
        instant = start - 1
    return None


def _wall_from(expression: CronExpression, wall: int) -> int | None:
    """Return the first matching wall time at or after one, both as seconds."""
    days, seconds = divmod(wall, _DAY)
    today = date.fromordinal(days + _EPOCH)
    if days_of(expression, today.year, today.month) >> today.day & 1:
        # A slot is a full minute: 08:59:30 is over, 09:00 is the first to come.
        minute = _minute_from(expression, -(-seconds // 60))
        if minute is not None:
            return days * _DAY + minute * 60
    day = next_day(expression, today)
    if day is None:
        return None
    first = _lowest(expression.hours) * 60 + _lowest(expression.minutes)
    return (day - _EPOCH) * _DAY + first * 60


def _wall_until(expression: CronExpression, wall: int) -> int | None:
    """Return the last matching wall time at or before one, both as seconds."""
    days, seconds = divmod(wall, _DAY)
    today = date.fromordinal(days + _EPOCH)
    if days_of(expression, today.year, today.month) >> today.day & 1:
        minute = _minute_until(expression, seconds // 60)
        if minute is not None:
            return days * _DAY + minute * 60
    day = previous_day(expression, today)
    if day is None:
        return None
    last = _highest(expression.hours) * 60 + _highest(expression.minutes)
    return (day - _EPOCH) * _DAY + last * 60


def _minute_from(expression: CronExpression, minute: int) -> int | None:
    """Return the first matching minute of the day at or after one."""
    hour, minute = divmod(minute, 60)
    if expression.hours >> hour & 1:
        minutes = expression.minutes >> minute << minute
        if minutes:
            return hour * 60 + _lowest(minutes)
    hours = expression.hours >> (hour + 1) << (hour + 1)
    return _lowest(hours) * 60 + _lowest(expression.minutes) if hours else None


def _minute_until(expression: CronExpression, minute: int) -> int | None:
    """Return the last matching minute of the day at or before one."""
    hour, minute = divmod(minute, 60)
    if expression.hours >> hour & 1:
        minutes = expression.minutes & ((2 << minute) - 1)
        if minutes:
            return hour * 60 + _highest(minutes)
    hours = expression.hours & ((1 << hour) - 1)
    return _highest(hours) * 60 + _highest(expression.minutes) if hours else None


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _highest(bits: int) -> int:
    return bits.bit_length() - 1
