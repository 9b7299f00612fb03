"""Asks the cluster's Events why a run does not get going, where its Job and pods don't say.

`core.stall` says of which object; what is found goes to the witness, and the task's key back on
the queue. Each object is asked about once: its words are for people, and nothing is decided by
them.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from cronwright.core.stall import Stall
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 4
_MOST: Final = 100  # of one object; the API server keeps an hour of them


class Inquirer:
    """Read Events in the background, each object's once."""

    def __init__(self, client: Client, witness: Witness, told: Callable[[TaskKey], None]) -> None:
        self._client = client
        self._witness = witness
        self._told = told
        self._reads = asyncio.Semaphore(_AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}

    def start(self, key: TaskKey, stall: Stall | None) -> None:
        """Begin to ask about a run that stalls, unless it is known why."""
        if stall is not None and stall.message is None and stall.uid not in self._running:
            self._running[stall.uid] = asyncio.create_task(self._ask(key, stall))

    async def stop(self) -> None:
        """End all asking."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, key: TaskKey, stall: Stall) -> None:
        words = ""
        params = {"fieldSelector": f"involvedObject.uid={stall.uid}", "limit": str(_MOST)}
        try:
            async with self._reads:
                found = await self._client.get(paths.events(key.namespace), params)
            words = _latest(found.get("items") or ())
        except ApiError as error:
            logger.info(
                "events not read",
                extra={"namespace": key.namespace, "task": key.name, "error": str(error)},
            )
        finally:
            self._running.pop(stall.uid, None)
        self._witness.note_words(key, stall.job.uid, stall.uid, words)
        self._told(key)


def _latest(events: Any) -> str:
    """Give the words of the latest warning; nothing where there is none."""
    warnings = [each for each in events if each.get("type") == "Warning"]
    latest: Mapping[str, Any] = max(warnings, key=_time, default={})
    return f"{latest['reason']}: {latest.get('message', '')}" if latest.get("reason") else ""


def _time(event: Mapping[str, Any]) -> str:
    # In RFC 3339, in UTC: to the second they sort as they are.
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
