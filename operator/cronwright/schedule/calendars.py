"""Reads `spec.exclude`: days, ranges of days or times, and expressions whose times do not count."""

import re
from datetime import UTC, datetime

from cronwright.errors import FieldError
from cronwright.schedule.exclusion import Exclusion, Period, merged
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.parse import read_expression
from cronwright.schedule.terms import Dialect
from cronwright.schedule.times import DAY, FieldTimes

MOST = 100
# A search may have to look at every year up to 9999, and at each of these in it.
MOST_WITH_YEARS = 4
_EVERY_SECOND = (1 << 60) - 1
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?"
_PERIOD = re.compile(rf"({_MOMENT})(?:\s*(?:/|\.\.)\s*({_MOMENT}))?", re.ASCII)
_DATE_LIKE = re.compile(r"[0-9]{4}-[0-9]", re.ASCII)
_REMEDY = (
    "write a day such as 2026-12-25, days such as 2026-12-24/2027-01-01, times such as "
    "2026-12-24T12:00/2026-12-24T18:00, or a cron expression such as * * 25 12 *"
)


def read_exclusion(items: tuple[str, ...], dialect: Dialect | None, seed: str) -> Exclusion:
    """Read the calendars of a task; FieldError names the one that can't be read."""
    if len(items) > MOST:
        remedy = f"write at most {MOST}; ranges take many days in one"
        raise FieldError("spec.exclude", len(items), "too many calendars", remedy)
    periods, expressions = [], []
    for number, item in enumerate(items):
        field = f"spec.exclude[{number}]"
        text = item.strip()
        if _DATE_LIKE.match(text):
            periods.append(_read_period(item, field))
        else:
            expressions.append(_read_times(item, dialect, seed, field))
    with_years = sum(expression.years is not None for expression in expressions)
    if with_years > MOST_WITH_YEARS:
        remedy = f"write at most {MOST_WITH_YEARS}, and dates such as 2026-12-25 for the rest"
        raise FieldError("spec.exclude", with_years, "too many calendars that name years", remedy)
    return Exclusion(merged(periods), tuple(expressions))


def _read_period(item: str, field: str) -> Period:
    match = _PERIOD.fullmatch(item.strip())
    if match is None:
        raise FieldError(field, item, "neither days nor times", _REMEDY)
    first, last = match[1], match[2] or match[1]
    try:
        start, end = _wall(first), _wall(last)
    except ValueError as error:
        raise FieldError(field, item, f"no date: {error}", _REMEDY) from error
    # A day counts whole; of a time, the second itself.
    end += 1 if "T" in last else DAY
    if end <= start:
        raise FieldError(field, item, "ends before it begins", f"write {last}/{first}")
    return Period(start, end)


def _wall(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _read_times(item: str, dialect: Dialect | None, seed: str, field: str) -> CronExpression:
    """Read an expression; five fields stand for their whole minutes."""
    if item.strip().startswith("@"):
        raise FieldError(field, item, "a shorthand takes out one minute only", _REMEDY)
    five = len(item.split()) == 5
    # Five fields are Kubernetes' own in any dialect that does not have them.
    own = None if five and dialect is not Dialect.KUBERNETES else dialect
    expression = read_expression(item, own, seed, field)
    if not five:
        return expression
    times = FieldTimes(_EVERY_SECOND, expression.times.minutes, expression.times.hours)
    return CronExpression(
        text=expression.text,
        resolved=expression.resolved,
        native="",
        times=times,
        months=expression.months,
        days=expression.days,
        dialect=expression.dialect,
    )
