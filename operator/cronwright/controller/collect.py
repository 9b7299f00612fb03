"""Reads the logs of containers before their pods are gone.

`core.plan` says which log is to be read; what was read goes to the witness, and the task's key
back on the queue, so that the run is recorded with it. What breaks off is read again while its
pod stands. A log that can't be had is settled too: the record then says so, rather than waiting
for ever.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from cronwright.core.capture import Capture
from cronwright.core.pod import ContainerFacts, LogKey, PodFacts
from cronwright.core.run import Output
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError, Unavailable
from cronwright.kube.logs import Tail, read_tail
from cronwright.model.logs import Logs

logger = logging.getLogger(__name__)

_READS_AT_ONCE: Final = 8
_FOLLOWS_AT_ONCE: Final = 100
_FOLLOW_MARGIN: Final = 10.0
_READ_TIMEOUT: Final = 20.0
_OPEN_TIMEOUT: Final = 1.0
# A node that does not answer may never do so again, and its pod's object stands for ever.
_NODE_PATIENCE: Final = 60.0
_PAUSE: Final = 1.0
# So long after its last words the node tells that a container has ended, at most.
_END_TOLD: Final = 5.0
_LOOK: Final = 0.05

Look = Callable[[str, str], PodFacts | None]


@dataclass(frozen=True, slots=True)
class _Job:
    key: TaskKey
    uid: str


class Collector:
    """Read logs in the background, each once at a time; `look` finds a pod as it now is."""

    def __init__(
        self, client: Client, witness: Witness, look: Look, settled: Callable[[TaskKey], None]
    ) -> None:
        self._client = client
        self._witness = witness
        self._look = look
        self._settled = settled
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        # Followed logs last as long as their containers: they must not keep others waiting.
        self._follows = asyncio.Semaphore(_FOLLOWS_AT_ONCE)
        self._running: dict[LogKey, asyncio.Task[None]] = {}
        self._opened: dict[str, asyncio.Event] = {}

    def start(self, key: TaskKey, captures: Iterable[Capture], logs: Logs) -> None:
        """Begin to read what is not being read yet."""
        for capture in captures:
            if capture.log_key not in self._running and capture.pod.job_uid is not None:
                job = _Job(key, capture.pod.job_uid)
                if capture.follow:
                    self._opened[job.uid] = asyncio.Event()
                self._running[capture.log_key] = asyncio.create_task(
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
        opened = self._opened.get(job.uid) if capture.follow else None
        try:
            tail = await self._persist(capture, logs, opened)
        finally:
            self._running.pop(capture.log_key, None)
            if opened is not None:
                opened.set()  # nobody waits for a log that can't be had
                self._opened.pop(job.uid, None)
        output = Output(capture.log_key, tail.text, tail.complete) if tail else None
        self._witness.settle(job.key, job.uid, capture.log_key, output)
        self._settled(job.key)

    async def _persist(
        self, capture: Capture, logs: Logs, opened: asyncio.Event | None
    ) -> Tail | None:
        """Read a log until it is whole, or there is no more to be had; give the best of it."""
        best: Tail | None = None
        clock = asyncio.get_running_loop().time
        given_up = clock() + _NODE_PATIENCE
        while (now := self._present(capture)) is not None:
            try:
                tail = await self._read(now, logs, opened)
            except Unavailable as error:
                # Without the API server there is nobody to be told of a run, either.
                if error.status and clock() > given_up:
                    _not_read(capture, error)
                    break
            except ApiError as error:
                # Its pod is gone: the record will say what is missing.
                if best is None:
                    _not_read(capture, error)
                break
            else:
                best = best if best and best.complete and not tail.complete else tail
                if await self._is_all(now, tail) or (not now.follow and clock() > given_up):
                    break
                if tail.complete:
                    continue
            await asyncio.sleep(_PAUSE)
        return best

    def _present(self, capture: Capture) -> Capture | None:
        """Say how a log is to be read now; None where its container has been restarted twice."""
        container = self._found(capture)
        if container is None:
            return replace(capture, follow=False)
        later = container.restarts - capture.restarts
        if later > 1:
            return None
        follow = capture.follow and not later and container.running
        return replace(capture, follow=follow, previous=later == 1)

    async def _is_all(self, capture: Capture, tail: Tail) -> bool:
        """Tell whether there is no more to be had than what was read.

        That a followed stream has ended proves nothing: so it looks as well where the node's own
        connection broke. The container's end does, and its log is read once more if it can be.
        """
        if not capture.follow:
            return not tail.broken and self._present(capture) == capture
        end = asyncio.get_running_loop().time() + _END_TOLD
        while (now := self._present(capture)) == capture:
            if asyncio.get_running_loop().time() > end:
                return False
            await asyncio.sleep(_LOOK)
        return now is None or (tail.complete and self._found(capture) is None)

    async def _read(self, capture: Capture, logs: Logs, opened: asyncio.Event | None) -> Tail:
        grace = capture.pod.grace_seconds + _FOLLOW_MARGIN
        async with self._follows if capture.follow else self._reads:
            return await read_tail(
                self._client,
                capture.pod.namespace,
                capture.pod.name,
                capture.container,
                tail_lines=logs.tail_lines,
                max_bytes=logs.max_bytes,
                previous=capture.previous,
                follow=capture.follow,
                timeout=grace if capture.follow else _READ_TIMEOUT,
                opened=opened,
            )

    def _found(self, capture: Capture) -> ContainerFacts | None:
        pod = self._look(capture.pod.namespace, capture.pod.name)
        if pod is None or pod.uid != capture.pod.uid:
            return None
        return next((each for each in pod.containers if each.name == capture.container), None)


def _not_read(capture: Capture, error: ApiError) -> None:
    logger.info(
        "log not read",
        extra={
            "namespace": capture.pod.namespace,
            "task": capture.pod.task,
            "pod": capture.pod.name,
            "error": str(error),
        },
    )
