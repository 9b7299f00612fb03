"""The evaluator against the rule itself: a slot is every instant whose local time matches.

The oracle walks a window minute by minute and asks the zone for the wall time of each.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cronwright.schedule import load_zone, next_slot, parse, previous_slot

MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def walk(text: str, zone: str, after: str, count: int) -> list[str]:
    expression, instant, found = parse(text), utc(after), []
    for _ in range(count):
        slot = next_slot(expression, load_zone(zone), instant)
        assert slot is not None
        found.append(f"{slot:%Y-%m-%dT%H:%M}")
        instant = slot
    return found


class TestBoundaries:
    """What next and previous mean at a slot itself and between two."""

    EXPRESSION = parse("*/10 * * * *")
    ZONE = load_zone("Etc/UTC")

    @pytest.mark.parametrize(
        ("instant", "following", "preceding"),
        [
            ("2026-01-01T00:10:00", "2026-01-01T00:20:00", "2026-01-01T00:10:00"),
            ("2026-01-01T00:10:00.000001", "2026-01-01T00:20:00", "2026-01-01T00:10:00"),
            ("2026-01-01T00:09:59.999999", "2026-01-01T00:10:00", "2026-01-01T00:00:00"),
            ("2026-01-01T00:09:59", "2026-01-01T00:10:00", "2026-01-01T00:00:00"),
            ("2026-01-01T00:10:01", "2026-01-01T00:20:00", "2026-01-01T00:10:00"),
            ("2025-12-31T23:59:59", "2026-01-01T00:00:00", "2025-12-31T23:50:00"),
        ],
    )
    def test_next_is_strictly_after_and_previous_may_be_now(
        self, instant: str, following: str, preceding: str
    ) -> None:
        assert next_slot(self.EXPRESSION, self.ZONE, utc(instant)) == utc(following)
        assert previous_slot(self.EXPRESSION, self.ZONE, utc(instant)) == utc(preceding)

    def test_an_instant_may_come_in_any_zone_and_slots_come_in_utc(self) -> None:
        instant = datetime(2026, 7, 1, 2, 5, tzinfo=load_zone("Europe/Berlin"))

        slot = next_slot(self.EXPRESSION, self.ZONE, instant)

        assert slot == utc("2026-07-01T00:10")
        assert slot is not None
        assert slot.tzinfo is UTC


class TestChangesOfClock:
    """Cases that robfig/cron, Spring or Quartz are known for, each by the rule."""

    def test_a_fixed_hour_in_the_gap_is_skipped(self) -> None:
        assert walk("30 2 * * *", "America/New_York", "2024-03-09T06:00", 2) == [
            "2024-03-09T07:30",
            "2024-03-11T06:30",
        ]

    def test_a_fixed_hour_in_the_overlap_is_due_twice(self) -> None:
        assert walk("30 1 * * *", "America/New_York", "2024-11-02T06:00", 3) == [
            "2024-11-03T05:30",
            "2024-11-03T06:30",
            "2024-11-04T06:30",
        ]

    def test_hours_go_on_evenly_over_gap_and_overlap(self) -> None:
        assert walk("0 * * * *", "America/New_York", "2024-03-10T05:30", 3) == [
            "2024-03-10T06:00",
            "2024-03-10T07:00",
            "2024-03-10T08:00",
        ]
        assert walk("0 * * * *", "America/New_York", "2024-11-03T04:30", 3) == [
            "2024-11-03T05:00",
            "2024-11-03T06:00",
            "2024-11-03T07:00",
        ]

    def test_a_day_whose_midnight_is_skipped_is_still_a_day(self) -> None:
        assert walk("0 12 28 * *", "Africa/Cairo", "2023-04-27T12:00", 1) == ["2023-04-28T09:00"]
        assert walk("0 12 * * FRI", "Africa/Cairo", "2023-04-27T12:00", 1) == ["2023-04-28T09:00"]

    def test_a_skipped_midnight_itself_is_not_due(self) -> None:
        assert walk("0 0 * * *", "Africa/Cairo", "2023-04-26T23:00", 2) == [
            "2023-04-28T21:00",
            "2023-04-29T21:00",
        ]

    def test_a_weekday_is_that_weekday_after_a_skipped_midnight(self) -> None:
        assert walk("30 4 * * SAT", "America/Havana", "2023-03-11T20:00", 1) == ["2023-03-18T08:30"]

    def test_a_skipped_midnight_of_the_first_of_a_month_loses_no_year(self) -> None:
        assert walk("@yearly", "America/Asuncion", "2022-06-01T00:00", 3) == [
            "2023-01-01T03:00",
            "2024-01-01T03:00",
            "2025-01-01T03:00",
        ]

    def test_half_an_hour_forward(self) -> None:
        assert walk("0 4 * * *", "Australia/Lord_Howe", "2024-10-04T15:00", 3) == [
            "2024-10-04T17:30",
            "2024-10-05T17:00",
            "2024-10-06T17:00",
        ]

    def test_an_overlap_at_a_quarter_to_four(self) -> None:
        assert walk("*/15 1,3 * * *", "Pacific/Chatham", "2024-04-06T13:10", 6) == [
            "2024-04-06T13:15",
            "2024-04-06T13:30",
            "2024-04-06T13:45",
            # 03:45 is 02:45 again; then 03:00 comes a second time.
            "2024-04-06T14:15",
            "2024-04-06T14:30",
            "2024-04-06T14:45",
        ]

    def test_an_overlap_of_two_hours(self) -> None:
        assert walk("30 1,3 * * *", "Antarctica/Troll", "2022-10-29T22:30", 3) == [
            "2022-10-29T23:30",
            "2022-10-30T01:30",
            "2022-10-30T03:30",
        ]

    def test_an_overlap_that_leads_back_into_the_day_before(self) -> None:
        # In St. John's the clock went from 00:01 back to 23:01.
        assert walk("30 23 6 11 *", "America/St_Johns", "2010-11-06T12:00", 2) == [
            "2010-11-07T02:00",
            "2010-11-07T03:00",
        ]

    def test_a_day_that_never_was(self) -> None:
        # Samoa went from the 29th to the 31st of December.
        assert walk("0 12 * * *", "Pacific/Apia", "2011-12-29T12:00", 2) == [
            "2011-12-29T22:00",
            "2011-12-30T22:00",
        ]
        assert walk("0 12 30 12 *", "Pacific/Apia", "2011-12-29T12:00", 1) == ["2012-12-29T22:00"]


class TestRareDays:
    """Days that are years apart, or that never come."""

    def test_a_leap_day_is_found_over_a_century_that_has_none(self) -> None:
        assert walk("0 0 29 2 *", "Etc/UTC", "2096-03-01T00:00", 1) == ["2104-02-29T00:00"]

    def test_a_century_divided_by_four_has_its_leap_day(self) -> None:
        assert walk("0 0 29 2 *", "Etc/UTC", "1999-01-01T00:00", 1) == ["2000-02-29T00:00"]

    def test_a_leap_day_is_found_backwards_too(self) -> None:
        slot = previous_slot(parse("0 0 29 2 *"), load_zone("Etc/UTC"), utc("2104-02-28T00:00"))

        assert slot == utc("2096-02-29T00:00")

    @pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30,31 2 *"])
    def test_a_day_that_no_calendar_has_is_never_due(self, text: str) -> None:
        for zone in ("Etc/UTC", "Africa/Cairo"):
            assert next_slot(parse(text), load_zone(zone), utc("2026-01-01T00:00")) is None
            assert previous_slot(parse(text), load_zone(zone), utc("2026-01-01T00:00")) is None

    @pytest.mark.parametrize("zone", ["Etc/UTC", "Asia/Tokyo", "America/New_York", "Pacific/Apia"])
    def test_time_ends_where_datetime_does(self, zone: str) -> None:
        expression = parse("* * * * *")

        assert next_slot(expression, load_zone(zone), datetime.max.replace(tzinfo=UTC)) is None
        assert previous_slot(expression, load_zone(zone), datetime.min.replace(tzinfo=UTC)) is None
        assert next_slot(expression, load_zone(zone), datetime.min.replace(tzinfo=UTC))
        assert previous_slot(expression, load_zone(zone), datetime.max.replace(tzinfo=UTC))


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


def forwards(text: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    slot = next_slot(parse(text), load_zone(zone), start)
    while slot is not None and slot <= end:
        yield slot
        slot = next_slot(parse(text), load_zone(zone), slot)


def backwards(text: str, zone: str, start: datetime, end: datetime) -> Iterator[datetime]:
    slot = previous_slot(parse(text), load_zone(zone), end)
    while slot is not None and slot > start:
        yield slot
        slot = previous_slot(parse(text), load_zone(zone), slot - timedelta(microseconds=1))


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=25, deadline=None)
@given(meaning=FREQUENT)
def test_around_a_change_the_slots_are_those_of_the_rule(
    zone: str, change: str, meaning: Meaning
) -> None:
    start, end = utc(change) - timedelta(hours=14), utc(change) + timedelta(hours=14)

    expected = by_the_rule(meaning, zone, start, end)

    assert list(forwards(meaning.text, zone, start, end)) == expected
    assert list(backwards(meaning.text, zone, start, end)) == expected[::-1]


@settings(max_examples=300, deadline=None)
@given(
    meaning=MEANINGS,
    zone=st.sampled_from(sorted({zone for zone, _ in CHANGES})),
    instant=st.datetimes(datetime(1950, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_walking_on_is_strictly_increasing_and_walking_back_meets_the_same(
    meaning: Meaning, zone: str, instant: datetime
) -> None:
    expression, place = parse(meaning.text), load_zone(zone)
    before = instant
    for _ in range(20):
        slot = next_slot(expression, place, before)
        if slot is None:
            assert previous_slot(expression, place, instant) is None
            break
        assert slot > before
        assert meaning.matches(slot.astimezone(place))
        assert previous_slot(expression, place, slot) == slot
        earlier = previous_slot(expression, place, slot - timedelta(microseconds=1))
        assert earlier == before if before != instant else earlier is None or earlier <= instant
        before = slot
