"""Tells what has become of runs, once the status says so: to the execution log and the metrics.

`reconcile` writes the status within `telling`. An entry is told when the write was answered; where
the answer was lost, when a later look finds the status written.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

import orjson

from cronwright.controller.metrics import OperatorMetrics
from cronwright.controller.tasks import TaskKey
from cronwright.core.entry import Entry
from cronwright.kube.errors import ApiError
from cronwright.log import EXECUTION
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask

_execution = logging.getLogger(EXECUTION)

# However long the API server is away, so many are kept of each task.
_TRIES_AT_MOST: Final = 20


def _digest(status: TaskStatus) -> bytes:
    text = orjson.dumps(status.render(), option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class _Try:
    """A write whose answer is not known: the version it was made for, and what it would say."""

    version: str
    digest: bytes
    entries: Sequence[Entry]


class Journal:
    """Tell each entry once."""

    def __init__(self, metrics: OperatorMetrics) -> None:
        self._metrics = metrics
        self._tries: dict[TaskKey, list[_Try]] = {}

    @contextmanager
    def telling(
        self, task: ScheduledTask, status: TaskStatus, entries: Sequence[Entry]
    ) -> Iterator[None]:
        """Tell what a status says that the task's own doesn't, if it can be written."""
        key = TaskKey(task.namespace, task.name)
        self._tell_late(key, task)
        try:
            yield
        except ApiError:
            if entries:
                self._note(key, _Try(task.resource_version, _digest(status), entries))
            raise
        self._tries.pop(key, None)
        self._tell(entries)
        self._metrics.census.put(key, status)

    def _note(self, key: TaskKey, tried: _Try) -> None:
        others = [each for each in self._tries.get(key, ()) if each.digest != tried.digest]
        self._tries[key] = [*others, tried][-_TRIES_AT_MOST:]

    def _tell_late(self, key: TaskKey, task: ScheduledTask) -> None:
        """Tell what a write says that turns out to have been done.

        While the task is seen as it was before, the news of it may still be on its way.
        """
        tries = self._tries.get(key)
        if not tries or tries[0].version == task.resource_version:
            return
        standing = _digest(task.status)
        done = next((each for each in self._tries.pop(key) if each.digest == standing), None)
        if done is not None:
            self._tell(done.entries)

    def written(self, namespace: str) -> None:
        """Count a write of a status."""
        self._metrics.status_written(namespace)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._tries.pop(key, None)
        self._metrics.forget(key)

    def _tell(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            level = logging.WARNING if entry.level == "warning" else logging.INFO
            _execution.log(level, entry.render())
            self._metrics.note(entry)
