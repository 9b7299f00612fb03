"""Finds what the watch of tasks does not tell: deletions in its gaps, a state that was set back.

Kopf reports what it sees; a deletion in a gap of its watch it never sees. A list of metadata every
few minutes shows which of the kept tasks are gone; `reconcile` then forgets them. After a restore
of the cluster's database tasks stand in older versions than the kept ones, and these are the truth;
Kopf hears of nothing until the versions have come again to where it was, and until then the list
is read every few seconds.
"""

import asyncio
import contextlib
import logging
import time
from typing import Any, Final

from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube import paths
from cronwright.kube.client import METADATA_ONLY, Client
from cronwright.kube.errors import ApiError, NotFound

logger = logging.getLogger(__name__)


_SOON: Final = 5.0
_SAME: Final = 60.0


class Relist:
    """Compare the kept tasks with those that stand."""

    def __init__(
        self, client: Client, tasks: TaskStore, queue: WorkQueue[TaskKey], namespace: str
    ) -> None:
        self._client = client
        self._tasks = tasks
        self._queue = queue
        self._path = paths.scheduledtasks(namespace or None)
        self._restored = asyncio.Event()

    async def run(self, seconds: float) -> None:
        """Look every so many seconds, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(seconds, _SOON) if self._is_deaf() else seconds):
                    await self._restored.wait()
            self._restored.clear()
            try:
                await self.look()
            except (ApiError, OSError, TimeoutError) as error:
                logger.warning("tasks not listed", extra={"error": str(error)})

    async def restore(self) -> None:
        """Take the tasks as they stand for the truth: an informer found the state set back."""
        self._note_restore()
        await self.look()

    async def look(self) -> None:
        """Forget the tasks that are gone, and take those that were set back as they stand."""
        # What is kept is read before the list: a task that comes meanwhile is in neither.
        kept = self._tasks.uids()
        versions = {key: self._tasks.version(key) for key in kept}
        standing: set[str] = set()
        older: list[TaskKey] = []
        newer: list[TaskKey] = []
        async for page in self._client.list_pages(self._path, {}, accept=METADATA_ONLY):
            for item in page["items"]:
                metadata = item["metadata"]
                standing.add(metadata["uid"])
                key = TaskKey(metadata["namespace"], metadata["name"])
                version, known = int(metadata["resourceVersion"]), versions.get(key, 0)
                if version != known:
                    (older if version < known else newer).append(key)
        for key, uid in kept.items():
            if uid not in standing and self._tasks.remove(key, uid):
                logger.info("gone", extra={"namespace": key.namespace, "task": key.name})
                self._queue.add(key)
        for key in older:
            await self._set_back(key, versions[key])
        for key in newer if self._is_deaf() else ():
            body = await self._read(key)
            if body is not None and self._tasks.put(body):
                self._queue.add(key)

    async def _set_back(self, key: TaskKey, version: int) -> None:
        """Take a task in its older version; a list may be stale, what is read by name is not."""
        body = await self._read(key)
        if body is None or int(body["metadata"]["resourceVersion"]) >= version:
            return
        self._note_restore()
        logger.info("set back", extra={"namespace": key.namespace, "task": key.name})
        self._tasks.replace(body)
        self._queue.add(key)

    async def _read(self, key: TaskKey) -> Any:
        try:
            return await self._client.get(paths.scheduledtasks(*key))
        except NotFound:
            return None

    def _note_restore(self) -> None:
        now, restored = time.monotonic(), self._tasks.restored
        if restored is None or now - restored > _SAME:  # each informer finds it
            self._tasks.restored = now
        self._restored.set()

    def _is_deaf(self) -> bool:
        """Tell whether Kopf has told of nothing since the state was set back."""
        restored = self._tasks.restored
        return restored is not None and self._tasks.heard < restored + _SOON
