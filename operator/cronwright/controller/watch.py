"""Keeps Kopf watching: begun anew where the cluster's state was set back to an older one.

`operator` starts it. Kopf goes on from the last version that it heard, and after a restore of the
database hears nothing until the versions have come there again: so it has to list.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import kopf

from cronwright.controller import handlers


class TaskWatch:
    """Watch ScheduledTasks; `ready` once all that stand were seen."""

    def __init__(
        self, registry: kopf.OperatorRegistry, namespace: str, on_ready: Callable[[], None]
    ) -> None:
        self.ready = asyncio.Event()
        self._registry = registry
        self._namespace = namespace
        self._on_ready = on_ready
        self._anew = asyncio.Event()

    def begin_anew(self) -> None:
        """List all tasks, and watch from there."""
        self._anew.set()

    async def run(self, over: asyncio.Event) -> None:
        """Watch until it is over."""
        while not over.is_set():
            self._anew.clear()
            ended, ready = asyncio.Event(), asyncio.Event()
            helpers = [
                asyncio.create_task(self._end(ended, over)),
                asyncio.create_task(self._tell(ready)),
            ]
            try:
                await self._watch(ended, ready)
            finally:
                for helper in helpers:
                    helper.cancel()
                await asyncio.gather(*helpers, return_exceptions=True)

    async def _watch(self, ended: asyncio.Event, ready: asyncio.Event) -> None:
        # Kopf would ask who the user is, whom a pod's image need not know by name.
        identity: Any = "cronwright"
        await kopf.operator(
            registry=self._registry,
            identity=identity,
            settings=handlers.configure(kopf.OperatorSettings()),
            standalone=True,
            clusterwide=not self._namespace,
            namespaces=[self._namespace] if self._namespace else [],
            stop_flag=ended,
            ready_flag=ready,
        )

    async def _end(self, ended: asyncio.Event, over: asyncio.Event) -> None:
        causes = [asyncio.create_task(each.wait()) for each in (self._anew, over)]
        try:
            await asyncio.wait(causes, return_when=asyncio.FIRST_COMPLETED)
            ended.set()
        finally:
            for cause in causes:
                cause.cancel()

    async def _tell(self, ready: asyncio.Event) -> None:
        await ready.wait()
        self.ready.set()
        self._on_ready()
