import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.errors import FieldError
from cronwright.schedule import CronExpression, Dialect
from cronwright.schedule.parse import read_expression


def parse(text: str) -> CronExpression:
    return read_expression(text, Dialect.KUBERNETES)


def bits(*values: int) -> int:
    return sum(1 << value for value in values)


def days(expression: CronExpression, begin: int) -> list[int]:
    """List the matching days of a month that begins on a day of the week, Sunday being 0."""
    return [day for day in range(1, 32) if expression.month_days[begin] >> day & 1]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("*", range(60)),
        ("?", range(60)),
        ("0", [0]),
        ("05", [5]),
        ("59", [59]),
        ("0,30,15", [0, 15, 30]),
        ("10-13", [10, 11, 12, 13]),
        ("7-7", [7]),
        ("*/20", [0, 20, 40]),
        ("?/20", [0, 20, 40]),
        ("5/20", [5, 25, 45]),
        ("10-30/10", [10, 20, 30]),
        ("10-10/3", [10]),
        ("*/90", [0]),
        ("1,2-4,50/5", [1, 2, 3, 4, 50, 55]),
    ],
)
def test_values_lists_ranges_and_steps(text: str, minutes: list[int]) -> None:
    assert parse(f"{text} 0 * * *").minutes == bits(*minutes)


def test_names_are_read_whatever_their_case() -> None:
    assert parse("0 0 * jan,Jun-AUG,12 *").months == bits(1, 6, 7, 8, 12)
    assert parse("0 0 * * mon-WED,Sat").month_days == parse("0 0 * * 1-3,6").month_days


@pytest.mark.parametrize(
    ("weekdays", "plain"),
    [
        ("7", "0"),
        ("5-7", "0,5,6"),
        ("1,7", "1,0"),
        ("0-7", "0,1,2,3,4,5,6"),
        ("1-7/2", "0,1,3,5"),
        ("7-7", "0"),
        ("sat-7", "0,6"),
        ("*/7", "*/7"),
        ("0-6/7", "0-6/7"),
        ("mon", "mon"),
    ],
)
def test_sunday_may_be_written_as_7_and_the_cronjob_gets_0(weekdays: str, plain: str) -> None:
    expression = parse(f"0 0 * * {weekdays}")

    assert expression.native == f"0 0 * * {plain}"
    assert expression.month_days == parse(f"0 0 * * {plain}").month_days


def test_what_a_cronjob_takes_is_handed_on_as_it_stands() -> None:
    assert parse(" 0  0\t* * ? ").native == "0  0\t* * ?"
    assert parse("@daily").native == "@daily"


@pytest.mark.parametrize(
    ("shorthand", "plain"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)
def test_shorthands_mean_their_five_fields(shorthand: str, plain: str) -> None:
    one, other = parse(shorthand), parse(plain)

    assert (one.minutes, one.hours, one.months) == (other.minutes, other.hours, other.months)
    assert one.month_days == other.month_days


class TestDayFields:
    """How day of month and day of week join, in a month that begins on a Wednesday."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("* MON", [6, 13, 20, 27]),
            ("13 *", [13]),
            ("? MON", [6, 13, 20, 27]),
            ("13 ?", [13]),
            # Both restricted: one is enough.
            ("1,2 MON", [1, 2, 6, 13, 20, 27]),
            # A step of 1 restricts nothing, nor does a star in a list.
            ("*/1 MON", [6, 13, 20, 27]),
            ("13,* MON", [6, 13, 20, 27]),
            # A step above 1 restricts, and so does a range of all there is.
            ("*/10 MON", [1, 6, 11, 13, 20, 21, 27, 31]),
            ("1-31 MON", list(range(1, 32))),
            ("13 0-6", list(range(1, 32))),
            ("13 */2", [2, 4, 5, 7, 9, 11, 12, 13, 14, 16, 18, 19, 21, 23, 25, 26, 28, 30]),
        ],
    )
    def test_as_the_cronjob_controller_joins_them(self, text: str, expected: list[int]) -> None:
        day, weekday = text.split()

        assert days(parse(f"0 0 {day} * {weekday}"), begin=3) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 24 * * *", 'hour "24" at character 3 is above 23; write 0-23; for midnight write 0'),
        ("60 * * * *", 'minute "60" at character 1 is above 59; write 0-59; for the full hour wr'),
        ("99 * * * *", 'minute "99" at character 1 is above 59; write 0-59'),
        ("0 0 0 * *", 'day of month "0" at character 5 is below 1; write 1-31'),
        ("0 0 32 * *", 'day of month "32" at character 5 is above 31; write 1-31'),
        ("0 0 * 13 *", 'month "13" at character 7 is above 12; write 1-12 or JAN-DEC'),
        ("0 0 * * 8", 'day of week "8" at character 9 is above 7; write 0-7 or SUN-SAT'),
        ("0 0 * MON *", 'month "MON" at character 7 is no month; write 1-12 or JAN-DEC'),
        ("0 0 * * MAY", 'day of week "MAY" at character 9 is no day of week; write 0-7 or'),
        ("0 22-2 * * *", 'hour "22-2" at character 3 runs backwards; write 22-23,0-2'),
        ("0 23-0 * * *", 'hour "23-0" at character 3 runs backwards; write 23,0'),
        ("0 0 * NOV-FEB *", 'month "NOV-FEB" at character 7 runs backwards; write NOV-12,1-FEB'),
        ("0 0 * * FRI-SUN", 'day of week "FRI-SUN" at character 9 runs backwards; write FRI-7'),
        ("0 0 * * 6-1", 'day of week "6-1" at character 9 runs backwards; write 6,0-1'),
        ("0 0 * * 7-3", 'day of week "7-3" at character 9 runs backwards; write 0-3'),
        ("0 0 * * 7/2", 'day of week "7/2" at character 9 steps on from 7; write 0 where'),
        ("*/0 * * * *", 'minute "*/0" at character 1 has a step of 0; write a step of 1 or more'),
        ("*-3 * * * *", 'minute "*-3" at character 1 is no range; write "*", or a range such'),
        ("0,,5 * * * *", 'minute "" at character 3 is empty; write a value between two commas'),
        (", * * * *", 'minute "" at character 1 is empty; write a value'),
        ("5, * * * *", 'minute "" at character 3 is empty; write a value'),
        ("0 1,2,33 * * *", 'hour "33" at character 7 is above 23; write 0-23'),
        ("0  9,  * * *", 'hour "" at character 6 is empty'),
        ("+5 * * * *", 'minute "+5" at character 1 can\'t be read; write 0-59, a range such as'),
        ("-5 * * * *", 'minute "-5" at character 1 can\'t be read; write 0-59'),
        ("1-2-3 * * * *", 'minute "1-2-3" at character 1 can\'t be read'),
        ("1/2/3 * * * *", 'minute "1/2/3" at character 1 can\'t be read'),
        ("0 0 L * *", 'day of month "L" at character 5 is no day of month; write 1-31'),
        ("0 0 * * MON#2", 'day of week "MON#2" at character 9 can\'t be read; write 0-7 or'),
        ("0 0 * * \u017fun", "can't be read"),
        ("\u0665 * * * *", "can't be read"),
        ("*/9999999999999999999 * * * *", "can't be read"),
        ("", "empty; write a cron expression, or leave the field out"),
        ("* * * *", "4 fields where 5 or 6 are due; write minute, hour"),
        ("0 0 0 1 1 * *", "7 fields where Kubernetes takes 5, or 6 with seconds; leave out"),
        ("@reboot", "no such shorthand; write one of @yearly, @annually"),
        ("@Daily", "no such shorthand; write one of @yearly"),
        ("TZ=Asia/Tokyo 0 0 * * *", "a time zone in the schedule; write Asia/Tokyo in spec.timeZ"),
        ("CRON_TZ=UTC", "a time zone in the schedule; write UTC in spec.timeZone"),
    ],
)
def test_what_can_not_be_read_is_refused_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        parse(text)

    assert str(caught.value).startswith(f'spec.schedule "{text}": ')
    assert message in str(caught.value)


@given(st.text(alphabet="0123456789*/,-? \tLW#@MONJAN", max_size=30))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        expression = parse(text)
    except FieldError:
        return
    # Six fields are native where the second is always 0.
    if not expression.native:
        return
    assert parse(expression.native).month_days == expression.month_days


@given(st.integers(0, 7), st.integers(0, 7), st.integers(0, 59), st.integers(0, 59))
def test_a_backwards_range_has_a_remedy_that_is_read(
    first: int, last: int, minute: int, until: int
) -> None:
    for element, rest in ((f"{first}-{last}", "0 0 * * {}"), (f"{minute}-{until}", "{} * * * *")):
        try:
            parse(rest.format(element))
        except FieldError as error:
            parse(rest.format(error.remedy.removeprefix("write ")))
