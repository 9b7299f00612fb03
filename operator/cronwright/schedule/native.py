"""Native or managed: the CronJob that is provably equal to a schedule, or why there is none.

A CronJob has five fields, one zone, and robfig/cron's meaning of both. Each reason is a constant
here; timetable.py shows it, and the status carries it as `modeReason`.
"""

from typing import Final, NamedTuple

from cronwright.schedule.days import EVERY_DAY, EVERY_WEEKDAY
from cronwright.schedule.evaluate import Clock
from cronwright.schedule.exclusion import NOTHING
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.reading import Reading
from cronwright.schedule.safety import changes_of, danger_of
from cronwright.schedule.terms import RepeatedTime, SkippedTime

# The task is native: five fields say what it says.
FIVE_FIELDS: Final = "FiveFields"
# There is no schedule: the task runs when it is asked to.
NO_SCHEDULE: Final = "NoSchedule"
# There are several expressions.
SEVERAL_SCHEDULES: Final = "SeveralSchedules"
# The slots are counted from an instant (`every`, `@every`).
INTERVAL: Final = "Interval"
# There is one slot (`at`).
ONE_SHOT: Final = "OneShot"
# The slots count between `startAt` and `endAt` only.
WINDOW: Final = "Window"
# Each slot is put off by an amount of its own.
JITTER: Final = "Jitter"
# Calendars take slots out.
CALENDAR: Final = "Calendar"
# Slots are within a minute, or several in one.
SECONDS: Final = "Seconds"
# The expression names years.
YEARS: Final = "Years"
# The expression names the last day of the month, or one counted back from it (`L`, `L-3`).
LAST_DAY: Final = "LastDay"
# The expression names the working day nearest to a day (`15W`, `LW`).
NEAREST_WEEKDAY: Final = "NearestWeekday"
# The expression names the last of some day of the week in the month (`FRIL`).
LAST_WEEKDAY: Final = "LastWeekday"
# The expression names the first to fifth of some day of the week in the month (`FRI#2`).
NTH_WEEKDAY: Final = "NthWeekday"
# The dialect joins the two day fields as five fields can't.
DIALECT: Final = "Dialect"
# Wall times that the zone repeats are due once.
REPEATED_TIME: Final = "RepeatedTime"
# Wall times that the zone skips are due after the gap.
SKIPPED_TIME: Final = "SkippedTime"
# The CronJob controller loses or misplaces slots over the zone's changes of clock.
ZONE_NOT_SAFE: Final = "ZoneNotSafe"


class NativeForm(NamedTuple):
    """The schedule and the zone of a CronJob."""

    schedule: str
    time_zone: str


class Mode(NamedTuple):
    """What a CronJob would need, if one can do it; the reason, and a sentence for people."""

    native: NativeForm | None
    reason: str
    message: str


def mode_of(reading: Reading) -> Mode:
    """Decide who fires the slots of a task, by everything it says about when."""
    found = _of_terms(reading)
    if found:
        return found
    expression = reading.expressions[0]
    found = _of_expression(expression) or _of_clock(reading.clock)
    if found:
        return found
    schedule = expression.native or _five_fields(expression)
    form = NativeForm(schedule, reading.clock.zone.key)
    return Mode(form, FIVE_FIELDS, f'a CronJob says the same: "{schedule}", {form.time_zone}')


def _of_terms(reading: Reading) -> Mode | None:
    windowed = reading.terms.start_at is not None or reading.terms.end_at is not None
    checks = (
        (reading.every, INTERVAL, "a CronJob does not count from an instant"),
        (reading.at is not None, ONE_SHOT, "a CronJob has no single run"),
        (not reading.expressions, NO_SCHEDULE, "the task runs when it is asked to"),
        (len(reading.expressions) > 1, SEVERAL_SCHEDULES, "a CronJob has one schedule"),
        (windowed, WINDOW, "a CronJob has neither start nor end"),
        (reading.jitter, JITTER, "a CronJob spreads no runs"),
        (reading.exclusion != NOTHING, CALENDAR, "a CronJob knows no calendars"),
    )
    return _first_that_holds(checks)


def _of_expression(expression: CronExpression) -> Mode | None:
    days = expression.days
    checks = (
        (expression.times.seconds != 1, SECONDS, "a CronJob has no seconds"),
        (expression.years is not None, YEARS, "a CronJob has no years"),
        (days.last, LAST_DAY, "a CronJob can't count from the end of the month"),
        (
            days.nearest or days.nearest_last,
            NEAREST_WEEKDAY,
            "a CronJob knows no nearest working day",
        ),
        (days.last_weekdays, LAST_WEEKDAY, "a CronJob knows no last weekday of the month"),
        (days.nth, NTH_WEEKDAY, "a CronJob can't count the weekdays of a month"),
        (not days.days, LAST_DAY, "a CronJob can't count from the end of the month"),
        (not days.weekdays, NTH_WEEKDAY, "a CronJob can't count the weekdays of a month"),
        (
            not expression.native and days.days != EVERY_DAY and days.weekdays != EVERY_WEEKDAY,
            DIALECT,
            "to a CronJob one matching day field is enough, here both must match",
        ),
    )
    return _first_that_holds(checks)


def _of_clock(clock: Clock) -> Mode | None:
    zone, danger = clock.zone, danger_of(clock.zone)
    repeats_once = clock.repeated is not RepeatedTime.TWICE and changes_of(zone)
    moves_skipped = clock.skipped is not SkippedTime.SKIP and changes_of(zone)
    checks = (
        (repeats_once, REPEATED_TIME, f"a CronJob fires twice at times that {zone.key} repeats"),
        (moves_skipped, SKIPPED_TIME, f"a CronJob leaves out times that {zone.key} skips"),
        (danger, ZONE_NOT_SAFE, f"a CronJob loses or misplaces runs in {zone.key}: {danger}"),
    )
    return _first_that_holds(checks)


def _first_that_holds(checks: tuple[tuple[object, str, str], ...]) -> Mode | None:
    return next((Mode(None, reason, message) for so, reason, message in checks if so), None)


def _five_fields(expression: CronExpression) -> str:
    """Write the fields of another dialect anew; one day field is unrestricted there."""
    times, days = expression.times, expression.days
    return " ".join(
        (
            _field(times.minutes, 0, 59),
            _field(times.hours, 0, 23),
            _field(days.days, 1, 31),
            _field(expression.months, 1, 12),
            _field(days.weekdays, 0, 6),
        )
    )


def _field(bits: int, first: int, last: int) -> str:
    values = [value for value in range(first, last + 1) if bits >> value & 1]
    if len(values) == last - first + 1:
        return "*"
    step = values[1] - values[0] if len(values) > 2 else 0
    if step > 1 and values == list(range(values[0], values[-1] + 1, step)):
        end = values[-1]
        if values[0] == first and end + step > last:
            return f"*/{step}"
        return f"{values[0]}-{end}/{step}"
    return ",".join(_runs(values))


def _runs(values: list[int]) -> list[str]:
    """Write neighbours as ranges."""
    runs: list[list[int]] = []
    for value in values:
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return [
        str(run[0]) if len(run) == 1 else f"{run[0]}{',' if len(run) == 2 else '-'}{run[-1]}"
        for run in runs
    ]
