"""Finds tasks that were deleted while nothing watched.

Kopf reports what it sees; a deletion in a gap of its watch it never sees. A list of metadata every
few minutes shows which of the kept tasks are gone; `reconcile` then forgets them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube import paths
from cronwright.kube.client import METADATA_ONLY, Client
from cronwright.kube.errors import ApiError

logger = logging.getLogger(__name__)


class Relist:
    """Compare the kept tasks with those that stand."""

    def __init__(
        self, client: Client, tasks: TaskStore, queue: WorkQueue[TaskKey], namespace: str
    ) -> None:
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

    async def look(self) -> None:
        """Forget the tasks that are gone."""
        # What is kept is read before the list: a task that comes meanwhile is in neither.
        kept = self._tasks.uids()
        standing: set[str] = set()
        async for page in self._client.list_pages(self._path, {}, accept=METADATA_ONLY):
            standing.update(item["metadata"]["uid"] for item in page["items"])
        for key, uid in kept.items():
            if uid not in standing and self._tasks.remove(key, uid):
                logger.info("gone", extra={"namespace": key.namespace, "task": key.name})
                self._queue.add(key)
