"""Timetables against the rule itself, with every term that bears on it.

The oracle walks a window around a change of clock in steps of ten seconds and asks the zone what
its clock shows; what an expression, a calendar and the terms mean is known from how they were put
together, apart from the package. Expressions name seconds that are multiples of ten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cronwright.schedule import RepeatedTime, SkippedTime, Terms, Timetable, read

STEP = timedelta(seconds=10)
HALF = timedelta(hours=7)

# A zone, and an instant close to a change of its clock.
CHANGES = [
    ("Africa/Cairo", "2023-04-27T22:00"),
    ("Africa/Cairo", "2023-10-26T21:00"),
    ("America/Havana", "2023-03-12T05:00"),
    ("America/Havana", "2022-11-06T05:00"),
    ("Australia/Lord_Howe", "2024-10-05T15:30"),
    ("Australia/Lord_Howe", "2024-04-06T15:00"),
    ("Pacific/Chatham", "2024-04-06T14:00"),
    ("Antarctica/Troll", "2022-10-30T01:00"),
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/St_Johns", "2010-11-07T02:31"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("America/Nuuk", "2032-03-28T01:00"),
    ("Etc/UTC", "2026-12-31T23:00"),
]

Test = Callable[[datetime], bool]


@dataclass(frozen=True)
class Said:
    """A text, and which wall times it means."""

    text: str
    means: Test

    def __repr__(self) -> str:
        return self.text


def values(first: int, last: int, step: int = 1) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    one = st.integers(first // step, last // step).map(lambda value: value * step)
    whole = ("*", frozenset(range(first, last + 1)))

    def ranged(low: int, high: int) -> tuple[str, frozenset[int]]:
        low, high = sorted((low, high))
        return f"{low}-{high}/{step}", frozenset(range(low, high + 1, step))

    def listed(numbers: set[int]) -> tuple[str, frozenset[int]]:
        return ",".join(map(str, sorted(numbers))), frozenset(numbers)

    lists = st.sets(one, min_size=1, max_size=4).map(listed)
    ranges = st.builds(ranged, one, one)
    return st.one_of(st.just(whole), lists, ranges) if step == 1 else st.one_of(lists, ranges)


@st.composite
def expressions(draw: st.DrawFn) -> Said:
    second, seconds = draw(values(0, 50, 10))
    minute, minutes = draw(values(0, 59))
    hour, hours = draw(values(0, 23))
    by_weekday = draw(st.booleans())
    day, days = ("?", frozenset(range(32))) if by_weekday else draw(values(1, 31))
    weekday, weekdays = draw(values(0, 6)) if by_weekday else ("?", frozenset(range(7)))

    def means(wall: datetime) -> bool:
        return (
            wall.second in seconds
            and wall.minute in minutes
            and wall.hour in hours
            and wall.day in days
            and wall.isoweekday() % 7 in weekdays
        )

    return Said(f"{second} {minute} {hour} {day} * {weekday}", means)


@st.composite
def calendars(draw: st.DrawFn, about: datetime) -> Said:
    kind = draw(st.sampled_from(["day", "days", "times", "hours"]))
    if kind == "hours":
        hour, hours = draw(values(0, 23))
        return Said(f"* {hour} * * *", lambda wall: wall.hour in hours)
    start = about.replace(tzinfo=None) + timedelta(minutes=draw(st.integers(-2000, 2000)))
    end = start + timedelta(minutes=draw(st.integers(0, 1500)))
    first, last = f"{start:%Y-%m-%d}", f"{end:%Y-%m-%d}"
    if kind == "day":
        return Said(first, lambda wall: f"{wall:%Y-%m-%d}" == first)
    if kind == "days":
        return Said(f"{first}..{last}", lambda wall: first <= f"{wall:%Y-%m-%d}" <= last)
    begin, until = f"{start:%Y-%m-%dT%H:%M:%S}", f"{end:%Y-%m-%dT%H:%M:%S}"
    return Said(f"{begin}/{until}", lambda wall: begin <= f"{wall:%Y-%m-%dT%H:%M:%S}" <= until)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Rule:
    """What the terms mean together."""

    expressions: list[Said]
    calendars: list[Said]
    repeated: RepeatedTime
    skipped: SkippedTime
    zone: ZoneInfo

    def named(self, wall: datetime) -> bool:
        return any(each.means(wall) for each in self.expressions)

    def taken(self, wall: datetime) -> bool:
        return any(each.means(wall) for each in self.calendars)

    def holds(self, instant: datetime) -> bool:
        wall = instant.astimezone(self.zone)
        if self.taken(wall):
            return False
        if self.skipped is SkippedTime.AFTER and self._ends_gap(instant):
            return True
        if not self.named(wall):
            return False
        # Of a time that comes twice, the second one has another offset.
        other = wall.replace(fold=1 - wall.fold)
        if wall.utcoffset() == other.utcoffset() or self.repeated is RepeatedTime.TWICE:
            return True
        return wall.fold == (0 if self.repeated is RepeatedTime.FIRST else 1)

    def _ends_gap(self, instant: datetime) -> bool:
        """Whether a time was skipped just before an instant that is named and not taken out."""
        before = (instant - STEP).astimezone(self.zone).replace(tzinfo=None) + STEP
        now = instant.astimezone(self.zone).replace(tzinfo=None)
        skipped = (before + STEP * number for number in range(max((now - before) // STEP, 0)))
        return any(self.named(wall) and not self.taken(wall) for wall in skipped)

    def slots(self, start: datetime, end: datetime) -> list[datetime]:
        """List the slots after one instant, up to another."""
        count = (end - start) // STEP
        instants = (start + STEP * number for number in range(1, count + 1))
        return [instant for instant in instants if self.holds(instant)]


def forwards(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    found = []
    for slot in timetable.slots(start):
        if slot.nominal > end:
            break
        found.append(slot.nominal)
    return found


def backwards(timetable: Timetable, start: datetime, end: datetime) -> list[datetime]:
    found, slot = [], timetable.last(end)
    while slot is not None and slot > start:
        found.append(slot)
        slot = timetable.last(slot - timedelta(microseconds=1))
    return found


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=12)
@given(data=st.data())
def test_around_a_change_the_slots_are_those_of_the_rule(
    zone: str, change: str, data: st.DataObject
) -> None:
    about = utc(change)
    rule = Rule(
        data.draw(st.lists(expressions(), min_size=1, max_size=3)),
        data.draw(st.lists(calendars(about), max_size=3)),
        data.draw(st.sampled_from(RepeatedTime)),
        data.draw(st.sampled_from(SkippedTime)),
        ZoneInfo(zone),
    )
    timetable = read(
        Terms(
            schedules=tuple(each.text for each in rule.expressions),
            exclude=tuple(each.text for each in rule.calendars),
            repeated_time=rule.repeated,
            skipped_time=rule.skipped,
            time_zone=zone,
        )
    )
    start, end = about - HALF, about + HALF

    expected = rule.slots(start, end)

    assert forwards(timetable, start, end) == expected
    assert backwards(timetable, start, end) == expected[::-1]
    assert timetable.count(start, end) == len(expected)
    bare = Rule(rule.expressions, [], rule.repeated, rule.skipped, rule.zone)
    assert timetable.count_excluded(start, end) == len(bare.slots(start, end)) - len(expected)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=8)
@given(data=st.data())
def test_an_interval_counts_on_over_a_change_without_what_calendars_take(
    zone: str, change: str, data: st.DataObject
) -> None:
    about = utc(change)
    step = data.draw(st.sampled_from([10, 30, 90, 420, 3600, 5400, 86_400, 90_000]))
    anchor = about - timedelta(seconds=10 * data.draw(st.integers(0, 20_000)))
    found = data.draw(st.lists(calendars(about), max_size=3))
    rule = Rule([], found, RepeatedTime.TWICE, SkippedTime.SKIP, ZoneInfo(zone))
    timetable = read(
        Terms(
            every=f"{step}s",
            start_at=anchor.isoformat(),
            exclude=tuple(each.text for each in found),
            time_zone=zone,
        )
    )
    start, end = about - HALF, about + HALF

    expected = [
        slot
        for number in range((end - anchor) // timedelta(seconds=step) + 1)
        if (slot := anchor + timedelta(seconds=step) * number) > start
        and not rule.taken(slot.astimezone(rule.zone))
    ]

    assert forwards(timetable, start, end) == expected
    assert backwards(timetable, start, end) == expected[::-1]
    assert timetable.count(start, end) == len(expected)
