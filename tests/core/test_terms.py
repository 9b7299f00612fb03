"""What a task follows as text: read again it is the same timetable, whatever it is made of."""

from datetime import timedelta

import pytest

from cronwright.core.terms import LONGEST, terms_of, text_of, timetable_in
from cronwright.schedule import Dialect, RepeatedTime, SkippedTime, Terms, read
from tests.core.world import NOON, cronjob, task

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    "terms",
    [
        Terms(schedule="*/7 * * * * *"),
        Terms(schedules=("0 1 * * *", "30 2 * * MON"), time_zone="Europe/Berlin"),
        Terms(every="90s", created=NOON - DAY),
        Terms(every="1h", start_at="2026-03-01T00:30:00Z", end_at="2026-03-02T09:00:00Z"),
        Terms(at="2026-03-02T08:00:00"),
        Terms(schedule="0 0 12 ? * MON", dialect=Dialect.QUARTZ),
        Terms(schedule="H H * * *", seed="team/report", jitter="5m"),
        Terms(schedule="0 * * * *", exclude=("* 3-5 * * *", "2026-03-01")),
        Terms(schedule="30 2 * * *", repeated_time=RepeatedTime.LAST),
        Terms(schedule="30 2 * * *", skipped_time=SkippedTime.AFTER),
    ],
)
def test_terms_are_read_as_they_were_written(terms: Terms) -> None:
    text = text_of(terms)
    again, first = timetable_in(text), read(terms)
    assert again is not None
    span = (NOON - DAY, NOON + DAY)
    assert again.count(*span) == first.count(*span) > 0
    assert (again.next(span[0]), again.last(NOON)) == (first.next(span[0]), first.last(NOON))
    assert len(text.encode()) <= LONGEST


def test_the_text_follows_the_times_and_nothing_else() -> None:
    plain = text_of(task().terms)
    assert text_of(task({"container": {"image": "other"}, "priority": 5}).terms) == plain
    assert plain == '{"schedule":"*/5 * * * *"}'
    assert text_of(task({"jitter": "1s"}).terms) != plain


def test_long_terms_are_told_apart_but_not_read() -> None:
    days = tuple(f"2026-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 12))
    one, other = (text_of(Terms(schedule="0 * * * *", exclude=days[:end])) for end in (98, 99))
    assert one != other
    assert len(one) < 32
    assert timetable_in(one) is None


@pytest.mark.parametrize(
    "text", [None, "", "3f9a0c1b2d4e5f60", "1234567890123456", '{"new":"field"}']
)
def test_what_does_not_say_is_not_guessed(text: str | None) -> None:
    assert timetable_in(text) is None


def test_a_cronjob_is_written_as_what_its_task_is_rendered_to() -> None:
    of = task({"schedule": "H * * * *", "timeZone": "Europe/Berlin"})
    native = read(of.terms).native
    assert native is not None
    assert text_of(terms_of(cronjob(of))) == text_of(terms_of(native))
