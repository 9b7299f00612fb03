"""Slots that the engine has put off, until the status has them.

`slots` puts them in, `gather` reads them, `reconcile` writes them into `status.pending` in the same
write that moves the cursor past them. What is lost here with the process, the next one finds
before the cursor, and decides anew.
"""

from collections.abc import Sequence

from cronwright.controller.tasks import TaskKey
from cronwright.core.backlog import united, without
from cronwright.model.run import PendingRun


class Intake:
    """Keep what waits of each task: what its status says, and what is not in it yet."""

    def __init__(self) -> None:
        self._put_off: dict[TaskKey, list[PendingRun]] = {}
        self._standing: dict[TaskKey, Sequence[PendingRun]] = {}

    def put(self, key: TaskKey, entry: PendingRun) -> None:
        """Let a slot wait."""
        self._put_off.setdefault(key, []).append(entry)

    def put_off(self, key: TaskKey) -> tuple[PendingRun, ...]:
        """List what the status may not have yet."""
        return tuple(self._put_off.get(key, ()))

    def waiting(self, key: TaskKey) -> list[PendingRun]:
        """List all that waits of a task."""
        return united(self._standing.get(key, ()), self._put_off.get(key, ()))

    def stands(self, key: TaskKey, pending: Sequence[PendingRun]) -> None:
        """Note what a task's status says."""
        if pending:
            self._standing[key] = pending
        else:
            self._standing.pop(key, None)

    def accounted(self, key: TaskKey, shown: Sequence[PendingRun]) -> None:
        """Forget what was shown: it stands in the status, or has its verdict there."""
        left = without(self._put_off.get(key, ()), {each.id for each in shown})
        if left:
            self._put_off[key] = left
        else:
            self._put_off.pop(key, None)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._put_off.pop(key, None)
        self._standing.pop(key, None)
