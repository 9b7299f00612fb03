"""What the operator measures: runs and slots, its queue and its looks, its watches, the tasks.

`operator` makes it and attaches the parts that are read when Prometheus asks; the rest tell as
it happens. Labels are few and bounded. How the tasks stand is declared in `task_metrics`.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from cronwright.controller import task_metrics
from cronwright.controller.census import Census
from cronwright.controller.engine import Engine
from cronwright.controller.queue import WorkQueue
from cronwright.controller.task_metrics import Clock
from cronwright.controller.tasks import TaskKey
from cronwright.core.entry import Entry, Happening
from cronwright.kube.errors import Conflict
from cronwright.kube.informer import Informer
from cronwright.metrics import Metrics, Values
from cronwright.model.run import Trigger, Verdict
from cronwright.model.status import Mode

Key = TypeVar("Key")

_LATENESS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
_DURATIONS: Final = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_WAITS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# Of a request without a run, or of a run: each has a verdict now.
_OVER: Final = {Happening.ENDED, Happening.NOT_STARTED}


def _now() -> datetime:
    return datetime.now(UTC)


class OperatorMetrics(Metrics):
    """The operator's metrics."""

    def __init__(self, *, tasks_by_name: bool = False, clock: Clock = _now) -> None:
        super().__init__()
        self.census = Census()
        self._queue: WorkQueue[TaskKey] | None = None
        self._engine: Engine | None = None
        self._informers: Sequence[Informer[Any]] = ()
        self._leading: Callable[[], bool] = lambda: False
        self._declare_runs()
        self._declare_work()
        task_metrics.declare(self, self.census, clock, by_name=tasks_by_name)

    def attach(
        self,
        queue: WorkQueue[TaskKey],
        engine: Engine,
        informers: Sequence[Informer[Any]],
        leading: Callable[[], bool],
    ) -> None:
        """Measure these parts from now on."""
        self._queue, self._engine, self._informers = queue, engine, informers
        self._leading = leading
        queue.waited = self._waits.observe
        engine.started = self._lateness.labels(Mode.MANAGED).observe

    def note(self, entry: Entry) -> None:
        """Count what stands in the execution log."""
        where = entry.namespace
        if entry.event is Happening.STARTED:
            self._note_start(entry)
        elif entry.event is Happening.NOT_STARTED and entry.slot:
            # One that was cancelled while it waited comes without a count; that of slots of which
            # nothing can be told any more is 0.
            count = 1 if entry.count is None else entry.count
            self._slots.labels(where, entry.verdict, entry.reason or "").inc(count)
            if entry.verdict is Verdict.MISSED:
                self.census.note_missed(TaskKey(where, entry.task_name), entry.timestamp)
        elif entry.event in _OVER:
            self._runs.labels(where, entry.verdict, entry.trigger).inc()
            if entry.duration_seconds is not None:
                self._durations.labels(entry.verdict).observe(entry.duration_seconds)
            if entry.attempts is not None and entry.attempts > 1:
                self._retries.labels(where).inc(entry.attempts - 1)
            if entry.captured is not None:
                self._captures.labels(entry.captured).inc()

    def _note_start(self, entry: Entry) -> None:
        # The engine tells of its own starts, and to the millisecond.
        native = entry.mode is Mode.NATIVE and entry.trigger is Trigger.SCHEDULE
        if native and entry.time and entry.slot:
            late = (entry.time - entry.slot).total_seconds()
            self._lateness.labels(Mode.NATIVE).observe(late)

    def status_written(self, namespace: str) -> None:
        """Count a write of a task's status."""
        self._writes.labels(namespace).inc()

    def forget(self, key: TaskKey) -> None:
        """Show a task no more that is gone."""
        self.census.forget(key)

    def timed(self, handle: Callable[[Key], Awaitable[None]]) -> Callable[[Key], Awaitable[None]]:
        """Measure how long something takes that is done to a key, and how it ends."""

        async def handle_timed(key: Key) -> None:
            began = time.perf_counter()
            try:
                await handle(key)
            except Exception as error:
                result = "conflict" if isinstance(error, Conflict) else "error"
                self._looks.labels(result).observe(time.perf_counter() - began)
                raise
            self._looks.labels("done").observe(time.perf_counter() - began)

        return handle_timed

    def _declare_runs(self) -> None:
        self._runs = self.counter(
            "cronwright_runs_total",
            "Runs that ended, by verdict and by what started them, and requests that were skipped.",
            *("namespace", "verdict", "trigger"),
        )
        self._slots = self.counter(
            "cronwright_slots_without_run_total",
            "Slots that had no run, by verdict (Missed, Skipped, Excluded, Unknown, or Cancelled "
            "while they waited) and reason.",
            *("namespace", "verdict", "reason"),
        )
        self._lateness = self.histogram(
            "cronwright_start_lateness_seconds",
            "From the moment that a slot was due, jitter included, until its Job was created. "
            "Of native tasks as the Jobs say it: in whole seconds.",
            "mode",
            buckets=_LATENESS,
        )
        self._durations = self.histogram(
            "cronwright_run_duration_seconds",
            "From a run's start to its end.",
            "verdict",
            buckets=_DURATIONS,
        )
        self._retries = self.counter(
            "cronwright_run_retries_total",
            "Attempts beyond the first of runs that have ended.",
            "namespace",
        )
        self._captures = self.counter(
            "cronwright_run_captures_total",
            "How much of a run's outcome could be read before its Pod was gone: Full, Partial or "
            "Lost.",
            "captured",
        )

    def _declare_work(self) -> None:
        self.reading(
            "cronwright_leader",
            "1 for the operator that fires, records and writes, else 0.",
            read=lambda: [((), float(self._leading()))],
        )
        self.reading(
            "cronwright_work_queue_length",
            "Tasks that wait to be looked at.",
            read=lambda: [((), len(self._queue) if self._queue else 0)],
        )
        self._waits = self.histogram(
            "cronwright_work_queue_wait_seconds",
            "How long a task waited to be looked at.",
            buckets=_WAITS,
        )
        self._looks = self.histogram(
            "cronwright_reconcile_duration_seconds",
            "How long a look at a task took: done, conflict where something had changed "
            "meanwhile, error where the API server failed or refused.",
            "result",
            buckets=_WAITS,
        )
        self.reading(
            "cronwright_starts_waiting",
            "Managed tasks with a slot that is due and not started yet.",
            read=lambda: [((), self._engine.behind if self._engine else 0)],
        )
        self._writes = self.counter(
            "cronwright_status_writes_total", "Writes of tasks' statuses.", "namespace"
        )
        self.reading(
            "cronwright_informer_age_seconds",
            "Since when nothing was heard of a kind of object; a sound watch stays below 120.",
            "resource",
            read=lambda: [((each.resource,), each.age()) for each in self._informers],
        )
        self.reading(
            "cronwright_watch_restarts_total",
            "Watches begun anew: ended by the API server, as it does every few minutes; expired, "
            "so that all was listed anew; failed.",
            *("resource", "reason"),
            read=self._read_restarts,
            counts=True,
        )

    def _read_restarts(self) -> Values:
        for informer in self._informers:
            for reason in ("ended", "expired", "failed"):
                yield (informer.resource, reason), informer.restarts[reason]
