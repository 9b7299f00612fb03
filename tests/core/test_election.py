"""When a Lease may be taken, and until when its holder may write."""

import math
from dataclasses import replace

import pytest

from cronwright.core.election import Durations, Record, Sighting, Tenure

OTHER = Record(version="1", holder="other", term=4, duration=10, renewed="2026-03-02T12:00:00Z")


def test_a_lease_that_nobody_ever_held_is_free() -> None:
    sighting = Sighting()
    sighting.see(None, 100.0)
    assert sighting.free_from("me") == -math.inf
    assert sighting.next_term == 1


@pytest.mark.parametrize("holder", ["", "me"])
def test_one_that_was_released_or_is_our_own_is_free(holder: str) -> None:
    sighting = Sighting()
    sighting.see(replace(OTHER, holder=holder), 100.0)
    assert sighting.free_from("me") == -math.inf
    assert sighting.next_term == 5


def test_one_that_is_first_seen_held_is_free_after_its_own_duration() -> None:
    sighting = Sighting()
    sighting.see(replace(OTHER, duration=42), 100.0)
    sighting.see(replace(OTHER, duration=42), 130.0)
    assert sighting.free_from("me") == 142.0


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(replace(OTHER, renewed="1970-01-01T00:00:00Z"), id="renewed, by any clock"),
        pytest.param(replace(OTHER, term=5), id="taken again"),
        pytest.param(replace(OTHER, holder="third"), id="another's"),
    ],
)
def test_every_change_starts_its_duration_anew(changed: Record) -> None:
    sighting = Sighting()
    sighting.see(OTHER, 100.0)
    sighting.see(changed, 109.0)
    assert sighting.free_from("me") == 119.0


def test_what_somebody_else_writes_into_it_is_no_renewal() -> None:
    sighting = Sighting()
    sighting.see(OTHER, 100.0)
    sighting.see(replace(OTHER, version="2"), 109.0)
    assert sighting.free_from("me") == 110.0


def test_the_holder_of_one_that_is_deleted_has_its_time_left() -> None:
    sighting = Sighting()
    sighting.see(OTHER, 100.0)
    sighting.see(None, 101.0)
    assert sighting.free_from("me") == 110.0


def test_its_holder_stops_to_write_before_another_may_begin() -> None:
    tenure = Tenure(Durations(lease=10, deadline=7.0, retry=1.0))
    assert tenure.writes_until == -math.inf

    tenure.renewed = 100.0
    assert (tenure.writes_until, tenure.ends) == (107.0, 110.0)

    # Others see the renewal after it was sent, never before.
    sighting = Sighting()
    sighting.see(OTHER, 100.001)
    assert sighting.free_from("another") > tenure.ends
