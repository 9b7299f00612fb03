import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.errors import FieldError
from cronwright.model.duration import PATTERN, PATTERN_WITH_DAYS, parse_duration
from cronwright.schedule import Terms, read


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("1h0m1s", 3601),
        ("2h5s", 7205),
        ("999999h", 3_599_996_400),
    ],
)
def test_a_duration_is_read_as_seconds(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "90", "s", "1.5h", "-1s", "30m1h", "1h 30m", "1d", "1H", "1000000s", "90s\n"]
)
def test_what_is_no_duration_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(FieldError, match=r"not a duration; write hours, minutes and seconds"):
        parse_duration(text)


def test_a_duration_of_zero_is_refused() -> None:
    with pytest.raises(FieldError, match=r'spec.timeout "0h0s": .* longer than zero'):
        parse_duration("0h0s")


def test_the_error_names_the_field_that_was_asked_about() -> None:
    with pytest.raises(FieldError) as caught:
        parse_duration("soon", "spec.every")

    assert caught.value.field == "spec.every"


@given(st.from_regex(PATTERN, fullmatch=True))
def test_what_the_crd_lets_through_is_read(text: str) -> None:
    if re.search("[1-9]", text):
        assert parse_duration(text) > 0
    else:
        with pytest.raises(FieldError):
            parse_duration(text)


@given(st.from_regex(PATTERN_WITH_DAYS, fullmatch=True))
def test_an_interval_that_the_crd_lets_through_is_read(text: str) -> None:
    terms = Terms(every=text, created=datetime(2026, 1, 1, tzinfo=UTC))
    if re.search("[1-9]", text):
        assert read(terms).sentence
    else:
        with pytest.raises(FieldError, match=r"spec\.every"):
            read(terms)
