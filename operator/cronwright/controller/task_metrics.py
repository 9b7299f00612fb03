"""The metrics of how tasks stand: how many there are, what waits, what is the matter with them.

`metrics` declares them among its own, and `census` has the values. Tasks by name appear only while
something is the matter with them, unless the setting `task_metrics` asks for more.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from cronwright.controller.census import Census
from cronwright.controller.tasks import TaskKey
from cronwright.metrics import Metrics, Values

Clock = Callable[[], datetime]


def declare(metrics: Metrics, census: Census, clock: Clock, *, by_name: bool) -> None:
    """Declare what a census says; `by_name` with dates of each task."""
    _declare_all(metrics, census, clock)
    _declare_troubled(metrics, census, clock)
    if by_name:
        _declare_each(metrics, census)


def _declare_all(metrics: Metrics, census: Census, clock: Clock) -> None:
    metrics.reading(
        "cronwright_tasks",
        "Tasks by mode, empty for one that was never accepted, and by their condition Ready.",
        *("namespace", "mode", "ready"),
        read=lambda: census.count().items(),
    )
    metrics.reading(
        "cronwright_runs_waiting",
        "Runs that wait: Queued, for other runs to end; CatchUp, for their turn among those that "
        "are made up for; Retry, for their next attempt, until it is due.",
        *("namespace", "reason"),
        read=lambda: census.waiting(clock()).items(),
    )
    metrics.reading(
        "cronwright_oldest_wait_seconds",
        "For how long the run has been due, or asked for, that waits longest, Queued or CatchUp.",
        *("namespace", "reason"),
        read=lambda: census.oldest_waits(clock()).items(),
    )


def _declare_troubled(metrics: Metrics, census: Census, clock: Clock) -> None:
    metrics.reading(
        "cronwright_task_failures_in_a_row",
        "Runs of a task that failed or timed out since its last success, as far back as its "
        "history goes; only of tasks with at least one.",
        *("namespace", "task"),
        read=lambda: [(key, each.failures) for key, each in census if each.failures],
    )
    metrics.reading(
        "cronwright_task_missed_noted_timestamp_seconds",
        "When the operator last noted that slots of a task were missed; only of tasks where "
        "that was within a day and since it started.",
        *("namespace", "task"),
        read=lambda: _times(census.missed(clock())),
    )


def _declare_each(metrics: Metrics, census: Census) -> None:
    metrics.reading(
        "cronwright_task_last_success_timestamp_seconds",
        "When the last run of a task that succeeded ended.",
        *("namespace", "task"),
        read=lambda: _times((key, each.last_success) for key, each in census),
    )
    metrics.reading(
        "cronwright_task_next_run_timestamp_seconds",
        "When the next run of a task is due.",
        *("namespace", "task"),
        read=lambda: _times((key, each.next_run) for key, each in census),
    )


def _times(moments: Iterable[tuple[TaskKey, datetime | None]]) -> Values:
    for key, moment in moments:
        if moment is not None:
            yield key, moment.timestamp()
