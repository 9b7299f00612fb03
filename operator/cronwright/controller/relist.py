"""Finds tasks that were deleted while nothing watched.

Kopf reports what it sees; a deletion in a gap of its watch it never sees. A list of metadata every
few minutes shows which of the kept tasks are gone; `reconcile` then forgets them. It shows as well
where a task stands in an older version than the kept one: after a restore of the cluster's
database that one is the truth.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube import paths
from cronwright.kube.client import METADATA_ONLY, Client
from cronwright.kube.errors import ApiError, NotFound

logger = logging.getLogger(__name__)


class Relist:
    """Compare the kept tasks with those that stand."""

    def __init__(
        self,
        client: Client,
        tasks: TaskStore,
        queue: WorkQueue[TaskKey],
        namespace: str,
        on_restored: Callable[[], None] = lambda: None,
    ) -> None:
        self._on_restored = on_restored
        self._client = client
        self._tasks = tasks
        self._queue = queue
        self._path = paths.scheduledtasks(namespace or None)

    async def run(
        self, seconds: float, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        """Look every so many seconds, for ever."""
        while True:
            await sleep(seconds)
            try:
                await self.look()
            except (ApiError, OSError, TimeoutError) as error:
                logger.warning("tasks not listed", extra={"error": str(error)})

    async def restore(self) -> None:
        """Take the tasks as they stand for the truth: an informer found the state set back."""
        self._note_restore()
        await self.look()

    async def look(self) -> None:
        """Forget the tasks that are gone, and take those that stand in an older version."""
        # What is kept is read before the list: a task that comes meanwhile is in neither.
        kept = self._tasks.uids()
        versions = {key: self._tasks.version(key) for key in kept}
        standing: set[str] = set()
        older: list[TaskKey] = []
        async for page in self._client.list_pages(self._path, {}, accept=METADATA_ONLY):
            for item in page["items"]:
                metadata = item["metadata"]
                key = TaskKey(metadata["namespace"], metadata["name"])
                standing.add(metadata["uid"])
                if int(metadata["resourceVersion"]) < versions.get(key, 0):
                    older.append(key)
        for key, uid in kept.items():
            if uid not in standing and self._tasks.remove(key, uid):
                logger.info("gone", extra={"namespace": key.namespace, "task": key.name})
                self._queue.add(key)
        for key in older:
            await self._set_back(key, versions[key])

    async def _set_back(self, key: TaskKey, version: int) -> None:
        """Take a task in its older version; a list may be stale, what is read by name is not."""
        try:
            body = await self._client.get(paths.scheduledtasks(*key))
        except NotFound:
            return
        if int(body["metadata"]["resourceVersion"]) >= version:
            return
        if self._tasks.restored is None:
            self._note_restore()
        logger.info("set back", extra={"namespace": key.namespace, "task": key.name})
        self._tasks.replace(body)
        self._queue.add(key)

    def _note_restore(self) -> None:
        self._tasks.restored = time.monotonic()
        self._on_restored()
