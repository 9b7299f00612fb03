"""Reads an expression into a `CronExpression`, or refuses it with position and remedy.

fields.py reads each field; evaluate.py walks the result.
"""

from functools import lru_cache

from cronwright.errors import FieldError
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.fields import (
    DAY,
    HOUR,
    MINUTE,
    MONTH,
    WEEKDAY,
    ElementError,
    Field,
    FieldSet,
    read_element,
)

SPEC_FIELD = "spec.schedule"

FIELDS = (MINUTE, HOUR, DAY, MONTH, WEEKDAY)

SHORTHANDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@lru_cache(maxsize=4096)
def parse(text: str) -> CronExpression:
    """Read a cron expression of 5 fields, or one of the `@` shorthands."""
    written = text.strip()
    if written.startswith("@"):
        plain = _plain(text, written)
    else:
        _refuse_zone(text, written)
        plain = written
    parts = plain.split()
    if len(parts) != len(FIELDS):
        raise FieldError(
            SPEC_FIELD,
            text,
            f"{len(parts)} fields where 5 are due",
            "write minute, hour, day of month, month and day of week, such as 30 2 * * MON-FRI",
        )
    minutes, hours, days, months, weekdays = _read_fields(text, parts)
    return CronExpression(
        text=text,
        native=_native(written, parts),
        minutes=minutes.bits,
        hours=hours.bits,
        months=months.bits,
        month_days=_month_days(days, weekdays),
    )


def _plain(text: str, shorthand: str) -> str:
    plain = SHORTHANDS.get(shorthand)
    if plain is not None:
        return plain
    if shorthand.startswith("@every"):
        problem = "an interval is no CronJob's schedule"
        raise FieldError(SPEC_FIELD, text, problem, "write a step, such as */5 * * * *")
    remedy = f"write one of {', '.join(SHORTHANDS)}"
    raise FieldError(SPEC_FIELD, text, "no such shorthand", remedy)


def _refuse_zone(text: str, written: str) -> None:
    if written.startswith(("TZ=", "CRON_TZ=")):
        zone = written.partition("=")[2].partition(" ")[0]
        remedy = f"write {zone} in spec.timeZone, and the five fields alone here"
        raise FieldError(SPEC_FIELD, text, "a time zone in the schedule", remedy)


def _read_fields(text: str, parts: list[str]) -> list[FieldSet]:
    sets, position = [], 0
    for part, field in zip(parts, FIELDS, strict=True):
        # For a shorthand the search finds nothing, and nothing in it can be wrong.
        position = max(text.find(part, position), 0)
        sets.append(_read_field(text, part, position, field))
        position += len(part)
    return sets


def _read_field(text: str, part: str, position: int, field: Field) -> FieldSet:
    bits, star = 0, False
    for element in part.split(","):
        try:
            values = read_element(element, field)
        except ElementError as error:
            problem = f'{field.name} "{element}" at character {position + 1} {error.problem}'
            raise FieldError(SPEC_FIELD, text, problem, error.remedy) from error
        bits |= values.bits
        star = star or values.star
        position += len(element) + 1
    return FieldSet(bits, star)


def _native(written: str, parts: list[str]) -> str:
    """Write Sunday as 0 where it was written as 7; all else a CronJob takes as it stands."""
    elements = parts[-1].split(",")
    plain = ",".join(map(_without_seven, elements))
    return written if plain == parts[-1] else " ".join([*parts[:-1], plain])


def _without_seven(element: str) -> str:
    # The number after a slash is a step, in which 7 is just a number.
    values = element.partition("/")[0].split("-")
    if not any(value.isdigit() and int(value) == 7 for value in values):
        return element
    bits = read_element(element, WEEKDAY).bits
    return ",".join(str(day) for day in range(7) if bits >> day & 1)


def _month_days(days: FieldSet, weekdays: FieldSet) -> tuple[int, ...]:
    """Join the two day fields for each day of the week that a month may begin with.

    Where either is unrestricted, both must match; where both are restricted, one is enough.
    """
    masks = []
    for begin in range(7):
        named = sum(1 << day for day in range(1, 32) if weekdays.bits >> (begin + day - 1) % 7 & 1)
        both = days.star or weekdays.star
        masks.append(days.bits & named if both else days.bits | named)
    return tuple(masks)
