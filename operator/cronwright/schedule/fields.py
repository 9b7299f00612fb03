"""One field of an expression: which values it names, or why it can't be read.

parse.py cuts the expression into fields and hands each one here. The meaning is that of
robfig/cron's `ParseStandard`, which the CronJob controller uses, with two differences: a day of
the week may be 7, and what that parser lets through by accident (`*-3`, `1,,2`, `+5`) is refused.
What goes beyond numbers and names (`L`, `W`, `#`) is read in specials.py, `H` in seed.py.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from cronwright.schedule.days import DayRule

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_ELEMENT = re.compile(
    r"(?:(?P<star>[*?])|(?P<first>[0-9]+|[a-z]+)(?:-(?P<last>[0-9]+|[a-z]+))?)"
    r"(?:/(?P<step>[0-9]{1,18}))?",
    re.IGNORECASE | re.ASCII,
)


class Unreadable(Exception):  # noqa: N818
    """Say what is wrong with an expression or a part of it, and what to write instead.

    Whoever knows the place adds it; the one who knows the field makes a `FieldError` of it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The bounds and names of one of the fields; each is there once.

    `last` is the greatest value written; `top` the greatest that `*` and `n/step` reach. They
    differ for the day of the week alone, where 7 may be written for Sunday. `hint` is the remedy
    for the value just past the end, which people write for the first one.
    """

    name: str
    first: int
    last: int
    top: int
    names: tuple[str, ...] = ()
    hint: str = ""

    @property
    def values(self) -> str:
        """Describe what may be written, for a remedy."""
        numbers = f"{self.first}-{self.last}"
        if not self.names:
            return numbers
        return f"{numbers} or {self.names[0].upper()}-{self.names[-1].upper()}"


SECOND = Field("second", 0, 59, 59, hint="; for the full minute write 0")
MINUTE = Field("minute", 0, 59, 59, hint="; for the full hour write 0")
HOUR = Field("hour", 0, 23, 23, hint="; for midnight write 0")
DAY = Field("day of month", 1, 31, 31)
MONTH = Field("month", 1, 12, 12, MONTHS)
WEEKDAY = Field("day of week", 0, 7, 6, WEEKDAYS)
YEAR = Field("year", 1970, 9999, 9999)


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The values that a field names, as bits, and whether it counts as unrestricted.

    `star` decides how the two day fields join; as in robfig/cron, `*` and `?` set it, also
    within a list, and a step above 1 takes it away: `*/2` is a restriction, `0-59` is one too.
    The rest is for `L`, `W` and `#`, as in `DayRule`.
    """

    bits: int = 0
    star: bool = False
    last: int = 0
    nearest: int = 0
    nearest_last: int = 0
    last_weekdays: int = 0
    nth: frozenset[tuple[int, int]] = frozenset()

    def __or__(self, other: "FieldSet") -> "FieldSet":
        """Join two elements of a list."""
        return FieldSet(
            self.bits | other.bits,
            self.star or other.star,
            self.last | other.last,
            self.nearest | other.nearest,
            self.nearest_last | other.nearest_last,
            self.last_weekdays | other.last_weekdays,
            self.nth | other.nth,
        )


def day_rule(
    days: FieldSet, weekdays: FieldSet, *, either: bool = False, sunday_ends: bool = False
) -> DayRule:
    """Join the two day fields into a rule."""
    return DayRule(
        days=days.bits,
        weekdays=weekdays.bits,
        either=either,
        last=days.last,
        nearest=days.nearest,
        nearest_last=days.nearest_last,
        last_weekdays=weekdays.last_weekdays,
        nth=weekdays.nth,
        sunday_ends=sunday_ends,
    )


@lru_cache(maxsize=4096)
def read_element(element: str, field: Field) -> FieldSet:
    """Read what stands between two commas; Unreadable where it can't be."""
    match = _ELEMENT.fullmatch(element)
    if match is None:
        raise _malformed(element, field)
    step = int(match["step"] or 1)
    if step == 0:
        raise Unreadable("has a step of 0", f"write a step of 1 or more, such as */{field.top}")
    if match["star"]:
        return FieldSet(span(field.first, field.top, step), star=step == 1)
    first = value_of(match["first"], field)
    if match["last"]:
        last = value_of(match["last"], field)
        if first > last:
            raise backwards(match["first"], match["last"], field)
    else:
        last = field.top if match["step"] else first
    if first > last:
        raise Unreadable("steps on from 7", "write 0 where Sunday begins a series of steps")
    return FieldSet(_fold_sunday(span(first, last, step), field))


def value_of(text: str, field: Field) -> int:
    """Return the number that a number or a name stands for."""
    name = text.lower()
    if name in field.names:
        return field.names.index(name) + field.first
    if not text.isdigit():
        raise Unreadable(f"is no {field.name}", f"write {field.values}")
    value = int(text)
    if value < field.first:
        raise Unreadable(f"is below {field.first}", f"write {field.values}")
    if value > field.last:
        hint = field.hint if value == field.last + 1 else ""
        if field is WEEKDAY and len(text) == 4:
            hint = "; a year is the last of seven fields, the first being the seconds"
        raise Unreadable(f"is above {field.last}", f"write {field.values}{hint}")
    return value


def span(first: int, last: int, step: int = 1) -> int:
    """Return the values from one to another as bits."""
    if step == 1:
        return (1 << (last + 1)) - (1 << first)
    return sum(1 << value for value in range(first, last + 1, step))


def _fold_sunday(bits: int, field: Field) -> int:
    """Take 7 as 0; no other field reaches past its top."""
    beyond = 1 << (field.top + 1)
    return (bits & ~beyond) | field.first + 1 if bits & beyond else bits


def backwards(first: str, last: str, field: Field) -> Unreadable:
    """Say what to write for a range that runs backwards."""
    if value_of(first, field) > field.top:
        return Unreadable("runs backwards", f"write {field.first}-{last}")
    if field.last > field.top and value_of(last, field) == field.first:
        return Unreadable("runs backwards", f"write {first}-{field.last}")
    # A range of one value is written as that value.
    to_end = first if value_of(first, field) == field.top else f"{first}-{field.top}"
    from_start = last if value_of(last, field) == field.first else f"{field.first}-{last}"
    return Unreadable("runs backwards", f"write {to_end},{from_start}")


def _malformed(element: str, field: Field) -> Unreadable:
    if not element:
        return Unreadable("is empty", "write a value between two commas, and none at the end")
    if element[0] in "*?" and element[1:2] == "-":
        return Unreadable("is no range", f'write "*", or a range such as {field.first}-3')
    remedy = (
        f"write {field.values}, a range such as {field.first}-{field.first + 4}, "
        f"a step such as */2, or a list of these"
    )
    return Unreadable("can't be read", remedy)
