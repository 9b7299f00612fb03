"""Every zone of the database: where a native CronJob is called safe, robfig/cron answers as we do.

Around every change of clock, dense and sparse expressions that aim at it go to both. A zone
that is called safe shows no difference; one that is not has a witness, or a reason in `CAREFUL`.
Zones with the same changes are the same zone under two names, so one of them is asked.
"""

from collections import defaultdict
from collections.abc import Iterator
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

FEW_YEARS: Final = range(2020, 2029)
YEARS: Final = range(2020, 2041)
_HOUR: Final = 3600
_DAY: Final = 86_400
# Zones that are called unsafe without a witness, each with the reason.
CAREFUL: Final[dict[str, str]] = {}


@cache
def zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones() - {"localtime"}))


@cache
def groups(years: range) -> tuple[tuple[str, ...], ...]:
    """Put zones together that do not differ in these years."""
    alike: dict[tuple[int, tuple[Change, ...]], list[str]] = defaultdict(list)
    first = epoch(datetime(years.start, 1, 1, tzinfo=UTC))
    for zone in zones():
        changes = tuple(change for year in years for change in changes_in(zone, year))
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


def cases(zone: str, years: range, starts: tuple[int, ...]) -> Iterator[Case]:
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


def check(robfig: Program, years: range, starts: tuple[int, ...]) -> None:
    asked = [case for group in groups(years) for case in cases(group[0], years, starts)]
    witnesses: dict[str, str] = {}
    for case, their in zip(asked, theirs(robfig, asked), strict=True):
        if case.zone not in witnesses:
            our = ours(case)
            if our != their:
                witnesses[case.zone] = f"{case}\n    ours   {our}\n    theirs {their}"
    faults = []
    for group in groups(years):
        witness = witnesses.get(group[0])
        for zone in group:
            if is_safe(zone) and witness:
                faults.append(f"{zone} is called safe, but:\n{witness}")
            if not is_safe(zone) and not witness and zone not in CAREFUL:
                faults.append(f"{zone} is called unsafe, and no difference is found")
    report = (
        f"\n{len(zones())} zones, {len(groups(years))} of them different, {len(asked):,} cases: "
        f"{sum(map(is_safe, zones()))} zones are safe, {len(witnesses)} differ\n"
    )
    print(report)
    assert not faults, report + "\n".join(faults)


def test_the_safe_zones_are_those_where_a_cronjob_fires_as_we_do(robfig: Program) -> None:
    check(robfig, FEW_YEARS, (-_DAY, -_HOUR // 2))


@pytest.mark.soak
def test_the_safe_zones_are_those_where_a_cronjob_fires_as_we_do_at_full_size(
    robfig: Program,
) -> None:
    check(robfig, YEARS, (-35 * _DAY, -2 * _DAY, -5 * _HOUR, -_HOUR // 2, _HOUR // 2))


def test_go_reads_the_database_that_python_reads(robfig: Program) -> None:
    assert disagreements(robfig, "standard", zones(), YEARS) == {}
