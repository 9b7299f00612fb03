"""How all tasks stand, in a few words each: what `metrics` counts and shows of them.

`journal` says how a task stands whenever it was looked at. The tasks themselves are kept packed,
and unpacking all of them whenever Prometheus asks would take a second.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cronwright.controller.tasks import TaskKey
from cronwright.model import conditions
from cronwright.model.run import Verdict
from cronwright.model.status import TaskStatus

_FAILURES: Final = {Verdict.FAILED, Verdict.TIMED_OUT}


@dataclass(frozen=True, slots=True)
class Standing:
    """How one task stands."""

    mode: str  # empty for one that was never accepted
    ready: str
    failures: int  # in a row, the last run being one of them
    last_success: datetime | None
    next_run: datetime | None

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
        )


class Census:
    """Keep how each task stands."""

    def __init__(self) -> None:
        self._tasks: dict[TaskKey, Standing] = {}

    def put(self, key: TaskKey, status: TaskStatus) -> None:
        """Note how a task stands now."""
        self._tasks[key] = Standing.of(status)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._tasks.pop(key, None)

    def __iter__(self) -> Iterator[tuple[TaskKey, Standing]]:
        return iter(list(self._tasks.items()))

    def count(self) -> Counter[tuple[str, str, str]]:
        """Count the tasks by namespace, mode and whether they are Ready."""
        return Counter((key.namespace, each.mode, each.ready) for key, each in self)


def _failures_in_a_row(status: TaskStatus) -> int:
    """Count back to the last success; what was cancelled, replaced or skipped counts as neither."""
    count = 0
    for run in status.history:
        if run.verdict is Verdict.SUCCEEDED:
            break
        count += run.verdict in _FAILURES
    return count
