"""Reads an expression as Spring's `CronExpression` does (6.2).

Six fields, both day fields must match, names are put in as numbers wherever they stand, and `-` may
not run backwards. parse.py hands expressions of `scheduleDialect: Spring` here.
"""

import re

from cronwright.schedule.days import EVERY_WEEKDAY
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.fields import (
    DAY,
    MONTH,
    MONTHS,
    WEEKDAY,
    Field,
    FieldSet,
    Unreadable,
    day_rule,
    span,
)
from cronwright.schedule.standard import SHORTHANDS, SIX
from cronwright.schedule.terms import Dialect
from cronwright.schedule.times import FieldTimes
from cronwright.schedule.tokens import Token, counted, cut, placed, read_list

_WORDS = re.compile(r"[^ ]+")
_INT = re.compile(r"[+-]?\d{1,10}")
# Spring counts the days of the week from Monday, with 7 for Sunday.
_WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_NAMES = {MONTH.name: tuple(name.upper() for name in MONTHS), WEEKDAY.name: _WEEKDAYS}


def read_spring(text: str) -> CronExpression:
    """Read six fields, or a shorthand in any case."""
    written = text.strip()
    plain = SHORTHANDS.get(written.lower())
    if written.startswith("@") and plain is None:
        raise Unreadable("no such shorthand in Spring", f"write one of {', '.join(SHORTHANDS)}")
    if plain is not None:
        tokens = [Token(part, 0) for part in f"0 {plain}".split()]
    else:
        tokens = [_trimmed(token) for token in cut(text, _WORDS)]
        tokens = [token for token in tokens if token.text]
    if len(tokens) != len(SIX):
        raise _miscounted(tokens)
    sets = [_read_field(token, field) for token, field in zip(tokens, SIX, strict=True)]
    seconds, minutes, hours, days, months, weekdays = sets
    return CronExpression(
        text=text,
        resolved=written,
        native="",
        times=FieldTimes(seconds.bits, minutes.bits, hours.bits),
        months=months.bits,
        days=day_rule(days, weekdays, sunday_ends=True),
        dialect=Dialect.SPRING,
    )


def _trimmed(token: Token) -> Token:
    return Token(token.text.strip(), token.place)


def _miscounted(tokens: list[Token]) -> Unreadable:
    problem = f"{counted(tokens)} where Spring takes 6"
    if len(tokens) == len(SIX) - 1:
        written = " ".join(token.text for token in tokens)
        return Unreadable(problem, f"put the seconds first: 0 {written}")
    if len(tokens) == len(SIX) + 1:
        return Unreadable(problem, "leave out the year, or leave out scheduleDialect")
    remedy = "write second, minute, hour, day of month, month and day of week"
    return Unreadable(problem, f"{remedy}, such as 0 30 2 * * MON-FRI")


def _read_field(token: Token, field: Field) -> FieldSet:
    names = _NAMES.get(field.name)
    if names is None:
        numbers = token.text
    else:
        numbers = token.text.upper()
        for number, name in enumerate(names, start=1):
            numbers = numbers.replace(name, str(number))
    in_special = field is DAY and ("L" in numbers or "W" in numbers)
    in_special = in_special or (field is WEEKDAY and ("L" in numbers or "#" in numbers))
    # As in Spring, "?" stands alone, but for a list with L, W or # in it.
    if "?" in numbers and numbers != "?" and not in_special:
        problem = Unreadable("has a ? that does not stand alone", f"write * or {field.values}")
        raise placed(problem, field, token)
    return read_list(Token(numbers, token.place), field, _read_element)


def _read_element(element: str, field: Field) -> FieldSet:
    if field is DAY and ("L" in element or "W" in element):
        return _read_special_day(element)
    if field is WEEKDAY and ("L" in element or "#" in element):
        return _read_special_weekday(element)
    if element == "?" and field in (DAY, WEEKDAY):
        element = "*"
    values, slash, step_text = element.partition("/")
    first, last = _read_range(values, field)
    if not slash:
        return _found(span(first, last), field)
    if "-" not in values:
        last = field.last
    step = _int(step_text, "step")
    if step < 1:
        raise Unreadable(f"has a step of {step}", "write a step of 1 or more")
    return _found(span(first, last, step), field)


def _read_range(text: str, field: Field) -> tuple[int, int]:
    if text == "*":
        # A star begins with Monday, so a step counts from there; 0 is Sunday only when written.
        return (1, 7) if field is WEEKDAY else (field.first, field.last)
    low, dash, high = text.partition("-")
    first = _value(low, field)
    if not dash:
        return first, first
    last = _value(high, field)
    if field is WEEKDAY and first == 7:
        first = 0
    if first > last:
        remedy = f"write {first}-{field.top},{field.first}-{last}"
        raise Unreadable("runs backwards", remedy)
    return first, last


def _read_special_day(element: str) -> FieldSet:
    if element == "L":
        return FieldSet(last=1)
    if element == "LW":
        return FieldSet(nearest_last=1)
    if element.startswith("L"):
        back = -_int(element[1:], "offset")
        if back < 1:
            raise Unreadable("does not count back", "write L-1 for the day before the last")
        return FieldSet(last=1 << back) if back < DAY.last else FieldSet()
    if element.endswith("W") and element.count("W") == 1 and "L" not in element:
        return FieldSet(nearest=1 << _value(element[:-1], DAY))
    raise Unreadable("can't be read", "write L, L-3, LW or 15W")


def _read_special_weekday(element: str) -> FieldSet:
    if element.endswith("L") and "#" not in element:
        return FieldSet(last_weekdays=1 << _value(element[:-1], WEEKDAY) % 7)
    weekday, mark, number_text = element.rpartition("#")
    if not mark or "L" in element:
        raise Unreadable("can't be read", "write FRIL or 5L for the last Friday, FRI#2")
    day, number = _value(weekday, WEEKDAY) % 7, _int(number_text, "number")
    if number < 1:
        raise Unreadable(f"has the number {number}", "write #1 to #5")
    # Spring takes a sixth Friday, which never comes.
    return FieldSet(nth=frozenset([(day, number)]) if number <= 5 else frozenset())


def _found(bits: int, field: Field) -> FieldSet:
    if field is WEEKDAY and bits >> 7 & 1:
        bits = (bits & EVERY_WEEKDAY) | 1
    return FieldSet(bits)


def _value(text: str, field: Field) -> int:
    value = _int(text, field.name)
    if not field.first <= value <= field.last:
        hint = field.hint if value == field.last + 1 else ""
        side = "below" if value < field.first else "above"
        bound = field.first if value < field.first else field.last
        raise Unreadable(f"is {side} {bound}", f"write {field.values}{hint}")
    return value


def _int(text: str, what: str) -> int:
    """Read a number as Java does, with a sign and in any script's digits."""
    if _INT.fullmatch(text) is None or not -(2**31) <= int(text) < 2**31:
        shown = f'the {what} "{text}" in it' if text else f"a {what} left out"
        raise Unreadable(f"has {shown}, which is no number", "write a number")
    return int(text)
