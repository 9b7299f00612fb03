"""What a task's terms come to: slots, window, jitter, calendars, and the errors of each field."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cronwright.errors import FieldError
from cronwright.schedule import Dialect, RepeatedTime, SkippedTime, Terms, Timetable, read

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def following(timetable: Timetable, after: datetime = NEW_YEAR, count: int = 3) -> list[str]:
    return [f"{slot.nominal:%Y-%m-%dT%H:%M:%S}" for slot in islice(timetable.slots(after), count)]


SLOTS = {
    "six fields have the seconds first": (
        Terms(schedule="15 30 9 * * MON-FRI"),
        ["2026-01-01T09:30:15", "2026-01-02T09:30:15", "2026-01-05T09:30:15"],
    ),
    "seven fields have the year last": (
        Terms(schedule="0 0 12 24 12 ? 2027,2030-2031"),
        ["2027-12-24T12:00:00", "2030-12-24T12:00:00", "2031-12-24T12:00:00"],
    ),
    "the last day, also of February": (
        Terms(schedule="0 12 L * ?"),
        ["2026-01-31T12:00:00", "2026-02-28T12:00:00", "2026-03-31T12:00:00"],
    ),
    "a day counted back from the last": (
        Terms(schedule="0 0 0 L-30 * ?"),
        ["2026-03-01T00:00:00", "2026-05-01T00:00:00", "2026-07-01T00:00:00"],
    ),
    "the last working day": (
        Terms(schedule="0 0 0 LW * ?"),
        ["2026-01-30T00:00:00", "2026-02-27T00:00:00", "2026-03-31T00:00:00"],
    ),
    "the working day nearest to a Saturday and to a Sunday": (
        Terms(schedule="0 0 0 15W 2,3,8 ?"),
        ["2026-02-16T00:00:00", "2026-03-16T00:00:00", "2026-08-14T00:00:00"],
    ),
    "the nearest working day stays within its month": (
        Terms(schedule="0 0 0 1W,31W 5,8 ?"),
        ["2026-05-01T00:00:00", "2026-05-29T00:00:00", "2026-08-03T00:00:00"],
    ),
    "the last Friday": (
        Terms(schedule="0 0 2 ? * FRIL"),
        ["2026-01-30T02:00:00", "2026-02-27T02:00:00", "2026-03-27T02:00:00"],
    ),
    "the fifth Thursday, where there is one": (
        Terms(schedule="0 0 0 ? * 4#5"),
        ["2026-01-29T00:00:00", "2026-04-30T00:00:00", "2026-07-30T00:00:00"],
    ),
    "in five fields a restricted day of either kind is enough": (
        Terms(schedule="0 0 L * MON#1"),
        ["2026-01-05T00:00:00", "2026-01-31T00:00:00", "2026-02-02T00:00:00"],
    ),
    "Spring wants both day fields to match": (
        Terms(schedule="0 0 0 13 * FRI", dialect=Dialect.SPRING),
        ["2026-02-13T00:00:00", "2026-03-13T00:00:00", "2026-11-13T00:00:00"],
    ),
    "Kubernetes is content with one": (
        Terms(schedule="0 0 0 13 * FRI", dialect=Dialect.KUBERNETES),
        ["2026-01-02T00:00:00", "2026-01-09T00:00:00", "2026-01-13T00:00:00"],
    ),
    "Quartz counts from Sunday as 1": (
        Terms(schedule="0 0 0 ? * 1", dialect=Dialect.QUARTZ),
        ["2026-01-04T00:00:00", "2026-01-11T00:00:00", "2026-01-18T00:00:00"],
    ),
    "a date is one slot, named by however many schedules": (
        Terms(schedules=("0 9 * * *", "0 0 9,17 ? * THU")),
        ["2026-01-01T09:00:00", "2026-01-01T17:00:00", "2026-01-02T09:00:00"],
    ),
    "a star in a step of Spring's days of the week begins with Monday": (
        Terms(schedule="0 0 0 * * */3", dialect=Dialect.SPRING),
        ["2026-01-04T00:00:00", "2026-01-05T00:00:00", "2026-01-08T00:00:00"],
    ),
    "an interval counts from its start, which is its first slot": (
        Terms(every="90s", start_at="2026-01-01T00:00:01Z"),
        ["2026-01-01T00:00:01", "2026-01-01T00:01:31", "2026-01-01T00:03:01"],
    ),
    "an interval counts from the creation, which is no slot": (
        Terms(every="1d12h", created=utc("2026-01-01T06:00:00.5")),
        ["2026-01-02T18:00:00", "2026-01-04T06:00:00", "2026-01-05T18:00:00"],
    ),
    "@every is an interval": (
        Terms(schedule="@every 1h30m", created=NEW_YEAR),
        ["2026-01-01T01:30:00", "2026-01-01T03:00:00", "2026-01-01T04:30:00"],
    ),
    "an instant is one slot": (
        Terms(at="2026-12-24T18:00:00", time_zone="Europe/Berlin"),
        ["2026-12-24T17:00:00"],
    ),
    "nothing is never due": (Terms(), []),
    "the 30th of February is never due": (Terms(schedule="0 0 30 2 *"), []),
    "a sixth Monday is never due": (
        Terms(schedule="0 0 0 * * MON#6", dialect=Dialect.SPRING), [],
    ),
    "a window has both its ends": (
        Terms(
            schedule="0 * * * *", start_at="2026-01-01T05:00:00Z", end_at="2026-01-01T06:00:00Z"
        ),
        ["2026-01-01T05:00:00", "2026-01-01T06:00:00"],
    ),
    "calendars take out days, in the zone of the task": (
        Terms(schedule="0 */12 * * *", exclude=("2026-01-02",), time_zone="Asia/Tokyo"),
        ["2026-01-01T03:00:00", "2026-01-02T15:00:00", "2026-01-03T03:00:00"],
    ),
    "calendars take out ranges of days, both ends included": (
        Terms(schedule="0 0 * * *", exclude=("2026-01-02/2026-01-04", "2026-01-05..2026-01-06")),
        ["2026-01-07T00:00:00", "2026-01-08T00:00:00", "2026-01-09T00:00:00"],
    ),
    "calendars take out times, both ends included": (
        Terms(schedule="0 * * * *", exclude=("2026-01-01T01:00/2026-01-01T03:00:00",)),
        ["2026-01-01T04:00:00", "2026-01-01T05:00:00", "2026-01-01T06:00:00"],
    ),
    "five fields take out whole minutes": (
        Terms(schedule="*/20 * * * * *", exclude=("0-58 0 * * *",)),
        ["2026-01-01T00:59:00", "2026-01-01T00:59:20", "2026-01-01T00:59:40"],
    ),
    "five fields of a calendar are five in every dialect": (
        Terms(schedule="0 0 0 ? * *", exclude=("* * * * THU-SAT",), dialect=Dialect.QUARTZ),
        ["2026-01-04T00:00:00", "2026-01-05T00:00:00", "2026-01-06T00:00:00"],
    ),
    "six fields take out single seconds": (
        Terms(schedule="*/20 0 0 * * *", exclude=("20 * * * * *", "0 0 0 * * *")),
        ["2026-01-01T00:00:40", "2026-01-02T00:00:40", "2026-01-03T00:00:40"],
    ),
    "calendars that take all out leave nothing": (
        Terms(schedule="* * * * * *", exclude=("* 0-11 * * *", "* 12-23 * * *")), [],
    ),
    "an interval that goes in step with a calendar has nothing left": (
        Terms(every="2s", start_at="2026-01-01T00:00:00Z", exclude=("*/2 * * * * *",)), [],
    ),
    "an interval is found behind years that are taken out": (
        Terms(every="7h", start_at="2026-01-01T00:00:00Z", exclude=("2026-01-01/2126-01-01",)),
        ["2126-01-02T03:00:00", "2126-01-02T10:00:00", "2126-01-02T17:00:00"],
    ),
    "a time that is found behind years that are taken out": (
        Terms(schedule="0 0 * * *", exclude=("1000-01-01..3000-06-30T12:00",)),
        ["3000-07-01T00:00:00", "3000-07-02T00:00:00", "3000-07-03T00:00:00"],
    ),
    "calendars that name years": (
        Terms(schedule="0 0 1 1 *", exclude=("* * * * * ? 2026-2500", "* * * * * ? 2501/2")),
        ["2502-01-01T00:00:00", "2504-01-01T00:00:00", "2506-01-01T00:00:00"],
    ),
    "the last year of all has its slots": (
        Terms(schedule="0 0 0 31 12 ? 9999"), ["9999-12-31T00:00:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SLOTS)
def test_slots(case: str) -> None:
    terms, expected = SLOTS[case]

    assert following(read(terms)) == expected


CHANGES: dict[str, tuple[dict[str, Any], str, str, list[str]]] = {
    "a skipped time is left out": (
        {}, "30 2 * * *", "2026-03-28T12:00", ["2026-03-30T00:30:00"],
    ),
    "or due when the clock goes on": (
        {"skipped_time": SkippedTime.AFTER},
        "30 2 * * *", "2026-03-28T12:00", ["2026-03-29T01:00:00", "2026-03-30T00:30:00"],
    ),
    "several skipped times and one that is there are one slot": (
        {"skipped_time": SkippedTime.AFTER},
        "*/20 2,3 * * *", "2026-03-28T12:00", ["2026-03-29T01:00:00", "2026-03-29T01:20:00"],
    ),
    "a repeated time is due twice": (
        {}, "30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30:00", "2026-10-25T01:30:00"],
    ),
    "or the first time": (
        {"repeated_time": RepeatedTime.FIRST},
        "30 2 * * *", "2026-10-24T12:00", ["2026-10-25T00:30:00", "2026-10-26T01:30:00"],
    ),
    "or the last time": (
        {"repeated_time": RepeatedTime.LAST},
        "30 2 * * *", "2026-10-24T12:00", ["2026-10-25T01:30:00", "2026-10-26T01:30:00"],
    ),
    "the last time is what Quartz does": (
        {"dialect": Dialect.QUARTZ},
        "0 30 2 * * ?", "2026-10-24T12:00", ["2026-10-25T01:30:00", "2026-10-26T01:30:00"],
    ),
    "a year of one slot has both of a time that comes twice": (
        {}, "0 30 2 25 10 ? 2026", "2026-10-25T00:30", ["2026-10-25T01:30:00"],
    ),
    "an interval goes on evenly over a change": (
        {}, "@every 1h", "2026-10-24T23:30", ["2026-10-25T00:00:00", "2026-10-25T01:00:00"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGES)
def test_over_a_change_of_clock_in_berlin(case: str) -> None:
    terms, text, after, expected = CHANGES[case]
    timetable = read(Terms(schedule=text, time_zone="Europe/Berlin", **terms))

    assert following(timetable, utc(after), len(expected)) == expected


@pytest.mark.parametrize("hour", [1, 2])
def test_a_time_that_comes_twice_far_ahead_is_due_once_where_it_shall_be(hour: int) -> None:
    # At Troll the clock goes back by two hours; in 2224 a survey of the zone ends within these.
    text = f"0 30 {hour} 31 10 ? 2224"
    twice, first, last = (
        read(Terms(schedule=text, time_zone="Antarctica/Troll", repeated_time=repeated))
        for repeated in RepeatedTime
    )

    slots = [slot.nominal for slot in twice.slots(NEW_YEAR)]
    assert slots[1] - slots[0] == timedelta(hours=2)
    for timetable, expected in ((first, slots[:1]), (last, slots[1:])):
        assert [slot.nominal for slot in timetable.slots(NEW_YEAR)] == expected
        assert timetable.last(utc("2230-01-01T00:00:00")) == expected[0]
        assert timetable.count(NEW_YEAR, utc("2230-01-01T00:00:00")) == 1


ERRORS = {
    "spec.schedule": (Terms(schedule="0 24 * * *"), 'hour "24" at character 3 is above 23'),
    "spec.schedules[1]": (Terms(schedules=("0 2 * * *", "0 24 * * *")), 'hour "24"'),
    "spec.schedules": (Terms(schedules=("0 2 * * *",) * 11), "too many expressions; write at"),
    "spec.every": (Terms(every="1h1h"), "not a duration; write days, hours, minutes and seconds"),
    "spec.at": (Terms(at="tomorrow"), "no date-time; write a date-time such as"),
    "spec.timeZone": (Terms(time_zone="Europe/Berln"), "no such time zone; write an IANA name"),
    "spec.startAt": (Terms(start_at="2026-02-30T00:00:00Z"), "no date-time: day is out of range"),
    "spec.endAt": (
        Terms(start_at="2026-02-02T00:00:00Z", end_at="2026-02-01T00:00:00Z"),
        "before spec.startAt, 2026-02-02T00:00:00Z; write a later time",
    ),
    "spec.jitter": (Terms(jitter="0s"), "a duration must be longer than zero"),
    "spec.exclude[0]": (Terms(exclude=("2026-13-01",)), "no date: month must be in 1..12"),
    "spec.exclude[1]": (
        Terms(exclude=("2026-01-01", "2026-01-02/2026-01-01")),
        "ends before it begins; write 2026-01-01/2026-01-02",
    ),
    "spec.exclude[2]": (
        Terms(exclude=("2026-01-01", "2026-01-01", "Christmas")), "1 field where 5, 6 or 7 are due",
    ),
    "spec.exclude": (Terms(exclude=("2026-01-01",) * 101), "too many calendars; write at most 100"),
}  # fmt: skip


@pytest.mark.parametrize("field", ERRORS)
def test_an_error_names_its_field(field: str) -> None:
    terms, message = ERRORS[field]
    with pytest.raises(FieldError) as caught:
        read(terms)

    assert caught.value.field == field
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (Terms(schedule="0 2 * * *", every="90s"), "stands beside spec.every; write one of"),
        (Terms(schedules=("0 2 * * *",), at="x"), "stands beside spec.at; write one of"),
        (Terms(schedules=("@every 5m", "0 2 * * *")), "write it alone, in spec.every"),
        (
            Terms(schedule="@every 5 minutes"),
            '"@every 5 minutes": not a duration; write days, hours, minutes and seconds',
        ),
        (Terms(schedule="0 " * 200), "400 characters; write at most 256"),
        (Terms(every="1" * 300), "no duration; write at most 64 characters"),
        (Terms(at="2026-01-01T00:00:00.5Z"), "not in whole seconds"),
        (Terms(at="2026-01-01"), "no date-time; write a date-time such as"),
        (Terms(at="2026-01-01T00:00:00+25:00"), "no date-time: +25:00 is no offset"),
        (Terms(at="0001-01-01T00:00:00+14:00"), "beyond what a calendar holds"),
        (
            Terms(at="2026-03-29T02:30:00", time_zone="Europe/Berlin"),
            "skips this time: 2026-03-29T01:59:59+01:00 is followed by 2026-03-29T03:00:00+02:00",
        ),
        (
            Terms(start_at="2026-10-25T02:30", time_zone="Europe/Berlin"),
            "this time twice, at 2026-10-25T02:30:00+02:00 and at 2026-10-25T02:30:00+01:00",
        ),
        (
            Terms(exclude=tuple(f"* * * * * ? {year}" for year in range(2030, 2041))),
            "too many calendars that name years; write at most 4, and dates such as",
        ),
        (Terms(exclude=("@daily",)), "a shorthand takes out one minute only"),
        (Terms(exclude=("2026-01-01T00:00+01:00",)), "neither days nor times"),
    ],
)
def test_what_is_refused_comes_with_a_remedy(terms: Terms, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        read(terms)

    assert message in str(caught.value)


class TestHashing:
    """What is hashed from a task's name stays as it is for ever: these values are promises."""

    def test_h_stands_for_the_same_time_of_the_same_task(self) -> None:
        one = read(Terms(schedule="H H(0-7) * * *", seed="team/backup"))
        other = read(Terms(schedule="H H(0-7) * * *", seed="team/report"))

        assert one.resolved == "14 2 * * *"
        assert one.native == ("14 2 * * *", "Etc/UTC")
        assert other.resolved != one.resolved

    @pytest.mark.parametrize(
        ("text", "resolved"),
        [
            ("H/15 * * * *", "14-59/15 * * * *"),
            ("H(0-29)/10 * * * *", "4-29/10 * * * *"),
            ("0 0 H * *", "0 0 16 * *"),
            ("0 0 * H H", "0 0 * 10 4"),
            ("5,H 0 * * *", "5,14 0 * * *"),
            ("H * * * * *", "56 * * * * *"),
            ("0 0 * * H(MON-FRI)", "0 0 * * 5"),
        ],
    )
    def test_h_in_any_field(self, text: str, resolved: str) -> None:
        assert read(Terms(schedule=text, seed="team/backup")).resolved == resolved

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("H(5-70) * * * *", 'minute "H(5-70)" at character 1 is above 59'),
            ("H(9-5) * * * *", 'minute "H(9-5)" at character 1 runs backwards; write 9-59,0-5'),
            ("H/0 * * * *", 'minute "H/0" at character 1 has a step of 0'),
            ("0 0 0 1 1 ? H", 'year "H" at character 13 can\'t be hashed'),
        ],
    )
    def test_a_wrong_h_is_refused(self, text: str, message: str) -> None:
        with pytest.raises(FieldError) as caught:
            read(Terms(schedule=text, seed="team/backup"))

        assert message in str(caught.value)

    @given(seed=st.text(max_size=20), step=st.integers(1, 100))
    def test_h_never_leaves_its_range(self, seed: str, step: int) -> None:
        timetable = read(Terms(schedule=f"H(10-40)/{step} H * * *", seed=seed))

        slots = [slot.nominal for slot in islice(timetable.slots(NEW_YEAR), 40)]
        assert all(10 <= slot.minute <= 40 for slot in slots)

    def test_a_slot_is_always_put_off_by_the_same_amount(self) -> None:
        timetable = read(Terms(schedule="0 * * * *", jitter="30m", seed="team/backup"))

        slots = list(islice(timetable.slots(NEW_YEAR), 200))
        spreads = [slot.due - slot.nominal for slot in slots]
        assert spreads[0] == timedelta(seconds=1471)
        assert spreads == [timetable.spread(slot.nominal) for slot in slots]
        assert timedelta(0) <= min(spreads) < timedelta(minutes=2)
        assert timedelta(minutes=28) < max(spreads) <= timedelta(minutes=30)
        assert timetable.next(NEW_YEAR) == slots[0].nominal


class TestWarnings:
    def test_a_day_of_the_week_by_number_could_be_meant_for_quartz(self) -> None:
        (warning,) = read(Terms(schedule="0 0 2 ? * 5L")).warnings

        assert "5 is FRI here and THU in Quartz" in warning

    @pytest.mark.parametrize(
        "terms",
        [
            Terms(schedule="0 2 * * 5"),
            Terms(schedule="0 0 2 ? * FRI"),
            Terms(schedule="0 0 2 ? * FRI#2"),
            Terms(schedule="0 0 2 ? * */2"),
            Terms(schedule="0 0 2 ? * H"),
            Terms(schedule="0 0 2 ? * 5", dialect=Dialect.QUARTZ),
        ],
    )
    def test_else_there_is_none(self, terms: Terms) -> None:
        assert read(terms).warnings == ()

    def test_quartz_reads_no_step_after_names(self) -> None:
        timetable = read(Terms(schedule="0 0 2 ? * MON-FRI/2", dialect=Dialect.QUARTZ))

        assert timetable.warnings
        assert len(following(timetable, count=5)) == 5
        assert timetable.count(NEW_YEAR, NEW_YEAR + timedelta(days=7)) == 5


ZONES = ["Etc/UTC", "Europe/Berlin", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Apia"]


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    """Draw terms of every kind; what they mean is not known here."""
    number = st.integers(0, 23).map(str)
    day = draw(st.sampled_from(["?", "L", "L-3", "LW", "15W", "1,15,31", "29", "*/7", "31W"]))
    weekday = "?" if day != "?" else draw(st.sampled_from(["MON", "FRIL", "TUE#5", "MON-FRI"]))
    year = draw(st.sampled_from(["", " *", " 2020-2030", " 2024/4", " 2400"]))
    head = draw(st.sampled_from(["0 {} {}", "*/2{} 0 {}", "{} * {}", "* * {}", "*/7 */7 *"]))
    text = head.format(draw(number), draw(number))
    month = draw(st.sampled_from(["*", "2", "JAN,JUL", "*/5"]))
    kind = draw(st.sampled_from(["schedule", "schedules", "every", "at"]))
    expression = f"{text} {day} {month} {weekday}{year}"
    start = draw(st.sampled_from([None, "2019-06-01T00:00:00Z", "2026-10-25T02:59:59+02:00"]))
    end = draw(st.sampled_from([None, "2026-11-05T00:00:00Z", "2400-01-01T00:00:00Z"]))
    return Terms(
        schedule=expression if kind == "schedule" else None,
        schedules=(expression, "0 0 3 * * *") if kind == "schedules" else (),
        every=draw(st.sampled_from(["7s", "90m", "36h"])) if kind == "every" else None,
        at="2026-11-01T00:00:00Z" if kind == "at" else None,
        time_zone=draw(st.sampled_from(ZONES)),
        repeated_time=draw(st.sampled_from([None, *RepeatedTime])),
        skipped_time=draw(st.sampled_from([None, *SkippedTime])),
        start_at=start,
        end_at=end,
        jitter=draw(st.sampled_from([None, "5m"])),
        exclude=tuple(
            draw(st.lists(st.sampled_from([
                "2026-12-24/2027-01-01", "* * 25 12 *", "* 2-3 * * *", "0-29 * * * * *",
                "2000-01-01T12:00..2030-06-01T13:00", "0 0 0 ? * * 2027-2030",
            ]), max_size=2))
        ),
        seed="team/backup",
        created=utc("2020-02-29T12:34:56"),
    )  # fmt: skip


@settings(max_examples=300)
@given(
    terms=some_terms(),
    after=st.datetimes(datetime(1970, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_slots_go_forward_and_back_the_same_and_are_counted(terms: Terms, after: datetime) -> None:
    timetable = read(terms)

    slots = [slot.nominal for slot in islice(timetable.slots(after), 30)]

    assert all(earlier < later for earlier, later in pairwise([after, *slots]))
    assert timetable.next(after) == (slots[0] if slots else None)
    until = slots[-1] if slots else after + timedelta(days=400)
    assert timetable.count(after, until) == len(slots)
    back, slot = [], timetable.last(until)
    while slot is not None and slot > after:
        back.append(slot)
        slot = timetable.last(slot - timedelta(microseconds=1))
    assert back == slots[::-1]
    if terms.start_at and slots:
        assert slots[0] >= datetime.fromisoformat(terms.start_at)
    if terms.end_at and slots:
        assert slots[-1] <= datetime.fromisoformat(terms.end_at)


@settings(max_examples=100)
@given(terms=some_terms(), days=st.integers(0, 5))
def test_a_count_is_the_sum_of_its_parts(terms: Terms, days: int) -> None:
    timetable = read(terms)
    start = utc("2026-10-20T11:22:33") + timedelta(days=days)
    middle, end = start + timedelta(days=200), start + timedelta(days=2000)

    for count in (timetable.count, timetable.count_excluded):
        assert count(start, end) == count(start, middle) + count(middle, end)
        assert count(start, start) == count(end, start) == 0


def test_an_interval_has_no_slot_before_its_first_where_calendars_take_that() -> None:
    created = utc("2026-01-01T12:34:56")
    timetable = read(Terms(every="7s", created=created, exclude=("* 12 * * *",)))

    assert timetable.last(created + timedelta(minutes=20)) is None
    assert timetable.last(created + timedelta(minutes=26)) is not None


def test_years_of_seconds_are_counted_at_once() -> None:
    timetable = read(Terms(schedule="* * * * * *", time_zone="Europe/Berlin"))

    years = (utc("2036-01-01T00:00:00") - NEW_YEAR) // timedelta(seconds=1)
    assert timetable.count(NEW_YEAR, utc("2036-01-01T00:00:00")) == years


TEXTS = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="0123456789*/,-?LWH#@() \tMONFEB.:TZ=", max_size=60),
    st.lists(
        st.text(alphabet="0123456789*/,-?LWH#()MONFRI", min_size=1, max_size=7),
        min_size=5, max_size=7,
    ).map(" ".join),
    st.binary(max_size=300).map(lambda data: data.decode("utf-8", "surrogateescape")),
)  # fmt: skip


@settings(max_examples=500)
@given(text=TEXTS, dialect=st.sampled_from([None, *Dialect]))
@example(text="0 " * 5000, dialect=None)
@example(text="@every " + "9" * 10_000, dialect=None)
@example(text=("1," * 100) + "1 * * * *", dialect=Dialect.QUARTZ)
@example(text="0 0 0 29 2 ? 2400/400", dialect=None)
def test_any_expression_is_read_or_refused_and_nothing_else(
    text: str, dialect: Dialect | None
) -> None:
    try:
        timetable = read(Terms(schedule=text, dialect=dialect, seed="a/b"))
    except FieldError:
        return
    assert timetable.sentence
    assert timetable.native_reason
    slot = timetable.next(NEW_YEAR)
    assert slot is None or timetable.last(slot) == slot


@settings(max_examples=300)
@given(text=TEXTS, field=st.sampled_from(["every", "at", "start_at", "end_at", "jitter"]))
@example(text="9999-12-31T23:59:59Z", field="at")
@example(text="99999d999999h", field="every")
def test_any_other_text_is_read_or_refused_and_nothing_else(text: str, field: str) -> None:
    schedule = None if field in ("every", "at") else "0 0 * * *"
    given: dict[str, Any] = {field: text}
    try:
        timetable = read(replace(Terms(schedule=schedule), **given))
    except FieldError:
        return
    following(timetable)


@settings(max_examples=300)
@given(
    texts=st.lists(
        st.one_of(
            TEXTS,
            st.from_regex(
                r"[0-9]{4}-[01][0-9]-[0-3][0-9](\.\.[0-9]{4}-[01][0-9]-[0-3][0-9])?", fullmatch=True
            ),
        ),
        max_size=3,
    )
)
def test_any_calendar_is_read_or_refused_and_nothing_else(texts: list[str]) -> None:
    try:
        timetable = read(Terms(schedule="0 0 * * *", exclude=tuple(texts)))
    except FieldError:
        return
    slot = timetable.next(NEW_YEAR)
    assert slot is None or timetable.last(slot) == slot
