"""Reads an expression as Kubernetes does, and the common ground that is taken without a dialect.

Five fields have the meaning of robfig/cron's `ParseStandard`, six that of its parser with seconds.
Without a dialect, `L`, `W`, `#` and `H` are read too, and a year as the seventh field.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

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
    read_element,
)
from cronwright.schedule.seed import is_hashed, resolve
from cronwright.schedule.specials import looks_special, read_special
from cronwright.schedule.terms import Dialect
from cronwright.schedule.times import FieldTimes
from cronwright.schedule.tokens import Token, counted, cut, read_list

FIVE = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)
SIX = (SECOND, *FIVE)
SEVEN = (*SIX, YEAR)

SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_FIELDS = {len(fields): fields for fields in (FIVE, SIX, SEVEN)}
_EVERY_YEAR = FieldSet(star=True)
_NUMBER = re.compile(r"[0-9]+")

_FIVE_REMEDY = "write minute, hour, day of month, month and day of week, such as 30 2 * * MON-FRI"
_REMEDY = f"{_FIVE_REMEDY}; seconds go before them, a year after them"


def read_kubernetes(text: str) -> CronExpression:
    """Read five fields, or six, as robfig/cron does."""
    tokens = _tokens(text)
    if len(tokens) == len(SEVEN):
        remedy = "leave out the year, or leave out scheduleDialect"
        raise Unreadable("7 fields where Kubernetes takes 5, or 6 with seconds", remedy)
    if len(tokens) not in (len(FIVE), len(SIX)):
        raise Unreadable(f"{counted(tokens)} where 5 or 6 are due", _FIVE_REMEDY)
    return _read(text, tokens, read_kubernetes_element, Dialect.KUBERNETES)


def read_common(text: str, seed: str) -> CronExpression:
    """Read five, six or seven fields as all dialects would, where they agree."""
    tokens = _tokens(text)
    if not len(FIVE) <= len(tokens) <= len(SEVEN):
        raise Unreadable(f"{counted(tokens)} where 5, 6 or 7 are due", _REMEDY)

    def read_one(element: str, field: Field) -> FieldSet:
        if is_hashed(element):
            return read_element(resolve(element, field, seed), field)
        return _read_common_element(element, field)

    expression = _read(text, tokens, read_one, None)
    if not any(is_hashed(each) for token in tokens for each in token.text.split(",")):
        return expression
    fields = _FIELDS[len(tokens)]
    resolved = [
        Token(_resolved(token.text, field, seed), 0)
        for token, field in zip(tokens, fields, strict=True)
    ]
    plain = " ".join(token.text for token in resolved)
    plain_expression = _read(plain, resolved, read_one, None)
    return replace(plain_expression, text=text, warnings=expression.warnings)


@lru_cache(maxsize=4096)
def _read_common_element(element: str, field: Field) -> FieldSet:
    return read_special(element, field) or read_element(element, field)


def read_kubernetes_element(element: str, field: Field) -> FieldSet:
    """Read one element as robfig/cron does, and point at what goes beyond it."""
    try:
        return read_element(element, field)
    except Unreadable as error:
        if looks_special(element) or is_hashed(element):
            remedy = f"{error.remedy}; L, W, # and H are read where scheduleDialect is left out"
            raise Unreadable(error.problem, remedy) from error
        raise


def _tokens(text: str) -> list[Token]:
    written = text.strip()
    if not written.startswith("@"):
        return cut(text)
    plain = SHORTHANDS.get(written)
    if plain is None:
        raise Unreadable("no such shorthand", f"write one of {', '.join(SHORTHANDS)}")
    # Nothing in a shorthand can be wrong, so no place in it is ever named.
    return [Token(part, 0) for part in plain.split()]


def _resolved(text: str, field: Field, seed: str) -> str:
    elements = text.split(",")
    return ",".join(resolve(each, field, seed) if is_hashed(each) else each for each in elements)


def _read(
    text: str,
    tokens: list[Token],
    read_one: Callable[[str, Field], FieldSet],
    dialect: Dialect | None,
) -> CronExpression:
    fields = _FIELDS[len(tokens)]
    sets = [read_list(token, field, read_one) for token, field in zip(tokens, fields, strict=True)]
    seconds = sets[0].bits if len(tokens) > len(FIVE) else 1
    years = sets[6] if len(tokens) == len(SEVEN) else _EVERY_YEAR
    five = slice(0 if len(tokens) == len(FIVE) else 1, 6 if len(tokens) > len(FIVE) else 5)
    minutes, hours, days, months, weekdays = sets[five]
    both = not days.star and not weekdays.star
    if both and dialect is None and len(tokens) > len(FIVE):
        raise _ambiguous(tokens)
    written = text.strip()
    native = _native(written if five.start == 0 else "", [token.text for token in tokens[five]])
    return CronExpression(
        text=text,
        resolved=written,
        native=native if seconds == 1 and years.star else "",
        times=FieldTimes(seconds, minutes.bits, hours.bits),
        months=months.bits,
        days=day_rule(days, weekdays, either=both),
        years=None if years.star else years.bits,
        dialect=dialect,
        warnings=_warnings(tokens) if dialect is None else (),
    )


def _ambiguous(tokens: list[Token]) -> Unreadable:
    day, weekday = tokens[3].text, tokens[5].text
    return Unreadable(
        f'day of month "{day}" and day of week "{weekday}" both restrict the days',
        "put ? in place of one of them, or set scheduleDialect: Kubernetes (one is enough) or "
        "Spring (both must match)",
    )


def _warnings(tokens: list[Token]) -> tuple[str, ...]:
    """Warn of days of the week by number where Quartz could have been meant."""
    if len(tokens) == len(FIVE):
        return ()
    values = _NUMBER.findall(re.sub(r"/[0-9]+|#[0-9]+", "", tokens[5].text))
    if not values:
        return ()
    ours, theirs = WEEKDAYS[int(values[0]) % 7], WEEKDAYS[(int(values[0]) + 6) % 7]
    warning = (
        f'day of week "{tokens[5].text}": {values[0]} is {ours.upper()} here and {theirs.upper()} '
        f"in Quartz; names such as {ours.upper()} are the same everywhere"
    )
    return (warning,)


def _native(written: str, parts: list[str]) -> str:
    """Write Sunday as 0 where it was written as 7; all else a CronJob takes as it stands."""
    plain = ",".join(map(_without_seven, parts[-1].split(",")))
    if written and plain == parts[-1]:
        return written
    return " ".join([*parts[:-1], plain])


def _without_seven(element: str) -> str:
    # The number after a slash is a step, in which 7 is just a number.
    values = element.partition("/")[0].split("-")
    if not any(value.isdigit() and int(value) == 7 for value in values):
        return element
    bits = read_element(element, WEEKDAY).bits
    return ",".join(str(day) for day in range(7) if bits >> day & 1)
