"""Reads an expression as Quartz's `CronExpression` does (2.5).

Six fields or seven with the year, Sunday is 1, one of the two day fields is `?`, and ranges may run
over the end (`FRI-MON`). What that parser lets through by accident is refused: text after a value
that it never looks at (`5X`), empty elements, steps of 0, several `#` or a day beside one. parse.py
hands expressions of `scheduleDialect: Quartz` here.
"""

import re

from cronwright.schedule.days import EVERY_WEEKDAY
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.fields import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    SECOND,
    WEEKDAY,
    WEEKDAYS,
    YEAR,
    Field,
    FieldSet,
    Unreadable,
    day_rule,
    span,
    value_of,
)
from cronwright.schedule.specials import last_or_nth, read_day
from cronwright.schedule.standard import SEVEN, SIX
from cronwright.schedule.terms import Dialect
from cronwright.schedule.times import FieldTimes
from cronwright.schedule.tokens import Token, counted, cut, placed, read_list

_WORDS = re.compile(r"[^ \t]+")
_QUARTZ_WEEKDAY = Field("day of week", 1, 7, 7, WEEKDAYS)
_FIELDS = (SECOND, MINUTE, HOUR, DAY, MONTH, _QUARTZ_WEEKDAY, YEAR)
_GREATEST_STEP = {"second": 59, "minute": 59, "hour": 23, "day of month": 31, "month": 12}
_GREATEST_STEP |= {"day of week": 7}

_ELEMENT = re.compile(
    r"(?:(?P<star>\*)|(?P<first>[0-9]{1,9})(?:-(?P<last>[0-9]{1,9}))?)?(?:/(?P<step>[0-9]{1,9}))?",
    re.ASCII,
)
_NAMES = re.compile(r"(?P<first>[A-Z]{3})(?:-(?P<last>[A-Z]{3}))?(?P<step>/[0-9]{1,9})?", re.ASCII)
_WEEKDAY = re.compile(r"(?P<value>[0-9]|[A-Z]{3})(?:(?P<last>L)|#(?P<number>[0-9]{1,4}))", re.ASCII)


def read_quartz(text: str) -> CronExpression:
    """Read six or seven fields."""
    tokens = [Token(token.text.upper().strip(), token.place) for token in cut(text, _WORDS)]
    tokens = [token for token in tokens if token.text]
    if len(tokens) not in (len(SIX), len(SEVEN)):
        raise _miscounted(tokens)
    _check_question_marks(tokens)
    sets = [_read_field(token, field) for token, field in zip(tokens, _FIELDS, strict=False)]
    seconds, minutes, hours, days, months, weekdays = sets[:6]
    years = sets[6] if len(sets) == len(SEVEN) else FieldSet(star=True)
    return CronExpression(
        text=text,
        resolved=text.strip(),
        native="",
        times=FieldTimes(seconds.bits, minutes.bits, hours.bits),
        months=months.bits,
        days=day_rule(days, weekdays),
        years=None if years.star else years.bits,
        dialect=Dialect.QUARTZ,
        warnings=_warnings(tokens),
    )


def _miscounted(tokens: list[Token]) -> Unreadable:
    problem = f"{counted(tokens)} where Quartz takes 6 or 7"
    if len(tokens) == 1 and tokens[0].text.startswith("@"):
        return Unreadable("Quartz has no shorthands", "write six fields, such as 0 0 2 * * ?")
    if len(tokens) == len(SIX) - 1:
        day, weekday = tokens[2].text, tokens[4].text
        if "?" not in (day, weekday):
            weekday, day = ("?", day) if weekday == "*" else (weekday, "?" if day == "*" else day)
        written = [tokens[0].text, tokens[1].text, day, tokens[3].text, weekday]
        return Unreadable(problem, f"put the seconds first: 0 {' '.join(written)}")
    remedy = "write second, minute, hour, day of month, month, day of week and, if need be, year"
    return Unreadable(problem, f"{remedy}, such as 0 30 2 ? * MON-FRI")


def _check_question_marks(tokens: list[Token]) -> None:
    day, weekday = tokens[3].text, tokens[5].text
    if (day == "?") != (weekday == "?"):
        return
    if day == "?":
        remedy = "write ? for only one of the day fields, and * for the other"
        raise Unreadable("? for day of month and day of week", remedy)
    remedy = "write ? for the day of week" if weekday == "*" else "write ? for the day of month"
    problem = f'neither day of month "{day}" nor day of week "{weekday}" is ?, as Quartz requires'
    raise Unreadable(problem, remedy)


def _read_field(token: Token, field: Field) -> FieldSet:
    if token.text == "?" and field in (DAY, _QUARTZ_WEEKDAY):
        return _found(span(field.first, field.last), field)
    if field is _QUARTZ_WEEKDAY and "," in token.text and re.search(r"L|#", token.text):
        problem = "has L or # beside other days, of which Quartz reads one"
        remedy = "write each day as an expression of its own, in spec.schedules"
        raise placed(Unreadable(problem, remedy), field, token)
    if token.text == "*" and field is YEAR:
        return FieldSet(star=True)
    return read_list(token, field, _read_element)


def _read_element(element: str, field: Field) -> FieldSet:
    if field is DAY and (special := read_day(element)):
        return special
    if field is _QUARTZ_WEEKDAY and element == "L":
        return _found(1 << 7, field)
    if field is _QUARTZ_WEEKDAY and (match := _WEEKDAY.fullmatch(element)):
        return last_or_nth(_value(match["value"], _QUARTZ_WEEKDAY) - 1, match)
    if (match := _NAMES.fullmatch(element)) and field.names:
        first = _value(match["first"], field)
        last = _value(match["last"], field) if match["last"] else first
        # A step after names is there to be read, but Quartz never does: see _warnings.
        return _found(_around(first, last, 1, field), field)
    match = _ELEMENT.fullmatch(element)
    if not element or match is None:
        raise _malformed(element, field)
    return _read_numbers(match, field)


def _read_numbers(match: re.Match[str], field: Field) -> FieldSet:
    first, last = field.first, field.last
    step = int(match["step"] or 1)
    if step == 0:
        raise Unreadable("has a step of 0", "write a step of 1 or more")
    if match["first"]:
        first = _value(match["first"], field)
        if match["last"]:
            last = _value(match["last"], field)
        elif not match["step"]:
            last = first
    if not match["last"] and step > _GREATEST_STEP.get(field.name, step):
        remedy = f"write a step of at most {_GREATEST_STEP[field.name]}"
        raise Unreadable(f"has a step of {step}", remedy)
    if field is YEAR and last < first:
        raise Unreadable("runs backwards", f"write {last}-{first}")
    return _found(_around(first, last, step, field), field)


def _around(first: int, last: int, step: int, field: Field) -> int:
    """Return the values of a range that may run over the end of its field."""
    if first <= last:
        return span(first, last, step)
    size = field.last - field.first + 1
    values = range(first, last + size + 1, step)
    return sum(1 << bit for bit in {(each - field.first) % size + field.first for each in values})


def _found(bits: int, field: Field) -> FieldSet:
    # Quartz counts the days of the week from 1.
    return FieldSet(bits >> 1 & EVERY_WEEKDAY if field is _QUARTZ_WEEKDAY else bits)


def _value(text: str, field: Field) -> int:
    if field is _QUARTZ_WEEKDAY and text.isdigit() and int(text) == 0:
        raise Unreadable("is below 1", "Quartz counts from Sunday as 1; write 1 or SUN")
    return value_of(text, field)


def _malformed(element: str, field: Field) -> Unreadable:
    if not element:
        return Unreadable("is empty", "write a value between two commas, and none at the end")
    if "?" in element:
        return Unreadable("has a ?", f"write {field.values}; ? stands alone, for one of the days")
    remedy = f"write {field.values}, a range, a step such as 0/{field.first + 4}, or a list"
    return Unreadable("can't be read", remedy)


def _warnings(tokens: list[Token]) -> tuple[str, ...]:
    stepped = re.compile(r"[A-Z]{3}(-[A-Z]{3})?/[0-9]+")
    for field, token in ((MONTH, tokens[4]), (WEEKDAY, tokens[5])):
        match = stepped.search(token.text)
        if match:
            return (f'{field.name} "{match.group()}": Quartz reads no step after names',)
    return ()
