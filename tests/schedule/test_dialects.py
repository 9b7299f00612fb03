"""What each dialect takes and refuses; reference/ holds the same against the libraries."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cronwright.errors import FieldError
from cronwright.schedule import Dialect, Terms, read
from cronwright.schedule.parse import read_expression
from cronwright.schedule.years import year_of

KUBERNETES, SPRING, QUARTZ = Dialect


def days(text: str, dialect: Dialect | None, year: int = 2026) -> list[str]:
    """List the first days of a year that an expression names."""
    bits = read_expression(text, dialect).days_in(year_of(year))
    numbers = [number for number in range(366) if bits >> number & 1][:4]
    return [f"{date(year, 1, 1) + timedelta(days=number):%b %d}" for number in numbers]


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        # 2026 begins on a Thursday; its first Sunday is the 4th of January.
        (None, "0 0 0 ? * 7", ["Jan 04", "Jan 11", "Jan 18", "Jan 25"]),
        (None, "0 0 0 ? * 7L", ["Jan 25", "Feb 22", "Mar 29", "Apr 26"]),
        (None, "0 0 0 ? * sun#1,fril", ["Jan 04", "Jan 30", "Feb 01", "Feb 27"]),
        (None, "0 0 0 l-2,15w * ?", ["Jan 15", "Jan 29", "Feb 16", "Feb 26"]),
        (None, "0 0 0 L-2W * ?", ["Jan 29", "Feb 26", "Mar 30", "Apr 28"]),
        (None, "0 0 0 13-31/40,* * MON", ["Jan 05", "Jan 12", "Jan 19", "Jan 26"]),
        (KUBERNETES, "0 0 0 */2 * MON", ["Jan 01", "Jan 03", "Jan 05", "Jan 07"]),
        (KUBERNETES, "0 0 0 1 * *", ["Jan 01", "Feb 01", "Mar 01", "Apr 01"]),
        (SPRING, "0 0 0 1W * *", ["Jan 01", "Feb 02", "Mar 02", "Apr 01"]),
        # The 31st of May 2026 is a Sunday: Spring has no working day near it in May.
        (SPRING, "0 0 0 31W * *", ["Jan 30", "Mar 31", "Jul 31", "Aug 31"]),
        (SPRING, "0 0 0 LW MAY,AUG *", ["May 29", "Aug 31"]),
        (SPRING, "0 0 0 L-30 * *", ["Jan 01", "Mar 01", "May 01", "Jul 01"]),
        (SPRING, "0 0 0 L-40 * *", []),
        (SPRING, "0 0 0 L,15,1W * ?", ["Jan 01", "Jan 15", "Jan 31", "Feb 02"]),
        (SPRING, "0 0 0 ? * FRIL", ["Jan 30", "Feb 27", "Mar 27", "Apr 24"]),
        (SPRING, "0 0 0 * * 0L,5#1", ["Jan 02", "Jan 25", "Feb 06", "Feb 22"]),
        (SPRING, "0 0 0 * * 7-2", ["Jan 04", "Jan 05", "Jan 06", "Jan 11"]),
        (SPRING, "0 0 0 * * 0/6", ["Jan 03", "Jan 04", "Jan 10", "Jan 11"]),
        (SPRING, "0 0 0 1,? FEB,W *", None),
        (SPRING, "0 0 0 +5 * *", ["Jan 05", "Feb 05", "Mar 05", "Apr 05"]),
        (SPRING, "@Monthly", ["Jan 01", "Feb 01", "Mar 01", "Apr 01"]),
        (SPRING, " 0 0  0 1 1 ? ", ["Jan 01"]),
        (QUARTZ, "0 0 0 ? * 1L", ["Jan 25", "Feb 22", "Mar 29", "Apr 26"]),
        (QUARTZ, "0 0 0 ? * L", ["Jan 03", "Jan 10", "Jan 17", "Jan 24"]),
        (QUARTZ, "0 0 0 ? * fri-mon", ["Jan 02", "Jan 03", "Jan 04", "Jan 05"]),
        (QUARTZ, "0 0 0 ? * 6-1/2", ["Jan 02", "Jan 04", "Jan 09", "Jan 11"]),
        (QUARTZ, "0 0 0 30-2 * ?", ["Jan 01", "Jan 02", "Jan 30", "Jan 31"]),
        (QUARTZ, "0 0 0 1 NOV-FEB ?", ["Jan 01", "Feb 01", "Nov 01", "Dec 01"]),
        (QUARTZ, "0 0 0 /15 * ?", ["Jan 01", "Jan 16", "Jan 31", "Feb 01"]),
        (QUARTZ, "0 0 0 31W * ?", ["Jan 30", "Mar 31", "May 29", "Jul 31"]),
        (QUARTZ, "0 0 0 L-3,L-3W * ?", ["Jan 28", "Feb 25", "Mar 27", "Mar 28"]),
        (QUARTZ, "0 0 0 ? * 2#2", ["Jan 12", "Feb 09", "Mar 09", "Apr 13"]),
        (QUARTZ, "0 0 0 1 1 ? 2026", ["Jan 01"]),
        (QUARTZ, "0 0 0 1 1 ? 2027/3", []),
    ],
)
def test_days_of_a_dialect(dialect: Dialect | None, text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(FieldError):
            days(text, dialect)
    else:
        assert days(text, dialect) == expected


@pytest.mark.parametrize(
    ("dialect", "text", "message"),
    [
        (None, "0 0 0 13 * FRI", 'day of month "13" and day of week "FRI" both restrict the days'),
        (None, "0 0 0 ? * L", 'day of week "L" at character 11 is Saturday to Quartz'),
        (None, "0 0 L L *", 'month "L" at character 7 is no month; write 1-12 or JAN-DEC; L and W'),
        (None, "0 0 L-31 * *", 'day of month "L-31" at character 5 is before every month\'s first'),
        (None, "0 0 32W * *", 'day of month "32W" at character 5 is above 31'),
        (None, "0 0 0 ? * MON#6", 'day of week "MON#6" at character 11 is in no month; write #1'),
        (None, "0 0 0 ? * FRI-MON", "runs backwards; write FRI-6,0-MON"),
        (None, "0 0 0 1 1 ? 1969", 'year "1969" at character 13 is below 1970; write 1970-9999'),
        (None, "0 12 * * ? 2026", "above 7; write 0-7 or SUN-SAT; a year is the last of seven"),
        (None, "60 0 0 * * *", "is above 59; write 0-59; for the full minute write 0"),
        (None, "0 2 * *", "4 fields where 5, 6 or 7 are due; write minute, hour"),
        (None, "0 0 0 1 1 ? 2026 2027", "8 fields where 5, 6 or 7 are due; write minute, hour"),
        (None, "TZ=Europe/Berlin 0 2 * * *", "write Europe/Berlin in spec.timeZone"),
        (None, "daily", "reads like a systemd calendar event; write @daily"),
        (None, "Mon *-*-* 02:00:00", "reads like a systemd calendar event; write cron fields"),
        (None, "every 5 minutes", "reads like a sentence; write an interval in spec.every"),
        (None, "1h30m", "reads like an interval; write it in spec.every"),
        (None, "2026-12-24T18:00:00Z", "reads like one date-time; write it in spec.at"),
        (None, "cron(0 12 * * ? *)", "put the seconds first: 0 0 12 * * ? *"),
        (None, "rate(5 minutes)", "reads like a rate of AWS; write it in spec.every"),
        (None, "  ", "empty; write a cron expression, or leave the field out"),
        (KUBERNETES, "0 0 L * *", "L, W, # and H are read where scheduleDialect is left out"),
        (KUBERNETES, "H 0 * * *", "L, W, # and H are read where scheduleDialect is left out"),
        (KUBERNETES, "0 0 0 1 1 ? 2026", "7 fields where Kubernetes takes 5, or 6 with seconds"),
        (SPRING, "0 2 * * *", "5 fields where Spring takes 6; put the seconds first: 0 0 2 * * *"),
        (SPRING, "0 0 2 * * ? 2026", "7 fields where Spring takes 6; leave out the year"),
        (SPRING, "0 0 0 * * FRI-MON", 'day of week "5-1" at character 11 runs backwards'),
        (SPRING, "0 0 0 ?,1 * *", "has a ? that does not stand alone"),
        (SPRING, "0 0 0 l * *", "which is no number"),
        (SPRING, "0 0 0 L-0 * *", "does not count back; write L-1"),
        (SPRING, "0 0 0 LW-1 * *", "which is no number"),
        (SPRING, "0 0 0 * * L", "which is no number"),
        (SPRING, "0 0 0 * * MON#0", "has the number 0; write #1 to #5"),
        (SPRING, "0/0 0 0 * * *", "has a step of 0; write a step of 1 or more"),
        (SPRING, "@reboot", "no such shorthand in Spring; write one of @yearly"),
        (QUARTZ, "0 2 * * *", "put the seconds first: 0 0 2 * * ?"),
        (QUARTZ, "0 2 * * MON", "put the seconds first: 0 0 2 ? * MON"),
        (QUARTZ, "0 0 2 * * *", "as Quartz requires; write ? for the day of week"),
        (QUARTZ, "0 0 2 ? * ?", "? for day of month and day of week; write ? for only one"),
        (QUARTZ, "0 0 2 ? * 0", "is below 1; Quartz counts from Sunday as 1; write 1 or SUN"),
        (QUARTZ, "0 0 2 ? * 8", "is above 7; write 1-7 or SUN-SAT"),
        (QUARTZ, "@daily", "Quartz has no shorthands; write six fields"),
        (QUARTZ, "0 0/60 * * * ?", "has a step of 60; write a step of at most 59"),
        (QUARTZ, "0 0 2 ? * FRIL,MON", "has L or # beside other days"),
        (QUARTZ, "0 0 2 ? * MON#1,WED#1", "has L or # beside other days"),
        (QUARTZ, "0 0 2 1,? * MON", "neither day of month"),
        (QUARTZ, "0 5X 2 * * ?", 'minute "5X" at character 3 can\'t be read'),
        (QUARTZ, "0 0 2 L-31 * ?", "is before every month's first day"),
        (QUARTZ, "0 0 2 * * ? 2030-2020", "runs backwards; write 2020-2030"),
        (QUARTZ, "0 0 2 * * ? 2026 2027", "8 fields where Quartz takes 6 or 7"),
    ],
)
def test_what_a_dialect_refuses(dialect: Dialect | None, text: str, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        read_expression(text, dialect)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Terms(schedule="@every 90s", created=datetime(2026, 1, 1, tzinfo=UTC)),
         Terms(every="90s", created=datetime(2026, 1, 1, tzinfo=UTC))),
        (Terms(schedule="30 2 * * *"), Terms(schedule="0 30 2 * * ?", dialect=Dialect.QUARTZ)),
        (Terms(schedule="0 0 * * 0"), Terms(schedule="@weekly", dialect=Dialect.SPRING)),
        (Terms(schedules=("0 0 * * 0",)), Terms(schedule="0 0 0 ? * 7")),
    ],
)  # fmt: skip
def test_two_ways_to_say_the_same(one: Terms, other: Terms) -> None:
    after = datetime(2026, 2, 1, tzinfo=UTC)

    first, second = read(one), read(other)

    assert first.next(after) == second.next(after)
    until = after + timedelta(days=400)
    assert first.count(after, until) == second.count(after, until)
    assert first.sentence == second.sentence
