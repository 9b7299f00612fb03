"""Random expressions of each dialect, with what they mean.

An expression is put together from parts whose values are known, so that its meaning never comes
from reading its text: oracle.py works the slots out from it. `broken` takes an expression and
spoils it a little; of that no meaning is known, only whether a library takes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

MONTHS: Final = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS: Final = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_BROKEN: Final = "0123456789*/-,?LW#@HTZ+. "


@dataclass(frozen=True, slots=True)
class Meaning:
    """An expression, and which wall times it names: their seconds, minutes, hours and days."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    day: Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """The bounds of a field and its names; `wraps` where a range may run over the end."""

    first: int
    top: int
    names: tuple[str, ...] = ()
    wraps: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A field, or an element of its list: the text, the values, and whether it has a star."""

    text: str
    values: frozenset[int]
    star: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """A field of days: the text, and which dates it names."""

    text: str
    match: Callable[[date], bool]
    star: bool = False


class Grammar:
    """Draws fields; dialects.py makes expressions of them.

    `hint` is a date that is drawn more often than others, that of a change of clock nearby;
    `wraps` says whether a range may run over the end, as Quartz lets it.
    """

    def __init__(self, random: Random, hint: date | None = None, *, wraps: bool = False) -> None:
        self.random = random
        self.hint = hint
        self.wraps = wraps

    def chance(self, probability: float) -> bool:
        """Be true with a probability."""
        return self.random.random() < probability

    def second(self) -> Part:
        """Draw the seconds: mostly the full minute."""
        return Part("0", frozenset([0])) if self.chance(0.6) else self.listed(self._sixty())

    def minute(self) -> Part:
        """Draw the minutes."""
        return self.listed(self._sixty())

    def hour(self) -> Part:
        """Draw the hours: often those at which clocks change."""
        if self.chance(0.3):
            return self.star(Field(0, 23))
        if self.chance(0.4):
            value = self.random.choice((0, 0, 1, 1, 2, 2, 3, 3, 4, 22, 23))
            return Part(str(value), frozenset([value]))
        return self.listed(Field(0, 23, wraps=self.wraps))

    def month(self) -> Part:
        """Draw the months: mostly all, then often the hint's."""
        names = tuple(MONTHS)
        if self.chance(0.6):
            return self.star(Field(1, 12))
        if self.hint is not None and self.chance(0.4):
            value = self.hint.month
            return Part(self.named(names[value - 1], value), frozenset([value]))
        return self.listed(Field(1, 12, names, wraps=self.wraps))

    def listed(self, field: Field) -> Part:
        """Draw a field: a list of elements, mostly of one."""
        parts = [self.element(field) for _ in range(self.random.choice((1, 1, 1, 1, 2, 3)))]
        return Part(
            ",".join(part.text for part in parts),
            frozenset().union(*(part.values for part in parts)),
            star=any(part.star for part in parts),
        )

    def element(self, field: Field) -> Part:
        """Draw an element: a star, a value, a range or a series of steps."""
        draw = self.random
        low, high = draw.randint(field.first, field.top), draw.randint(field.first, field.top)
        if not field.wraps:
            low, high = sorted((low, high))
        step = draw.randint(1, max(1, (field.top - field.first) // 2))
        kind = draw.randrange(8)
        if kind == 0:
            return self.star(field)
        if kind == 1:
            text, values = f"*/{step}", span(field, field.first, field.top, step)
            return Part(text, values, star=step == 1)
        if kind == 2:
            return Part(f"{low}/{step}", span(field, low, field.top, step))
        if kind == 3:
            return Part(f"{low}-{high}/{step}", span(field, low, high, step))
        if kind in (4, 5):
            return Part(self.ends(field, low, high), span(field, low, high, 1))
        return Part(self.name(field, low), frozenset([low]))

    def star(self, field: Field) -> Part:
        """Give all that there is."""
        return Part("*", span(field, field.first, field.top, 1), star=True)

    def ends(self, field: Field, low: int, high: int) -> str:
        """Write a range; Quartz wants names at both ends or at none."""
        if field.wraps and field.names and self.chance(0.5):
            return f"{field.names[low - field.first]}-{field.names[high - field.first]}"
        if field.wraps:
            return f"{low}-{high}"
        return f"{self.name(field, low)}-{self.name(field, high)}"

    def name(self, field: Field, value: int) -> str:
        """Write a value as its name or its number."""
        if not field.names:
            return str(value)
        return self.named(field.names[value - field.first], value)

    def named(self, name: str, value: int) -> str:
        """Write one of both, the name in any case."""
        return self.random.choice((str(value), name, name.lower(), name.capitalize()))

    def _sixty(self) -> Field:
        return Field(0, 59, wraps=self.wraps)


def span(field: Field, low: int, high: int, step: int) -> frozenset[int]:
    """Give the values from `low` to `high`; past the top it goes on from the first."""
    count = field.top - field.first + 1
    if low > high:
        high += count
    values = range(low, high + 1, step)
    return frozenset((value - field.first) % count + field.first for value in values)


def weekday_of(day: date) -> int:
    """Give the day of the week as cron counts it, Sunday being 0."""
    return day.isoweekday() % 7


def last_of_month(day: date) -> date:
    """Give the last day of the month of a date."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def nearest_weekday(goal: date) -> date:
    """Give the day from Monday to Friday that is nearest to a date, within its month."""
    days = (goal + timedelta(days=shift) for shift in (0, -1, 1, -2, 2))
    return next(day for day in days if day.isoweekday() < 6 and day.month == goal.month)


def on_days(values: frozenset[int]) -> Callable[[date], bool]:
    """Match days of the month."""
    return lambda day: day.day in values


def on_weekdays(values: frozenset[int]) -> Callable[[date], bool]:
    """Match days of the week, Sunday being 0."""
    return lambda day: weekday_of(day) in values


def before_the_end(days: int) -> Callable[[date], bool]:
    """Match the last day of the month, or one that many days before it."""
    return lambda day: day == last_of_month(day) - timedelta(days=days)


def near_day(number: int) -> Callable[[date], bool]:
    """Match the weekday nearest to a day of the month, in months that have that day."""

    def match(day: date) -> bool:
        if number > last_of_month(day).day:
            return False
        return day == nearest_weekday(day.replace(day=number))

    return match


def near_day_or_none(number: int) -> Callable[[date], bool]:
    """Match as `near_day`, but no day where the month ends on a Sunday that is meant: Spring's way.

    Its own documentation has the Monday after, which is in the next month; it runs on neither.
    """
    near = near_day(number)

    def match(day: date) -> bool:
        end = last_of_month(day)
        return near(day) and not (end.day == number and end.isoweekday() == 7)

    return match


def near_the_end(days: int) -> Callable[[date], bool]:
    """Match the weekday nearest to a day so many days before the last of the month."""

    def match(day: date) -> bool:
        goal = last_of_month(day) - timedelta(days=days)
        return goal.month == day.month and day == nearest_weekday(goal)

    return match


def last_weekday(day: date) -> bool:
    """Match the last day from Monday to Friday of the month."""
    return day == nearest_weekday(last_of_month(day))


def last_named(weekday: int) -> Callable[[date], bool]:
    """Match the last of a day of the week in the month."""
    return lambda day: weekday_of(day) == weekday and (day + timedelta(days=7)).month != day.month


def nth_named(weekday: int, ordinal: int) -> Callable[[date], bool]:
    """Match the first to fifth of a day of the week in the month."""
    return lambda day: weekday_of(day) == weekday and (day.day + 6) // 7 == ordinal


def either(matches: list[Callable[[date], bool]]) -> Callable[[date], bool]:
    """Match what one of them matches."""
    return lambda day: any(match(day) for match in matches)


def broken(text: str, random: Random) -> str:
    """Spoil an expression a little: a character more, less or another, or a field."""
    for _ in range(random.choice((1, 1, 1, 2))):
        at = random.randrange(len(text) + 1)
        kind = random.randrange(7)
        if kind < 2:
            text = text[:at] + random.choice(_BROKEN) + text[at:]
        elif kind < 4:
            text = text[:at] + random.choice(_BROKEN) + text[at + 1 :]
        elif kind == 4:
            text = text[:at] + text[at + 1 :]
        else:
            fields = text.split()
            place = random.randrange(len(fields) + 1)
            extra = random.choice(("*", "0", "60", "24", "32", "13", "8", "?", "L", "7", "MON"))
            fields[place : place + random.randrange(2)] = [extra]
            text = " ".join(fields)
        text = text or "*"
    return text
