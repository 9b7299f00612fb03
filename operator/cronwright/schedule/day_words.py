"""The days of an expression in words: "on the last Friday of the month in March"."""

from cronwright.schedule.days import EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY, DayRule
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.listing import joined, ordinal, plural, runs_of

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NUMBERS = ("first", "second", "third", "fourth", "fifth")


def days_in_words(expression: CronExpression) -> str:
    """Say on which days, in which months and years; nothing where that is all of them."""
    days, months, years = expression.days, "", ""
    if expression.months != EVERY_MONTH:
        months = f" in {_named(_values(expression.months), _MONTHS, 1)}"
    if expression.years is not None:
        spans = [
            f"{first}" if first == last else f"{first} to {last}"
            for first, last in runs_of(_values(expression.years))
        ]
        years = (
            f" in {joined(_shortened(spans))}" if not months else f" of {joined(_shortened(spans))}"
        )
    return f"{_on_days(days)}{months}{years}"


def _on_days(rule: DayRule) -> str:
    of_month, of_week = _days_of_month(rule), _days_of_week(rule)
    every_day, every_weekday = rule.days == EVERY_DAY, rule.weekdays == EVERY_WEEKDAY
    if (every_day and every_weekday) or (rule.either and (every_day or every_weekday)):
        return ""
    if every_day:
        return f" on {of_week}"
    if every_weekday:
        return f" on {of_month}"
    return (
        f" on {of_month} or on {of_week}" if rule.either else f" on {of_week} if it is {of_month}"
    )


def _days_of_month(rule: DayRule) -> str:
    words = [plural("day", _values(rule.days))] if rule.days else []
    words += ["the last day" if not back else _before_last(back) for back in _values(rule.last)]
    words += [f"the working day nearest to day {day}" for day in _values(rule.nearest)]
    words += [
        f"the working day nearest to {_before_last(back)}" if back else "the last working day"
        for back in _values(rule.nearest_last)
    ]
    return f"{joined(words, 'or')} of the month" if words else "no day"


def _days_of_week(rule: DayRule) -> str:
    words = [_named(_from_monday(rule.weekdays), _WEEKDAYS)] if rule.weekdays else []
    special = [f"the last {_WEEKDAYS[day]}" for day in _values(rule.last_weekdays)]
    special += [
        f"the {_NUMBERS[number - 1]} {_WEEKDAYS[day]}"
        for day, number in sorted(rule.nth, key=lambda each: (each[1], each[0]))
    ]
    if special:
        words.append(f"{joined(special)} of the month")
    return joined(words) or "no day"


def _before_last(back: int) -> str:
    return f"the {ordinal(back)} day before the last" if back > 1 else "the day before the last"


def _from_monday(weekdays: int) -> list[int]:
    """List days of the week from Monday on, with 7 for Sunday at the end."""
    return [day for day in range(1, 8) if weekdays >> day % 7 & 1]


def _named(values: list[int], names: tuple[str, ...], first: int = 0) -> str:
    def name(value: int) -> str:
        return names[(value - first) % len(names)]

    return joined(
        [
            name(begin) if begin == end else f"{name(begin)} to {name(end)}"
            for begin, end in runs_of(values)
        ]
    )


def _shortened(words: list[str]) -> list[str]:
    most = 8
    return words if len(words) <= most else [*words[:most], f"{len(words) - most} more"]


def _values(bits: int) -> list[int]:
    return [value for value in range(bits.bit_length()) if bits >> value & 1]
