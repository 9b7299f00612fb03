"""Every zone of the database: where a native CronJob is called safe, robfig/cron answers as we do.

Around every change of clock, dense and sparse expressions that aim at it go to both. A zone
that is called safe shows no difference; one that is not has at least one, its witness.
Zones with the same changes are the same zone under two names, so one of them is asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import available_timezones

import pytest

from cronwright.schedule import Dialect, Terms, read
from tests.schedule.reference.agreement import disagreements
from tests.schedule.reference.cases import Case, ours, theirs
from tests.schedule.reference.changes import Change, changes_in, epoch, moment, offset_at
from tests.schedule.reference.grammar import WEEKDAYS
from tests.schedule.reference.programs import Program
from tests.schedule.reference.seed import SEED, numbers, reports

YEARS: Final = range(2020, 2041)
_HOUR: Final = 3600
_DAY: Final = 86_400


@cache
def zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones() - {"localtime"}))


@cache
def groups() -> tuple[tuple[str, ...], ...]:
    """Put zones together that do not differ in these years."""
    alike: dict[tuple[int, tuple[Change, ...]], list[str]] = defaultdict(list)
    first = epoch(datetime(YEARS.start, 1, 1, tzinfo=UTC))
    for zone in zones():
        changes = tuple(change for year in YEARS for change in changes_in(zone, year))
        alike[offset_at(zone, first), changes].append(zone)
    return tuple(map(tuple, alike.values()))


def expressions(change: Change) -> Iterator[str]:
    """Aim at a change of clock: at the hours around it, its day and the days beside it."""
    before = moment(change.instant + change.before)
    day = before.date() if before.hour or before.minute else before.date() - timedelta(days=1)
    yield from ("*/15 * * * *", "0 * * * *", "@daily", "@monthly", "@yearly", "30 */5 * * *")
    for hour in sorted({(before + timedelta(hours=each)).hour for each in range(-2, 3)}):
        yield f"0 {hour} * * *"
        yield f"*/20 {hour} {day.day},{(day + timedelta(days=1)).day} * *"
    for each in (day, day + timedelta(days=1)):
        yield f"0 12 {each.day} {each.month} *"
        yield f"18 3 * * {weekday(each)}"
        yield f"45 0 * {each.month} {weekday(each)}"
    hours = ",".join(str((before + timedelta(hours=each)).hour) for each in (-2, 0))
    yield f"*/15 {hours} * * *"
    yield f"30 {hours} * * *"


def weekday(day: date) -> str:
    return WEEKDAYS[day.isoweekday() % 7]


def cases(zone: str, years: Iterable[int], starts: tuple[int, ...]) -> Iterator[Case]:
    for year in years:
        for change in changes_in(zone, year):
            for text in expressions(change):
                for start in starts:
                    yield Case("standard", text, zone, change.instant + start, 3)


@cache
def is_safe(zone: str) -> bool:
    terms = Terms(schedule="*/15 1,3 * * *", time_zone=zone, dialect=Dialect.KUBERNETES)
    timetable = read(terms)
    assert timetable.native is not None or timetable.native_reason == "ZoneNotSafe"
    return timetable.native is not None


def questions(zone: str, years: Iterable[int], starts: tuple[int, ...]) -> Iterator[Case]:
    # An unsafe zone needs one difference in all the years, which may be in any of them.
    return cases(zone, years if is_safe(zone) else YEARS, starts)


def check(robfig: Program, years: Iterable[int], starts: tuple[int, ...], *, aliases: bool) -> None:
    asked = [case for group in groups() for case in questions(group[0], years, starts)]
    witnesses: dict[str, str] = {}
    for case, their in zip(asked, theirs(robfig, asked), strict=True):
        if case.zone not in witnesses:
            our = ours(case)
            if our != their:
                witnesses[case.zone] = f"{case}\n    ours   {our}\n    theirs {their}"
    names = {zone: group[0] for group in groups() for zone in (group if aliases else group[:1])}
    faults = []
    for zone, first in names.items():
        if is_safe(zone) and first in witnesses:
            faults.append(f"{zone} is called safe, but:\n{witnesses[first]}")
        if not is_safe(zone) and first not in witnesses:
            faults.append(f"{zone} is called unsafe, and no difference is found")
    report = (
        f"seed {SEED}: {len(names)} zones, {len(groups())} of them different, "
        f"{sum(map(is_safe, names))} safe; {len(asked):,} cases, {len(witnesses)} zones differ\n"
    )
    reports.append(report)
    assert not faults, report + "\n".join(faults)


def test_the_safe_zones_are_those_where_a_cronjob_fires_as_we_do(robfig: Program) -> None:
    years = numbers("zones").sample(YEARS, 3)
    check(robfig, years, (-_DAY, -_HOUR // 2), aliases=False)


@pytest.mark.soak
def test_the_safe_zones_are_those_where_a_cronjob_fires_as_we_do_at_full_size(
    robfig: Program,
) -> None:
    starts = (-35 * _DAY, -2 * _DAY, -_DAY, -5 * _HOUR, -_HOUR // 2, _HOUR // 2)
    check(robfig, YEARS, starts, aliases=True)


def test_go_reads_the_database_that_python_reads(robfig: Program) -> None:
    assert disagreements(robfig, "standard", zones(), YEARS) == {}
