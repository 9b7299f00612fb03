"""Quantities of resources as numbers."""

from decimal import Decimal

import pytest

from dev.node.quantity import count, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("0.5", "0.5"),
        ("500m", "0.5"),
        ("250n", "0.00000025"),
        ("2k", "2000"),
        ("1E", "1000000000000000000"),
        ("1e3", "1000"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
    ],
)
def test_values(text: str, value: str) -> None:
    assert parse(text) == Decimal(value)


@pytest.mark.parametrize("text", ["", "x", "1i", "1mi", "1 Gi", "Mi"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        parse(text)


def test_counts_are_rounded_up() -> None:
    assert [count("1500m", "1"), count("1500m", "1m"), count("64Mi", "0")] == [2, 1500, 67108864]
