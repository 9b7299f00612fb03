"""The evaluator against the rule itself: a slot is every instant whose local time matches.

The oracle walks a window minute by minute and asks the zone for the wall time of each; what an
expression means is known from how it was put together, apart from `parse`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cronwright.schedule import Dialect, Terms, Timetable, load_zone, read

MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Values:
    """One field as text, with the values that it means."""

    text: str
    values: frozenset[int]
    star: bool


def elements(first: int, top: int, *, seven: bool = False) -> st.SearchStrategy[Values]:
    whole = frozenset(range(first, top + 1))
    value = st.integers(first, top)

    def ranged(low: int, high: int, step: int) -> Values:
        low, high = sorted((low, high))
        return Values(f"{low}-{high}/{step}", frozenset(range(low, high + 1, step)), star=False)

    def open_ended(low: int, step: int) -> Values:
        return Values(f"{low}/{step}", frozenset(range(low, top + 1, step)), star=False)

    def every(step: int) -> Values:
        return Values(f"*/{step}", frozenset(range(first, top + 1, step)), star=step == 1)

    choices = [
        st.sampled_from("*?").map(lambda star: Values(star, whole, star=True)),
        value.map(lambda each: Values(str(each), frozenset([each]), star=False)),
        st.builds(ranged, value, value, st.integers(1, top)),
        st.builds(open_ended, value, st.integers(1, top)),
        st.integers(1, top).map(every),
    ]
    if seven:
        choices.append(st.just(Values("5-7", frozenset([5, 6, 0]), star=False)))
    return st.one_of(*choices)


def fields(first: int, top: int, *, seven: bool = False) -> st.SearchStrategy[Values]:
    def joined(parts: list[Values]) -> Values:
        return Values(
            ",".join(part.text for part in parts),
            frozenset().union(*(part.values for part in parts)),
            star=any(part.star for part in parts),
        )

    return st.lists(elements(first, top, seven=seven), min_size=1, max_size=3).map(joined)


@dataclass(frozen=True)
class Meaning:
    """An expression as text, and whether a wall time matches, worked out apart from parse."""

    minute: Values
    hour: Values
    day: Values
    month: Values
    weekday: Values

    @property
    def text(self) -> str:
        return " ".join(
            each.text for each in (self.minute, self.hour, self.day, self.month, self.weekday)
        )

    def matches(self, wall: datetime) -> bool:
        on_day = wall.day in self.day.values
        on_weekday = wall.isoweekday() % 7 in self.weekday.values
        both = self.day.star or self.weekday.star
        return (
            wall.second == 0
            and wall.minute in self.minute.values
            and wall.hour in self.hour.values
            and wall.month in self.month.values
            and ((on_day and on_weekday) if both else (on_day or on_weekday))
        )


MEANINGS = st.builds(
    Meaning,
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=fields(1, 31),
    month=fields(1, 12),
    weekday=fields(0, 6, seven=True),
)

ANY = Values("*", frozenset(range(32)), star=True)

# Expressions that are due on most days, so that a window of some hours has slots.
FREQUENT = st.builds(
    Meaning,
    minute=fields(0, 59),
    hour=st.one_of(st.just(ANY), fields(0, 23)),
    day=st.one_of(st.just(ANY), fields(1, 31)),
    month=st.just(ANY),
    weekday=st.one_of(st.just(ANY), fields(0, 6, seven=True)),
)

# A zone, and an instant close to a change of its clock.
CHANGES = [
    ("Africa/Cairo", "2023-04-27T22:00"),
    ("Africa/Cairo", "2023-10-26T21:00"),
    ("America/Havana", "2023-03-12T05:00"),
    ("America/Havana", "2022-11-06T05:00"),
    ("America/Asuncion", "2023-10-01T04:00"),
    ("America/Asuncion", "2023-03-26T03:00"),
    ("Australia/Lord_Howe", "2024-10-05T15:30"),
    ("Australia/Lord_Howe", "2024-04-06T15:00"),
    ("Pacific/Chatham", "2024-04-06T14:00"),
    ("Pacific/Chatham", "2024-09-28T14:00"),
    ("Antarctica/Troll", "2022-10-30T01:00"),
    ("Antarctica/Troll", "2022-03-27T01:00"),
    ("America/New_York", "2024-03-10T07:00"),
    ("America/New_York", "2024-11-03T06:00"),
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/St_Johns", "2010-11-07T02:31"),
    ("America/Goose_Bay", "2010-03-14T04:01"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Pacific/Kwajalein", "1993-08-21T12:00"),
    ("Africa/Casablanca", "2026-02-15T02:00"),
    ("Africa/Monrovia", "1972-01-07T00:44"),
    ("America/Nuuk", "2032-03-28T01:00"),
    ("Asia/Pyongyang", "2018-05-04T15:00"),
    ("America/Caracas", "2016-05-01T07:00"),
    ("Atlantic/Azores", "2026-10-25T01:00"),
    ("Asia/Kolkata", "2026-01-01T00:00"),
]


def by_the_rule(meaning: Meaning, zone: str, start: datetime, end: datetime) -> list[datetime]:
    place = load_zone(zone)
    # A zone with an odd offset has its full minutes between those of UTC.
    step = MINUTE if start.astimezone(place).second == 0 else timedelta(seconds=1)
    count = math.ceil((end - start) / step)
    instants = (start + step * number for number in range(1, count + 1))
    return [instant for instant in instants if meaning.matches(instant.astimezone(place))]


def timetable(text: str, zone: str) -> Timetable:
    return read(Terms(schedule=text, time_zone=zone, dialect=Dialect.KUBERNETES))


def forwards(text: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    times = timetable(text, zone)
    slot = times.next(start)
    while slot is not None and slot <= end:
        yield slot
        slot = times.next(slot)


def backwards(text: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    times = timetable(text, zone)
    slot = times.last(end)
    while slot is not None and slot > start:
        yield slot
        slot = times.last(slot - timedelta(microseconds=1))


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=25)
@given(meaning=FREQUENT)
def test_around_a_change_the_slots_are_those_of_the_rule(
    zone: str, change: str, meaning: Meaning
) -> None:
    start, end = utc(change) - timedelta(hours=14), utc(change) + timedelta(hours=14)

    expected = by_the_rule(meaning, zone, start, end)

    assert list(forwards(meaning.text, zone, start, end)) == expected
    assert list(backwards(meaning.text, zone, start, end)) == expected[::-1]


@settings(max_examples=300)
@given(
    meaning=MEANINGS,
    zone=st.sampled_from(sorted({zone for zone, _ in CHANGES})),
    instant=st.datetimes(datetime(1950, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_walking_on_is_strictly_increasing_and_walking_back_meets_the_same(
    meaning: Meaning, zone: str, instant: datetime
) -> None:
    times, place = timetable(meaning.text, zone), load_zone(zone)
    before = instant
    for _ in range(20):
        slot = times.next(before)
        if slot is None:
            assert times.last(instant) is None
            break
        assert slot > before
        assert meaning.matches(slot.astimezone(place))
        assert times.last(slot) == slot
        earlier = times.last(slot - timedelta(microseconds=1))
        assert earlier == before if before != instant else earlier is None or earlier <= instant
        before = slot
