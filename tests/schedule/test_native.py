"""Which schedules one CronJob can carry, why others can't, and what all of them are in words."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cronwright.schedule import (
    Dialect,
    RepeatedTime,
    SkippedTime,
    Terms,
    native,
    read,
)
from cronwright.schedule.safety import danger_of
from cronwright.schedule.zone import load_zone

KUBERNETES, SPRING, QUARTZ = Dialect
BERLIN, CAIRO = "Europe/Berlin", "Africa/Cairo"

NATIVE = {
    "five fields as they stand": (Terms(schedule=" 0  2 * * ?"), "0  2 * * ?"),
    "a shorthand as it stands": (Terms(schedule="@daily"), "@daily"),
    "Sunday as 0": (Terms(schedule="0 2 * * 5-7"), "0 2 * * 0,5,6"),
    "six fields at second 0": (Terms(schedule="0 0 2 ? * MON-FRI"), "0 2 ? * MON-FRI"),
    "seven fields of every year": (Terms(schedule="0 0 2 1 * ? *"), "0 2 1 * ?"),
    "one of several schedules": (Terms(schedules=("0 2 * * *",)), "0 2 * * *"),
    "both day fields, one being enough": (
        Terms(schedule="0 0 2 1 * MON", dialect=KUBERNETES), "0 2 1 * MON",
    ),
    "Spring's names and joined stars": (
        Terms(schedule="0 */15 9-17 * * MON-FRI", dialect=SPRING, time_zone=BERLIN),
        "*/15 9-17 * * 1-5",
    ),
    "Spring's steps over days of the week": (
        Terms(schedule="0 0 0 * * */2", dialect=SPRING), "0 0 * * 0,1,3,5",
    ),
    "Quartz's numbers, where no time comes twice": (
        Terms(schedule="0 0 2 ? * 2,7", dialect=QUARTZ), "0 2 * * 1,6",
    ),
    "Quartz, where both times are wanted": (
        Terms(
            schedule="0 0 2 ? * FRI-MON", dialect=QUARTZ, time_zone=BERLIN,
            repeated_time=RepeatedTime.TWICE,
        ),
        "0 2 * * 0,1,5,6",
    ),
    "once at a time that never comes twice": (
        Terms(schedule="0 2 * * *", time_zone="Asia/Tokyo", repeated_time=RepeatedTime.LAST),
        "0 2 * * *",
    ),
    "what is never due": (Terms(schedule="0 0 30 2 *", time_zone=BERLIN), "0 0 30 2 *"),
}  # fmt: skip


@pytest.mark.parametrize("case", NATIVE)
def test_a_cronjob_can_say(case: str) -> None:
    terms, expected = NATIVE[case]
    timetable = read(terms)

    assert timetable.native == (expected, terms.time_zone)
    assert timetable.native_reason == "FiveFields"
    assert expected in timetable.native_message


MANAGED = {
    "Interval": Terms(every="90s"),
    "OneShot": Terms(at="2026-12-24T18:00:00Z"),
    "NoSchedule": Terms(),
    "SeveralSchedules": Terms(schedules=("0 2 * * *", "0 3 * * *")),
    "Window": Terms(schedule="0 2 * * *", end_at="2026-12-24T18:00:00Z"),
    "Jitter": Terms(schedule="0 2 * * *", jitter="5m"),
    "Calendar": Terms(schedule="0 2 * * *", exclude=("2026-12-24",)),
    "Seconds": Terms(schedule="30 0 2 * * *"),
    "Years": Terms(schedule="0 0 2 * * ? 2026"),
    "LastDay": Terms(schedule="0 2 L * *"),
    "NearestWeekday": Terms(schedule="0 2 15W * *"),
    "LastWeekday": Terms(schedule="0 2 * * FRIL"),
    "NthWeekday": Terms(schedule="0 2 * * FRI#2"),
    "Dialect": Terms(schedule="0 0 2 13 * FRI", dialect=SPRING),
    "RepeatedTime": Terms(schedule="0 0 2 * * ?", dialect=QUARTZ, time_zone=BERLIN),
    "SkippedTime": Terms(
        schedule="0 2 * * *", skipped_time=SkippedTime.AFTER, time_zone=BERLIN
    ),
    "ZoneNotSafe": Terms(schedule="0 2 * * *", time_zone=CAIRO),
}  # fmt: skip


@pytest.mark.parametrize("reason", MANAGED)
def test_a_cronjob_can_not_say(reason: str) -> None:
    timetable = read(MANAGED[reason])

    assert timetable.native is None
    assert timetable.native_reason == reason
    assert timetable.native_message


def test_every_reason_is_explained() -> None:
    text = (Path(__file__).parents[2] / "docs" / "schedules.md").read_text()
    constants = (value for name, value in vars(native).items() if name.isupper())
    reasons = {value for value in constants if isinstance(value, str)}

    assert reasons == {*MANAGED, "FiveFields"}
    assert [reason for reason in reasons if f"| `{reason}` |" not in text] == []


@pytest.mark.parametrize(
    ("zone", "danger"),
    [
        ("Etc/UTC", None),
        ("Europe/Berlin", None),
        ("America/New_York", None),
        ("Asia/Kolkata", None),
        ("Australia/Adelaide", None),
        ("America/Nuuk", None),
        ("Africa/Casablanca", None),
        ("Africa/Cairo", "its clock skipped midnight in 2023"),
        ("America/Havana", "its clock skipped midnight in 2020"),
        ("America/Asuncion", "its clock skipped midnight in 2020"),
        ("Australia/Lord_Howe", "its clock moved by 30 minutes in 2020"),
        ("Pacific/Chatham", "its clock changed within an hour in 2020"),
        ("Antarctica/Troll", "its clock went back by 2 hours in 2020"),
    ],
)
def test_a_zone_is_safe_or_has_a_reason(zone: str, danger: str | None) -> None:
    assert danger_of(load_zone(zone)) == danger


@st.composite
def spring_and_quartz(draw: st.DrawFn) -> Terms:
    """Draw six fields of which one day field is free."""
    numbers = st.lists(st.integers(0, 59), min_size=1, max_size=9, unique=True)
    minutes = ",".join(map(str, draw(numbers)))
    hours = f"{draw(st.integers(0, 23))}/{draw(st.integers(1, 23))}"
    month = draw(st.sampled_from(["*", "2/3", "JAN-MAR", "12"]))
    if draw(st.booleans()):
        days, weekdays = f"{draw(st.integers(1, 31))}/{draw(st.integers(1, 31))}", "?"
    else:
        days = "?"
        weekdays = ",".join(map(str, draw(st.sets(st.integers(1, 7), min_size=1))))
    dialect = draw(st.sampled_from([SPRING, QUARTZ]))
    return Terms(schedule=f"0 {minutes} {hours} {days} {month} {weekdays}", dialect=dialect)


@settings(max_examples=200)
@given(terms=spring_and_quartz())
def test_the_five_fields_have_the_slots_of_the_dialect(terms: Terms) -> None:
    timetable = read(terms)
    after = datetime(2026, 1, 1, tzinfo=UTC)

    assert timetable.native
    same = read(Terms(schedule=timetable.native.schedule, dialect=KUBERNETES))
    assert same.native is not None
    assert same.native.schedule == timetable.native.schedule
    assert list(islice(same.slots(after), 20)) == list(islice(timetable.slots(after), 20))
    until = after + timedelta(days=800)
    assert same.count(after, until) == timetable.count(after, until)
    assert same.sentence == timetable.sentence
