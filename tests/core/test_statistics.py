"""What a history says in numbers, and which runs are slow."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.run import Run
from cronwright.core.statistics import TOLD_WITHIN, slow_runs, statistics_of
from cronwright.core.status import fold
from cronwright.model.run import RunRecord, Trigger, Verdict
from cronwright.model.status import Statistics, TaskStatus
from tests.core.test_status import ended
from tests.core.world import NOON, cronjob, job, pod, task, world


def entry(verdict: Verdict, seconds: int, number: int = 0) -> RunRecord:
    return RunRecord(
        id=f"run-{number}",
        name="run",
        trigger=Trigger.SCHEDULE,
        verdict=verdict,
        start_time=NOON - timedelta(hours=number),
        completion_time=NOON - timedelta(hours=number) + timedelta(seconds=seconds),
    )


def history(*runs: tuple[Verdict, int]) -> list[RunRecord]:
    return [entry(verdict, seconds, number) for number, (verdict, seconds) in enumerate(runs)]


GOOD, BAD, LATE = Verdict.SUCCEEDED, Verdict.FAILED, Verdict.TIMED_OUT
ENDED, SKIPPED = Verdict.CANCELLED, Verdict.SKIPPED


def stats(
    runs: int, timed: int, p50: int | None, p95: int | None, rate: float, streak: int
) -> Statistics:
    return Statistics(
        runs=runs,
        timed_runs=timed,
        p50_seconds=p50,
        p95_seconds=p95,
        success_rate=rate,
        failure_streak=streak,
    )


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([], None),
        ([(ENDED, 3), (SKIPPED, 0), (Verdict.UNKNOWN, 9)], None),
        ([(GOOD, 7)], stats(1, 1, 7, 7, 1.0, 0)),
        ([(BAD, 1), (LATE, 60), (GOOD, 7)], stats(3, 2, 1, 7, 0.3333, 2)),
        ([(ENDED, 1), (BAD, 2), (SKIPPED, 0), (BAD, 4)], stats(2, 2, 2, 4, 0.0, 2)),
        ([(LATE, 60)], stats(1, 0, None, None, 0.0, 1)),
        ([(GOOD, n) for n in range(1, 21)], stats(20, 20, 10, 19, 1.0, 0)),
        ([(GOOD, n) for n in range(50, 0, -1)], stats(50, 50, 25, 48, 1.0, 0)),
    ],
)
def test_what_a_history_says(runs: list[tuple[Verdict, int]], expected: Statistics | None) -> None:
    assert statistics_of(history(*runs)) == expected


def test_they_are_computed_with_a_record_and_stay_between() -> None:
    of = task()
    first = _folded(of, ended())
    assert first.statistics == stats(1, 1, 2, 2, 1.0, 0)
    again = task({"historyLimit": 0}, status=first.render())
    assert _folded(again).statistics == first.statistics, "a shorter history is not worth a write"


def _folded(of: object, *runs: Run) -> TaskStatus:
    here = world(of, *runs, standing=cronjob(of))  # type: ignore[arg-type]
    plan = decide(here)
    return fold(here, plan, Outcome(plan.readiness, here.cronjob, written=True))


JOB = job()
GOING = Run(JOB, (pod(JOB, "Running"),))
USUAL = stats(20, 20, 30, 60, 1.0, 0)


def at(
    seconds: float, usual: Statistics | None = USUAL, factor: float = 2.0, run: Run = GOING
) -> tuple[int, float | None]:
    """Give how many runs are slow so long after the start, and when the next look is due."""
    slow, due = slow_runs([run], usual, factor, NOON + timedelta(seconds=seconds))
    return len(slow), None if due is None else (due - NOON).total_seconds()


def test_a_run_is_slow_beyond_a_multiple_of_the_usual() -> None:
    assert at(119) == (0, 120.0)
    assert at(120) == (1, None), "nobody wakes for what has passed"
    assert at(1000) == (1, None)
    assert at(89, factor=1.5) == (0, 90.0)


def test_a_task_of_seconds_has_ten_more() -> None:
    assert at(5, stats(9, 9, 0, 0, 1.0, 0)) == (0, 10.0)
    assert at(12, stats(9, 9, 2, 2, 1.0, 0)) == (1, None)


def test_what_was_told_long_ago_is_not_told_again() -> None:
    assert at(120 + TOLD_WITHIN.total_seconds() + 1) == (0, None)


@pytest.mark.parametrize(
    "usual", [None, stats(4, 4, 30, 60, 1.0, 0), stats(9, 0, None, None, 0, 9)]
)
def test_without_enough_history_none_is_slow(usual: Statistics | None) -> None:
    assert at(10_000, usual) == (0, None)


def test_a_factor_of_zero_finds_none() -> None:
    assert at(1000, factor=0.0) == (0, None)


def test_what_does_not_run_is_not_slow() -> None:
    assert at(1000, run=replace(GOING, gone=True)) == (0, None)
    assert at(1000, run=Run(job(suspended=True), ())) == (0, None)


def test_the_words_say_how_slow() -> None:
    (slow,), _ = slow_runs([GOING], USUAL, 2.0, NOON + timedelta(seconds=121))
    assert slow.run_id == JOB.run_id
    assert slow.message == (
        'run "report-1" has taken more than 120 s; 95% of the last 20 took at most 60 s'
    )
