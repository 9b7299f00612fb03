"""Reads the logs of attempts before their pods are gone.

`core.plan` says which log is to be read; what was read goes to the witness, and the task's key
back on the queue, so that the run is recorded with it. A log that can't be had is settled too:
the record then says so, rather than waiting for ever.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from cronwright.core.capture import Capture
from cronwright.core.run import Output
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError
from cronwright.kube.logs import read_tail
from cronwright.model.task import Logs

logger = logging.getLogger(__name__)

_READS_AT_ONCE: Final = 8
_FOLLOWS_AT_ONCE: Final = 64
_FOLLOW_MARGIN: Final = 10.0
_OPEN_TIMEOUT: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Job:
    key: TaskKey
    uid: str


class Collector:
    """Read logs in the background, each attempt's once at a time."""

    def __init__(
        self, client: Client, witness: Witness, settled: Callable[[TaskKey], None]
    ) -> None:
        self._client = client
        self._witness = witness
        self._settled = settled
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        # Followed logs last as long as their containers: they must not keep others waiting.
        self._follows = asyncio.Semaphore(_FOLLOWS_AT_ONCE)
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._opened: dict[str, asyncio.Event] = {}

    def start(self, key: TaskKey, captures: Iterable[Capture], logs: Logs) -> None:
        """Begin to read what is not being read yet."""
        for capture in captures:
            if capture.attempt not in self._running and capture.pod.job_uid is not None:
                job = _Job(key, capture.pod.job_uid)
                if capture.follow:
                    self._opened[job.uid] = asyncio.Event()
                self._running[capture.attempt] = asyncio.create_task(
                    self._collect(job, capture, logs)
                )

    async def listening(self, job_uid: str) -> None:
        """Wait until a Job's log is followed, where it is going to be; at most a second."""
        opened = self._opened.get(job_uid)
        if opened is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(opened.wait(), _OPEN_TIMEOUT)

    @property
    def busy(self) -> bool:
        """Tell whether a log is being read."""
        return bool(self._running)

    async def stop(self) -> None:
        """End all reading."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _collect(self, job: _Job, capture: Capture, logs: Logs) -> None:
        output: Output | None = None
        try:
            async with self._follows if capture.follow else self._reads:
                output = await self._read(capture, logs, self._opened.get(job.uid))
        except ApiError as error:
            # The pod is gone, or its node does not answer: the record will say what is missing.
            logger.info(
                "log not read",
                extra={
                    "namespace": job.key.namespace,
                    "task": job.key.name,
                    "pod": capture.pod.name,
                    "error": str(error),
                },
            )
        finally:
            self._running.pop(capture.attempt, None)
            opened = self._opened.pop(job.uid, None)
            if opened is not None:
                opened.set()  # nobody waits for a log that can't be had
        self._witness.settle(job.key, job.uid, capture.attempt, output)
        self._settled(job.key)

    async def _read(self, capture: Capture, logs: Logs, opened: asyncio.Event | None) -> Output:
        timeout = capture.pod.grace_seconds + _FOLLOW_MARGIN if capture.follow else 5.0
        tail = await read_tail(
            self._client,
            capture.pod.namespace,
            capture.pod.name,
            capture.container,
            tail_lines=logs.tail_lines,
            max_bytes=logs.max_bytes,
            previous=capture.previous,
            follow=capture.follow,
            timeout=timeout,
            opened=opened,
        )
        return Output(capture.attempt, tail.text, tail.complete)
