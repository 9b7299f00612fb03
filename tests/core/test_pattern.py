"""Patterns mean what Python's own mean where both know them, and take no time."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core.pattern import Pattern
from cronwright.core.pattern_text import PatternError

ATOMS = st.sampled_from(
    ["a", "b", "-", r"\d", r"\w", r"\s", r"\S", r"\.", ".", "[ab]", "[^a]", "[a-c1]", r"[\d-]", "é"]
)
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda ways: f"({'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=8,
)
VALUES = st.text(st.sampled_from("abc1.- \néZ"), max_size=12)


@given(PATTERNS, VALUES)
def test_a_pattern_matches_as_pythons_own(pattern: str, value: str) -> None:
    try:
        found = Pattern(pattern).matches(value)
    except PatternError as error:
        assert "steps" in str(error)  # noqa: PT017 - what it may refuse is only its size
        return
    assert found == bool(re.fullmatch(pattern, value, re.ASCII))


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("eu|us", "us", True),
        ("eu|us", "aus", False),
        ("^[a-z]+$", "whole", True),
        (r"price\$", "price$", True),
        (r"\\$", "\\", True),
        ("[]x]+", "]x", True),
        (r"\d{4}-\d{2}-\d{2}", "2026-03-02", True),
        (r"\d{4}-\d{2}-\d{2}", "2026-3-2", False),
        ("", "", True),
        ("(|a)b", "b", True),
        (r"[\t\n ]", "\t", True),
    ],
)
def test_whole_values_are_matched(pattern: str, value: str, matches: bool) -> None:
    assert Pattern(pattern).matches(value) is matches


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(a", "it ends within a group"),
        ("a)", 'a ")" without a "("'),
        ("*a", "nothing before it"),
        ("a**", "after a repetition"),
        ("a+?", "after a repetition"),
        ("a{3,1}", "a repetition other than"),
        ("a{,3}", "a repetition other than"),
        ("a{", "a repetition other than"),
        ("[b-a]", "does not go up"),
        ("[a", "it ends within []"),
        ("[[:alpha:]]", "write its characters"),
        (r"(a)\1", "not known"),
        (r"\bword", "not known"),
        ("(?=a)", "begins with (?"),
        ("a^b", "in the middle"),
        ("a\\", "it ends within an escape"),
        ("(a{1000}){1000}", "more than 500 steps"),
        ("((((){1000}){1000}){1000}){1000}", "more than 500 steps"),
        (r"[\D]", "within []"),
    ],
)
def test_what_can_not_be_followed_is_named(pattern: str, problem: str) -> None:
    with pytest.raises(PatternError, match=re.escape(problem)):
        Pattern(pattern)


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "a*a*a*a*a*a*b", "(.*a){20}b"])
def test_no_value_keeps_a_pattern_busy(pattern: str) -> None:
    began = time.process_time()
    assert not Pattern(pattern).matches("a" * 2000)
    assert time.process_time() - began < 2.0
