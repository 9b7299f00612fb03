"""Expressions of robfig/cron, Spring and Quartz, put together from the fields of grammar.py."""

from collections.abc import Callable
from datetime import date

from tests.schedule.reference.grammar import (
    WEEKDAYS,
    Days,
    Field,
    Grammar,
    Meaning,
    Part,
    before_the_end,
    either,
    last_named,
    last_weekday,
    near_day,
    near_day_or_none,
    near_the_end,
    nth_named,
    on_days,
    on_weekdays,
    span,
    weekday_of,
)

_HOURS = tuple(range(24))
_SHORTHANDS: dict[str, Callable[[date], bool]] = {
    "@yearly": lambda day: (day.month, day.day) == (1, 1),
    "@annually": lambda day: (day.month, day.day) == (1, 1),
    "@monthly": lambda day: day.day == 1,
    "@weekly": lambda day: weekday_of(day) == 0,
    "@daily": lambda day: True,
    "@midnight": lambda day: True,
    "@hourly": lambda day: True,
}
# Quartz counts the days of the week from 1, the other two from 0.
_WEEKDAYS = Field(0, 6, tuple(WEEKDAYS))
_SPRING_WEEKDAYS = Field(0, 7, (*WEEKDAYS, "SUN"))
_QUARTZ_WEEKDAYS = Field(1, 7, tuple(WEEKDAYS), wraps=True)
_DAYS = Field(1, 31)
_ANY = Days("*", lambda day: True, star=True)


def robfig(grammar: Grammar, *, seconds: bool) -> Meaning:
    """Draw an expression of five fields, or of six with the seconds first."""
    if grammar.chance(0.03):
        return _shorthand(grammar)
    days, weekdays = _robfig_days(grammar), _robfig_weekdays(grammar)
    # A star in one of them leaves the choice to the other; without one, either is enough.
    join = all if days.star or weekdays.star else any
    second = grammar.second() if seconds else None
    return _meaning(
        grammar, second, days, weekdays, lambda day: join((days.match(day), weekdays.match(day)))
    )


def spring(grammar: Grammar) -> Meaning:
    """Draw an expression of six fields, whose two fields of days must both match."""
    if grammar.chance(0.03):
        return _shorthand(grammar)
    days, weekdays = _spring_days(grammar), _spring_weekdays(grammar)
    return _meaning(
        grammar,
        grammar.second(),
        days,
        weekdays,
        lambda day: days.match(day) and weekdays.match(day),
    )


def quartz(grammar: Grammar) -> Meaning:
    """Draw an expression of six or seven fields, one of the two fields of days being `?`."""
    none = Days("?", lambda day: True)
    if grammar.chance(0.5):
        days, weekdays = _quartz_days(grammar), none
    else:
        days, weekdays = none, _quartz_weekdays(grammar)
    year = _year(grammar) if grammar.chance(0.2) else None
    return _meaning(
        grammar,
        grammar.second(),
        days,
        weekdays,
        lambda day: days.match(day) and weekdays.match(day) and _in(day.year, year),
        year,
    )


def _in(value: int, part: Part | None) -> bool:
    return part is None or value in part.values


def _shorthand(grammar: Grammar) -> Meaning:
    text, day = grammar.random.choice(list(_SHORTHANDS.items()))
    hours = _HOURS if text == "@hourly" else (0,)
    return Meaning(text, (0,), (0,), hours, day)


def _meaning(
    grammar: Grammar,
    second: Part | None,
    days: Days,
    weekdays: Days,
    day: Callable[[date], bool],
    year: Part | None = None,
) -> Meaning:
    minute, hour, month = grammar.minute(), grammar.hour(), grammar.month()
    fields = [second, minute, hour, days, month, weekdays, year]
    return Meaning(
        " ".join(field.text for field in fields if field is not None),
        tuple(sorted(second.values)) if second is not None else (0,),
        tuple(sorted(minute.values)),
        tuple(sorted(hour.values)),
        lambda each: each.month in month.values and day(each),
    )


def _robfig_days(grammar: Grammar) -> Days:
    if grammar.chance(0.5):
        return Days(grammar.random.choice("**?"), _ANY.match, star=True)
    if grammar.hint is not None and grammar.chance(0.4):
        return _one_day(grammar, grammar.hint.day)
    part = grammar.listed(_DAYS)
    return Days(part.text, on_days(part.values), part.star)


def _robfig_weekdays(grammar: Grammar) -> Days:
    if grammar.chance(0.6):
        return Days(grammar.random.choice("**?"), _ANY.match, star=True)
    if grammar.hint is not None and grammar.chance(0.4):
        number = weekday_of(grammar.hint)
        return Days(grammar.name(_WEEKDAYS, number), on_weekdays(frozenset([number])))
    part = grammar.listed(_WEEKDAYS)
    return Days(part.text, on_weekdays(part.values), part.star)


def _one_day(grammar: Grammar, number: int) -> Days:
    return Days(str(number), on_days(frozenset([number])))


def _spring_days(grammar: Grammar) -> Days:
    draw = grammar.random
    if grammar.chance(0.5):
        return Days(draw.choice("**?"), _ANY.match)
    if grammar.hint is not None and grammar.chance(0.3):
        return _one_day(grammar, grammar.hint.day)
    if grammar.chance(0.5):
        part = grammar.listed(_DAYS)
        return Days(part.text, on_days(part.values))
    return _any_of([_spring_day(grammar) for _ in range(draw.choice((1, 1, 1, 2)))])


def _spring_day(grammar: Grammar) -> Days:
    number = grammar.random.randint(1, 31)
    kind = grammar.random.randrange(5)
    if kind == 0:
        return Days("L", before_the_end(0))
    if kind == 1:
        return Days("LW", last_weekday)
    if kind == 2:
        return Days(f"L-{number % 28 + 1}", before_the_end(number % 28 + 1))
    if kind == 3:
        return Days(f"{number}W", near_day_or_none(number))
    return _one_day(grammar, number)


def _spring_weekdays(grammar: Grammar) -> Days:
    draw = grammar.random
    if grammar.chance(0.5):
        return Days(draw.choice("**?"), _ANY.match)
    number = draw.randint(0, 7)
    if grammar.hint is not None and grammar.chance(0.3):
        number = weekday_of(grammar.hint)
        return Days(grammar.name(_SPRING_WEEKDAYS, number), on_weekdays(frozenset([number])))
    if grammar.chance(0.4):
        return _any_of([_spring_weekday(grammar) for _ in range(draw.choice((1, 1, 2)))])
    parts = [_spring_numbers(grammar) for _ in range(draw.choice((1, 1, 1, 2)))]
    return _any_of([Days(part.text, on_weekdays(part.values)) for part in parts])


def _spring_weekday(grammar: Grammar) -> Days:
    number = grammar.random.randint(0, 7)
    name = grammar.name(_SPRING_WEEKDAYS, number)
    if grammar.chance(0.5):
        return Days(f"{name}L", last_named(number % 7))
    ordinal = grammar.random.randint(1, 5)
    return Days(f"{name}#{ordinal}", nth_named(number % 7, ordinal))


def _spring_numbers(grammar: Grammar) -> Part:
    """Draw days of the week; `*` begins with Monday, and Sunday is 0, 7, or SUN, which reads 7."""
    draw = grammar.random
    step = draw.randint(1, 3)
    low, high = sorted((draw.randint(0, 7), draw.randint(0, 7)))
    field = Field(0, 7)
    kind = draw.randrange(5)
    if kind == 0:
        text, values = f"*/{step}", span(field, 1, 7, step)
    elif kind == 1:
        text, values = f"{low}/{step}", span(field, low, 7, step)
    elif kind == 2:
        text, values = f"{low}-{high}/{step}", span(field, low, high, step)
    elif kind == 3:
        text, values = f"{low}-{high}", span(field, low, high, 1)
    else:
        text, values = grammar.name(_SPRING_WEEKDAYS, low), frozenset([low])
    if text.startswith("7-"):  # at the beginning of a range Sunday is 0
        values = span(field, 0, high, 1 if "/" not in text else step)
    return Part(text, frozenset(value % 7 for value in values))


def _quartz_days(grammar: Grammar) -> Days:
    if grammar.chance(0.35):
        return Days("*", _ANY.match)
    if grammar.hint is not None and grammar.chance(0.3):
        return _one_day(grammar, grammar.hint.day)
    if grammar.chance(0.4):
        part = grammar.listed(Field(1, 31, wraps=True))
        return Days(part.text, on_days(part.values))
    number = grammar.random.randint(1, 31)
    return grammar.random.choice(
        [
            Days("L", before_the_end(0)),
            Days("LW", last_weekday),
            Days(f"L-{number - 1}", before_the_end(number - 1)),
            Days(f"L-{number - 1}W", near_the_end(number - 1)),
            Days(f"{number}W", near_day(number)),
        ]
    )


def _quartz_weekdays(grammar: Grammar) -> Days:
    draw = grammar.random
    if grammar.chance(0.2):
        return Days("*", _ANY.match)
    number = draw.randint(1, 7)
    if grammar.hint is not None and grammar.chance(0.3):
        number = weekday_of(grammar.hint) + 1
        return Days(grammar.name(_QUARTZ_WEEKDAYS, number), on_weekdays(frozenset([number - 1])))
    if grammar.chance(0.5):
        part = grammar.listed(_QUARTZ_WEEKDAYS)
        return Days(part.text, on_weekdays(frozenset(value - 1 for value in part.values)))
    name = grammar.name(_QUARTZ_WEEKDAYS, number)
    ordinal = draw.randint(1, 5)
    return draw.choice(
        [
            Days("L", on_weekdays(frozenset([6]))),
            Days(f"{name}L", last_named(number - 1)),
            Days(f"{name}#{ordinal}", nth_named(number - 1, ordinal)),
        ]
    )


def _year(grammar: Grammar) -> Part:
    draw = grammar.random
    low, high = sorted((draw.randint(1990, 2050), draw.randint(1990, 2050)))
    step = draw.randint(1, 4)
    return draw.choice(
        [
            Part("*", frozenset(range(1970, 2100))),
            Part(str(low), frozenset([low])),
            Part(f"{low},{high}", frozenset([low, high])),
            Part(f"{low}-{high}", frozenset(range(low, high + 1))),
            Part(f"{low}/{step}", frozenset(range(low, 2100, step))),
        ]
    )


def _any_of(fields: list[Days]) -> Days:
    return Days(",".join(each.text for each in fields), either([each.match for each in fields]))
