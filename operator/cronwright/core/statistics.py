"""What the kept history says of a task in numbers, and which of its runs take unusually long.

`status` has them computed in the write that records a run, `controller/slow_run` tells of slow
runs in Events. A run that was ended by somebody else says nothing of its task.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from cronwright.core.run import Run
from cronwright.model.run import RunRecord, Verdict
from cronwright.model.status import Statistics

RUNS_AT_LEAST: Final = 5  # with fewer, nothing is called slow
SLOW_AT_LEAST: Final = timedelta(seconds=10)  # beyond the 95th percentile: most tasks take seconds
# An Event stands for an hour, and its name is the run's: so long it is surely told of only once.
TOLD_WITHIN: Final = timedelta(minutes=45)

_ENDED_BY_ITSELF: Final = {Verdict.SUCCEEDED, Verdict.FAILED}
_JUDGED: Final = {*_ENDED_BY_ITSELF, Verdict.TIMED_OUT}


def statistics_of(history: Sequence[RunRecord]) -> Statistics | None:
    """Compute a history's statistics, newest run first; None where no run says anything."""
    judged = [each for each in history if each.verdict in _JUDGED]
    if not judged:
        return None
    succeeded = [each.verdict is Verdict.SUCCEEDED for each in judged]
    durations = sorted(_durations(history))
    return Statistics(
        runs=len(judged),
        timed_runs=len(durations),
        p50_seconds=_percentile(durations, 50),
        p95_seconds=_percentile(durations, 95),
        success_rate=round(sum(succeeded) / len(judged), 4),
        failure_streak=succeeded.index(True) if any(succeeded) else len(judged),
    )


def _durations(history: Iterable[RunRecord]) -> list[int]:
    return [
        int((each.completion_time - each.start_time).total_seconds())
        for each in history
        if each.verdict in _ENDED_BY_ITSELF and each.start_time and each.completion_time
    ]


def _percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Give the least duration that so many percent of the runs did not exceed."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None


@dataclass(frozen=True, slots=True)
class SlowRun:
    """A run that has taken longer than most of its task's did, and the words for it."""

    run_id: str
    message: str


def slow_runs(
    runs: Iterable[Run], statistics: Statistics | None, factor: float, now: datetime
) -> tuple[tuple[SlowRun, ...], datetime | None]:
    """Find active runs that are slow, and when the next will be; a `factor` of 0 finds none."""
    usual = statistics.p95_seconds if statistics else None
    if statistics is None or usual is None or statistics.timed_runs < RUNS_AT_LEAST or not factor:
        return (), None
    limit = max(timedelta(seconds=usual * factor), timedelta(seconds=usual) + SLOW_AT_LEAST)
    slow: list[SlowRun] = []
    due: list[datetime] = []
    for run in runs:
        since = run.job.start_time or run.job.created
        if run.gone or run.job.suspended or now > since + limit + TOLD_WITHIN:
            continue
        if now >= since + limit:
            slow.append(SlowRun(run.job.run_id, _words(run.job.name, limit, statistics)))
        else:
            due.append(since + limit)
    return tuple(slow), min(due, default=None)


def _words(name: str, limit: timedelta, statistics: Statistics) -> str:
    return (
        f'run "{name}" has taken more than {limit.total_seconds():g} s; 95% of the last '
        f"{statistics.timed_runs} took at most {statistics.p95_seconds} s"
    )
