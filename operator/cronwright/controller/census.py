"""How all tasks stand, in a few words each: what `task_metrics` counts and shows of them.

`journal` says how a task stands whenever it was looked at. The tasks themselves are kept packed,
and unpacking all of them whenever Prometheus asks would take a second.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.controller.tasks import TaskKey
from cronwright.model import conditions
from cronwright.model.run import PendingReason, Verdict
from cronwright.model.status import TaskStatus

_FAILURES: Final = {Verdict.FAILED, Verdict.TIMED_OUT}
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How one task stands."""

    mode: str  # empty for one that was never accepted
    ready: str
    failures: int  # in a row, the last run being one of them
    last_success: datetime | None
    next_run: datetime | None
    waits: tuple[tuple[PendingReason, datetime | None], ...]  # why, and since or until when

    @classmethod
    def of(cls, status: TaskStatus) -> "Standing":
        """Read it from a task's status."""
        found = (each.status for each in status.conditions if each.type == conditions.READY)
        return cls(
            mode=status.mode or "",
            ready=next(found, "Unknown"),
            failures=_failures_in_a_row(status),
            last_success=status.last_success_time,
            next_run=status.next_run_time,
            waits=tuple((each.reason, each.due) for each in status.pending),
        )


class Census:
    """Keep how each task stands."""

    def __init__(self) -> None:
        self._tasks: dict[TaskKey, Standing] = {}
        self._missed: dict[TaskKey, datetime] = {}

    def put(self, key: TaskKey, status: TaskStatus) -> None:
        """Note how a task stands now."""
        self._tasks[key] = Standing.of(status)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._tasks.pop(key, None)
        self._missed.pop(key, None)

    def note_missed(self, key: TaskKey, now: datetime) -> None:
        """Note that slots of a task were missed."""
        self._missed[key] = now

    def __iter__(self) -> Iterator[tuple[TaskKey, Standing]]:
        return iter(list(self._tasks.items()))

    def count(self) -> Counter[tuple[str, str, str]]:
        """Count the tasks by namespace, mode and whether they are Ready."""
        return Counter((key.namespace, each.mode, each.ready) for key, each in self)

    def waiting(self, now: datetime) -> Counter[tuple[str, str]]:
        """Count the runs that wait by namespace and reason.

        A retry that is due has begun: its entry stays in the status until the attempt has ended.
        """
        return Counter(
            (key.namespace, str(reason))
            for key, each in self
            for reason, due in each.waits
            if reason is not PendingReason.RETRY or (due is not None and due > now)
        )

    def oldest_waits(self, now: datetime) -> dict[tuple[str, str], float]:
        """Say for how many seconds that has been due which waits longest, of what could start."""
        oldest: dict[tuple[str, str], float] = {}
        for key, each in self:
            for reason, due in each.waits:
                if reason is not PendingReason.RETRY and due is not None:
                    place = key.namespace, str(reason)
                    age = (now - due).total_seconds()
                    oldest[place] = max(age, oldest.get(place, 0.0))
        return oldest

    def missed(self, now: datetime) -> list[tuple[TaskKey, datetime]]:
        """List the tasks of which slots were missed within a day, and when that was noted."""
        noted = list(self._missed.items())
        for key, time in noted:
            if time < now - _DAY:
                self._missed.pop(key, None)
        return [(key, time) for key, time in noted if time >= now - _DAY]


def _failures_in_a_row(status: TaskStatus) -> int:
    """Count back to the last success; what was cancelled, replaced or skipped counts as neither."""
    count = 0
    for run in status.history:
        if run.verdict is Verdict.SUCCEEDED:
            break
        count += run.verdict in _FAILURES
    return count
