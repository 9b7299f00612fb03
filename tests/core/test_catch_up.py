"""Which missed slots are made up for: exactly so many, and none from before an edit."""

import time
from datetime import datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core.catch_up import CatchUpTerms
from cronwright.core.firing import Course
from cronwright.errors import FieldError
from cronwright.model.catch_up import CatchUp
from cronwright.model.reasons import API_UNAVAILABLE, CREATE_REFUSED, OPERATOR_DOWN
from cronwright.model.spec import TaskSpec
from cronwright.schedule import Slot, Terms, read
from tests.core.world import NOON

SECOND = timedelta(seconds=1)
FIVE_YEARS = timedelta(days=5 * 365)


def course(
    most: int, schedule: str = "* * * * * *", *, window: timedelta | None = None,
    since: datetime = NOON, jitter: str | None = None,
) -> Course:  # fmt: skip
    timetable = read(Terms(schedule=schedule, seed="team/report", jitter=jitter))
    return Course(
        timetable, NOON, 60 * SECOND, catch_up=CatchUpTerms(most, window, since) if most else None
    )


def fire(of: Course, now: timedelta) -> list[Slot]:
    """Decide all that is due, as `controller/slots` does; give what was started on time."""
    fired = []
    of.give_up(NOON + now)
    while (slot := of.first()) is not None and slot.due <= NOON + now:
        if of.is_late(slot, NOON + now):
            of.miss(slot, NOON + now)
        else:
            of.settle(slot)
            fired.append(slot)
    of.on_time()
    return fired


@pytest.mark.parametrize("most", [0, 1, 3, 50])
def test_five_years_of_seconds_are_made_up_for_in_exact_number(most: int) -> None:
    of = course(most)

    began = time.process_time()
    fired = fire(of, FIVE_YEARS)
    spent = time.process_time() - began

    assert len(of.made_up) == most
    assert sum(gap.count for gap in of.gaps) == FIVE_YEARS // SECOND - len(fired) - most
    # The newest of those that were missed: what follows them was not late.
    newest = [NOON + FIVE_YEARS - n * SECOND for n in range(60 + most, 60, -1)]
    assert [slot.nominal for slot in of.made_up] == newest
    assert of.until == NOON + FIVE_YEARS
    assert spent < 1.0


def test_the_window_says_how_far_back() -> None:
    of = course(50, "0 * * * * *", window=timedelta(minutes=5))
    fire(of, timedelta(hours=2))
    assert [slot.nominal for slot in of.made_up] == [
        NOON + timedelta(hours=2) - n * timedelta(minutes=1) for n in (5, 4, 3, 2)
    ]
    assert sum(gap.count for gap in of.gaps) == 120 - 4 - 2


def test_what_passed_before_an_edit_is_past() -> None:
    of = course(50, "0 * * * * *", since=NOON + timedelta(minutes=58))
    fire(of, timedelta(hours=1))
    assert of.made_up == []
    of = course(50, "0 * * * * *", since=NOON + timedelta(minutes=50))
    fire(of, timedelta(hours=1))
    assert len(of.made_up) == 8


@pytest.mark.parametrize(
    ("reason", "made_up"), [(OPERATOR_DOWN, 1), (API_UNAVAILABLE, 1), (CREATE_REFUSED, 0)]
)
def test_only_what_nobody_could_start_is_made_up_for(reason: str, made_up: int) -> None:
    of = course(1)
    of.late_reason = reason
    fire(of, timedelta(minutes=10))
    assert len(of.made_up) == made_up


def test_what_is_late_for_another_cause_is_missed() -> None:
    of = course(1)
    fire(of, 10 * SECOND)
    fire(of, timedelta(minutes=10))  # as after a clock that was set forward
    assert of.made_up == []


def test_newer_slots_push_out_older_ones() -> None:
    of = course(2, "0 * * * * *")
    for minutes in (5, 6, 9):
        of.late_reason = API_UNAVAILABLE
        fire(of, timedelta(minutes=minutes, seconds=1))
    assert [slot.nominal - NOON for slot in of.made_up] == [
        timedelta(minutes=7), timedelta(minutes=8),
    ]  # fmt: skip
    assert sum(gap.count for gap in of.gaps) == 4


def test_slots_that_have_a_job_are_not_made_up_for() -> None:
    of = course(1)
    last = NOON + timedelta(minutes=10) - 61 * SECOND
    of.give_up(NOON + timedelta(minutes=10), [last])
    assert [slot.nominal for slot in of.made_up] == [last - SECOND]


@given(
    st.integers(0, 50), st.integers(0, 300), st.integers(0, 600), st.integers(0, 50),
    st.lists(st.integers(1, 400), min_size=1, max_size=5),
)  # fmt: skip
def test_each_slot_starts_is_made_up_for_or_missed(
    most: int, jitter: int, window: int, edited: int, steps: list[int]
) -> None:
    of = course(
        most, "*/7 * * * * *", window=window * SECOND if window else None,
        since=NOON + edited * SECOND, jitter=f"{jitter}s" if jitter else None,
    )  # fmt: skip
    now, fired = timedelta(), list[Slot]()
    for step in steps:
        now += step * SECOND
        of.late_reason = API_UNAVAILABLE
        fired += fire(of, now)
    decided = [*(slot.nominal for slot in fired), *(slot.nominal for slot in of.made_up)]
    assert len(decided) == len(set(decided))
    assert len(of.made_up) <= most
    slots = takewhile(lambda slot: slot.nominal <= NOON + now, of.timetable.slots(NOON))
    due = sum(slot.due <= NOON + now for slot in slots)
    assert len(decided) + sum(gap.count for gap in (*of.gaps, *of.held)) == due
    assert all(slot.nominal > NOON + edited * SECOND for slot in of.made_up)


@pytest.mark.parametrize(
    ("written", "most", "reach"),
    [
        ({}, 0, None),
        ({"policy": "None", "limit": 5}, 0, None),
        ({"policy": "Latest"}, 1, None),
        ({"policy": "All"}, 10, None),
        ({"policy": "All", "limit": 3, "window": "1h30m"}, 3, timedelta(minutes=90)),
    ],
)
def test_what_a_task_asks_for(
    written: dict[str, object], most: int, reach: timedelta | None
) -> None:
    spec = TaskSpec(catch_up=CatchUp.model_validate(written))
    assert (spec.catch_up.most, spec.catch_up.reach) == (most, reach)
    terms = CatchUpTerms.of(spec, NOON)
    assert terms == (CatchUpTerms(most, reach, NOON) if most else None)


def test_a_window_of_nothing_is_refused() -> None:
    with pytest.raises(FieldError, match=r"spec\.catchUp\.window .*longer than zero"):
        _ = CatchUp(window="0s").reach
