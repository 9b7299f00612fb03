"""Gaps in a status: put together, bounded, and taken back where a Job came late after all."""

from datetime import timedelta

from cronwright.core.gaps import GAPS_AT_MOST, extend, taken_back
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from tests.core.world import NOON

MINUTE = timedelta(minutes=1)


def gap(minute: int, count: int = 1, verdict: Verdict = Verdict.SKIPPED) -> Gap:
    time = NOON + minute * MINUTE
    return Gap(first=time, last=time, verdict=verdict, reason="r", count=count)


def test_a_slot_is_taken_back_from_the_gap_that_it_is_in() -> None:
    older, newer = gap(1, 2), gap(9)
    assert taken_back([newer, older], NOON + MINUTE) == (
        [newer, gap(1)], Verdict.SKIPPED
    )  # fmt: skip
    assert taken_back([newer, older], NOON + 9 * MINUTE) == ([older], Verdict.SKIPPED)
    assert taken_back([newer, older], NOON + 5 * MINUTE) == ([newer, older], None)
    calendar = gap(1, verdict=Verdict.EXCLUDED)
    assert taken_back([calendar], NOON + MINUTE) == ([calendar], None)


def test_gaps_that_continue_one_another_become_one() -> None:
    (found,) = extend([gap(2)], [gap(1, 4)])
    assert (found.first, found.last, found.count) == (NOON + MINUTE, NOON + 2 * MINUTE, 5)


def test_gaps_of_other_kinds_or_days_stay_apart() -> None:
    assert extend([gap(2, verdict=Verdict.MISSED)], [gap(1)]) == [
        gap(2, verdict=Verdict.MISSED),
        gap(1),
    ]
    assert len(extend([gap(120)], [gap(1)])) == 2


def test_there_is_room_for_so_many_gaps() -> None:
    gaps: list[Gap] = []
    for number in range(30):
        gaps = extend([gap(number * 100)], gaps)
    assert len(gaps) == GAPS_AT_MOST
    assert gaps[0] == gap(2900)
