"""What a process does that does not lead yet: it sees all, and writes nothing.

Its informers, its watch of tasks and its witness are filled as the leader's are. `look` takes the
place of `reconcile` for each key of the queue, and only forgets what the leader has recorded, so
that what is remembered stays small. `catch_up` comes between taking the Lease and the first look
as the leader.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from cronwright.controller.gather import Sources, gather
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core.identity import TASK_LABEL
from cronwright.core.plan import World
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import METADATA_ONLY, Client
from cronwright.kube.errors import ApiError

logger = logging.getLogger(__name__)

# A leader records the end of a run within seconds. What it has not recorded for so long, it has
# recorded in a way that was not seen here, or it never will.
_KEPT_SECONDS: Final = 300.0
_PAGE: Final = 500
_LISTS: Final = 30
_LOOKS_A_LIST: Final = 50
_PAUSE: Final = 0.02


class BehindError(Exception):
    """The watches do not bring what the API server has."""


class Standby:
    """Stay ready to lead."""

    def __init__(
        self,
        client: Client,
        sources: Sources,
        queue: WorkQueue[TaskKey],
        namespace: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._sources = sources
        self._queue = queue
        self._namespace = namespace or None
        self._clock = clock
        self._gone_since: dict[str, float] = {}  # of Jobs without a record, by their UIDs

    async def look(self, key: TaskKey) -> None:
        """Forget of a task's runs what stands in its status, or has been remembered for long."""
        witness = self._sources.witness
        seen = set(witness.of(key))
        if not seen and not self._sources.jobs.select(key):
            return
        world = self._world(key)
        kept = self._unrecorded(world) if world else set()
        witness.forget(key, seen - kept)
        witness.mark_recorded(key, {job.uid for job in world.recorded} if world else set())
        for uid in seen - kept:
            self._gone_since.pop(uid, None)
        if kept & self._gone_since.keys():
            self._queue.add_after(key, _KEPT_SECONDS)

    async def catch_up(self) -> None:
        """Wait until everything is known here that the last leader has written.

        It may have written right before it gave up the Lease, and the news may still be on its
        way. BehindError where it does not come.
        """
        for _ in range(_LISTS):
            try:
                tasks = await self._versions(paths.scheduledtasks(self._namespace))
                jobs = await self._versions(paths.jobs(self._namespace), TASK_LABEL)
            except ApiError as error:
                logger.warning("not caught up yet", extra={"error": str(error)})
                await asyncio.sleep(1.0)
                continue
            for _ in range(_LOOKS_A_LIST):
                if self._knows(tasks, max(jobs.values(), default=0)):
                    return
                await asyncio.sleep(_PAUSE)
        raise BehindError("the watches do not bring what the API server lists")

    def _knows(self, tasks: dict[TaskKey, int], newest_job: int) -> bool:
        # Events of Jobs come in the order of their versions, those of tasks through Kopf do not.
        known = self._sources.tasks.version
        return self._sources.jobs.version >= newest_job and all(
            known(key) >= version for key, version in tasks.items()
        )

    def _world(self, key: TaskKey) -> World | None:
        try:
            return gather(self._sources, key, self._clock())
        except FieldError:
            return None  # `reconcile` will say it

    def _unrecorded(self, world: World) -> set[str]:
        """List the runs that are to be remembered, by the UIDs of their Jobs."""
        now, kept = time.monotonic(), set()
        for run in world.runs:
            since = self._gone_since.setdefault(run.job.uid, now) if run.gone else now
            if now < since + _KEPT_SECONDS:
                kept.add(run.job.uid)
        return kept

    async def _versions(self, path: str, label: str = "") -> dict[TaskKey, int]:
        """List which version of each object stands."""
        params = {"labelSelector": label} if label else {}
        return {
            TaskKey(meta["namespace"], meta["name"]): int(meta["resourceVersion"])
            async for page in self._client.list_pages(path, params, _PAGE, METADATA_ONLY)
            for meta in (each["metadata"] for each in page["items"])
        }
