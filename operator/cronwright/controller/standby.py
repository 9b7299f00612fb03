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
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cronwright.controller.gather import Sources, gather
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core.identity import TASK_LABEL
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import METADATA_ONLY, Client
from cronwright.kube.errors import ApiError
from cronwright.kube.store import ObjectKey, key_of, version_of

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


@dataclass(frozen=True, slots=True)
class _Listed:
    """Which version of each object stands, as of which version of all."""

    version: int
    versions: dict[ObjectKey, int]


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
        standing = {job.uid for job in self._sources.jobs.select(key)}
        if not seen and not standing:
            return
        world = self._world(key)
        recorded = {job.uid for job in world.recorded} if world else set()
        recorded = witness.mark_recorded(key, recorded, standing)
        kept = self._unrecorded(world) - recorded if world else set()
        witness.forget(key, seen - kept)
        for uid in seen - kept:
            self._gone_since.pop(uid, None)
        if kept & self._gone_since.keys():
            self._queue.add_after(key, _KEPT_SECONDS)

    async def catch_up(self) -> None:
        """Wait until everything is known here that the last leader has written.

        It may have written right before it gave up the Lease, and the news may still be on its
        way. BehindError where it does not come.
        """
        await self._known(jobs=True)

    async def know_tasks(self) -> None:
        """Wait until all tasks are known that there are; BehindError where they are not told of."""
        await self._known(jobs=False)

    async def _known(self, *, jobs: bool) -> None:
        for _ in range(_LISTS):
            try:
                tasks = await self._list(paths.scheduledtasks(self._namespace))
                listed = await self._list(paths.jobs(self._namespace), TASK_LABEL) if jobs else None
            except ApiError as error:
                logger.warning("not caught up yet", extra={"error": str(error)})
                await asyncio.sleep(1.0)
                continue
            for _ in range(_LOOKS_A_LIST):
                if self._knows_tasks(tasks) and (listed is None or self._knows_jobs(listed)):
                    return
                await asyncio.sleep(_PAUSE)
        raise BehindError("the watches do not bring what the API server lists")

    def _knows_tasks(self, listed: _Listed) -> bool:
        known = self._sources.tasks.version
        return all(known(TaskKey(*place)) >= version for place, version in listed.versions.items())

    def _knows_jobs(self, listed: _Listed) -> bool:
        jobs = self._sources.jobs
        if jobs.version < max(listed.versions.values(), default=0):
            return False
        # Of those that were deleted the watch may still have to tell.
        return all(
            key_of(job) in listed.versions or version_of(job) > listed.version for job in jobs.all()
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

    async def _list(self, path: str, label: str = "") -> _Listed:
        params = {"labelSelector": label} if label else {}
        versions, version = {}, 0
        async for page in self._client.list_pages(path, params, _PAGE, METADATA_ONLY):
            version = int(page["metadata"]["resourceVersion"])
            for each in page["items"]:
                metadata = each["metadata"]
                place = ObjectKey(metadata["namespace"], metadata["name"])
                versions[place] = int(metadata["resourceVersion"])
        return _Listed(version, versions)
