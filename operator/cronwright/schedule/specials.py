"""Elements of the day fields that depend on the month: `L`, `L-3`, `LW`, `15W`, `FRIL`, `FRI#2`.

parse.py asks here before it takes an element for numbers and names (fields.py). days.py finds the
days that they mean.
"""

import re

from cronwright.schedule.fields import DAY, WEEKDAY, Field, FieldSet, Unreadable, value_of

FURTHEST_FROM_LAST = 30
MOST_WEEKS = 5

_DAY = re.compile(
    r"L(?:-(?P<back>[0-9]{1,4}))?(?P<working>W)?|(?P<day>[0-9]{1,4})W", re.ASCII | re.I
)
_WEEKDAY = re.compile(
    r"(?P<value>[0-9]+|[a-z]{3})(?:(?P<last>L)|#(?P<number>[0-9]{1,4}))", re.ASCII | re.I
)
_LOOKS_SPECIAL = re.compile(r"L(-[0-9]+)?W?|[0-9]+W|([0-9]|[a-z]{3})(L|#[0-9]+)", re.ASCII | re.I)


def looks_special(element: str) -> bool:
    """Whether an element is written as one of these, whatever its field."""
    return _LOOKS_SPECIAL.fullmatch(element) is not None


def read_special(element: str, field: Field) -> FieldSet | None:
    """Read an element that depends on the month; None where it is none, Unreadable if wrong."""
    if field is DAY and (special := read_day(element)):
        return special
    if field is WEEKDAY and (match := _WEEKDAY.fullmatch(element)):
        return last_or_nth(value_of(match["value"], WEEKDAY) % 7, match)
    if field is WEEKDAY and element.upper() == "L":
        remedy = "write SAT, or a last one of the month, such as FRIL"
        raise Unreadable("is Saturday to Quartz, and could be any day elsewhere", remedy)
    if looks_special(element):
        remedy = "L and W belong into the day of month, L after a day and # into the day of week"
        raise Unreadable(f"is no {field.name}", f"write {field.values}; {remedy}")
    return None


def read_day(element: str) -> FieldSet | None:
    """Read a special day of the month; None where it is none, Unreadable if wrong."""
    match = _DAY.fullmatch(element)
    if match is None:
        return None
    if match["day"]:
        return FieldSet(nearest=1 << value_of(match["day"], DAY))
    back = int(match["back"] or 0)
    if back > FURTHEST_FROM_LAST:
        raise Unreadable(
            "is before every month's first day", f"write L-1 to L-{FURTHEST_FROM_LAST}"
        )
    return FieldSet(nearest_last=1 << back) if match["working"] else FieldSet(last=1 << back)


def last_or_nth(weekday: int, match: re.Match[str]) -> FieldSet:
    """Give the days that `L` or `#` after a day of the week mean, as `last` or `number` matched."""
    if match["last"]:
        return FieldSet(last_weekdays=1 << weekday)
    number = int(match["number"])
    if not 1 <= number <= MOST_WEEKS:
        remedy = f"write #1 to #{MOST_WEEKS}, or L for the last one"
        raise Unreadable("is in no month", remedy)
    return FieldSet(nth=frozenset([(weekday, number)]))
