"""Kopf's part: the watch of ScheduledTasks, and nothing else.

`on.event` is level-triggered and writes nothing: no finalizer, no annotation, no patch at a
restart. The handler keeps the body in `tasks` and puts the key on the queue; `reconcile` takes it
from there.
"""

import asyncio
import time
from typing import Any

import kopf

from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube.credentials import Credentials
from cronwright.model import GROUP, PLURAL, VERSION


def register(
    tasks: TaskStore,
    queue: WorkQueue[TaskKey],
    credentials: Credentials,
) -> kopf.OperatorRegistry:
    """Make the registry of handlers that feed a store and a queue."""
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    async def _login(**_: Any) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(**await credentials.connection())

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=registry)
    async def _event(event: kopf.RawEvent, **_: Any) -> None:
        body = event["object"]
        tasks.heard = time.monotonic()
        key = TaskKey(body["metadata"]["namespace"], body["metadata"]["name"])
        if event["type"] == "DELETED":
            tasks.remove(key, body["metadata"]["uid"])
            queue.add(key)
        elif tasks.put(body):
            queue.add(key)

    return registry


async def watch(
    registry: kopf.OperatorRegistry, namespace: str, stop: asyncio.Event, ready: asyncio.Event
) -> None:
    """Run Kopf until `stop`, in one namespace or in all; `ready` is set once it watches."""
    # Kopf would ask who the user is, whom a pod's image need not know by name.
    identity: Any = "cronwright"
    await kopf.operator(
        registry=registry,
        identity=identity,
        settings=_settings(),
        standalone=True,
        clusterwide=not namespace,
        namespaces=[namespace] if namespace else [],
        stop_flag=stop,
        ready_flag=ready,
    )


def _settings() -> kopf.OperatorSettings:
    """Set what of Kopf's behaviour this operator depends on."""
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True  # the one resource is known: no need to watch CRDs
    settings.watching.chunk_size = 100  # as kube.client pages its lists, and for the same reason
    settings.posting.enabled = False  # Kopf would post Events of its own
    settings.queueing.idle_timeout = 1.0  # a worker an object: thousands, right after a start
    settings.persistence.finalizer = f"{GROUP}/finalizer"
    settings.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=GROUP)
    settings.persistence.diffbase_storage = _NoComparison()
    return settings


class _NoComparison(kopf.DiffBaseStorage):
    """Keep no former state of tasks.

    Only handlers of changes ask for it, and there are none; Kopf would still make several deep
    copies of each task at every event, half of what an event costs.
    """

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        return
