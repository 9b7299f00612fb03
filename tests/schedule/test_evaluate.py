from datetime import UTC, datetime

import pytest

from cronwright.schedule import Dialect, Terms, Timetable, load_zone, read


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def timetable(text: str, zone: str = "Etc/UTC") -> Timetable:
    return read(Terms(schedule=text, time_zone=zone, dialect=Dialect.KUBERNETES))


def walk(text: str, zone: str, after: str, count: int) -> list[str]:
    times, instant, found = timetable(text, zone), utc(after), []
    for _ in range(count):
        slot = times.next(instant)
        assert slot is not None
        found.append(f"{slot:%Y-%m-%dT%H:%M}")
        instant = slot
    return found


class TestBoundaries:
    """What next and previous mean at a slot itself and between two."""

    TIMES = timetable("*/10 * * * *")

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
        assert self.TIMES.next(utc(instant)) == utc(following)
        assert self.TIMES.last(utc(instant)) == utc(preceding)

    def test_an_instant_may_come_in_any_zone_and_slots_come_in_utc(self) -> None:
        instant = datetime(2026, 7, 1, 2, 5, tzinfo=load_zone("Europe/Berlin"))

        slot = self.TIMES.next(instant)

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
        slot = timetable("0 0 29 2 *").last(utc("2104-02-28T00:00"))

        assert slot == utc("2096-02-29T00:00")

    @pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30,31 2 *"])
    def test_a_day_that_no_calendar_has_is_never_due(self, text: str) -> None:
        for zone in ("Etc/UTC", "Africa/Cairo"):
            assert timetable(text, zone).next(utc("2026-01-01T00:00")) is None
            assert timetable(text, zone).last(utc("2026-01-01T00:00")) is None

    @pytest.mark.parametrize("zone", ["Etc/UTC", "Asia/Tokyo", "America/New_York", "Pacific/Apia"])
    def test_time_ends_where_datetime_does(self, zone: str) -> None:
        times = timetable("* * * * *", zone)

        assert times.next(datetime.max.replace(tzinfo=UTC)) is None
        assert times.last(datetime.min.replace(tzinfo=UTC)) is None
        assert times.next(datetime.min.replace(tzinfo=UTC))
        assert times.last(datetime.max.replace(tzinfo=UTC))
