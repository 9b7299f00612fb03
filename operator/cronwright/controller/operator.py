"""Starts and stops the operator: client, informers, Kopf, workers.

`cronwright operator` ends up here. Workers start when every child that stands is known: a look
at half the facts would take a run for lost.
"""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final

import kopf
from aiohttp import web

from cronwright.controller import handlers, health, token
from cronwright.controller.answers import Answers
from cronwright.controller.backlog import Backlogs
from cronwright.controller.change import Changes
from cronwright.controller.children import Children
from cronwright.controller.claim import Claims
from cronwright.controller.collect import Collector
from cronwright.controller.engine import Engine
from cronwright.controller.gather import Sources
from cronwright.controller.groups import Groups
from cronwright.controller.intake import Intake
from cronwright.controller.queue import WorkQueue
from cronwright.controller.reconcile import Reconciler, Tools
from cronwright.controller.relist import Relist
from cronwright.controller.request import Requests
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.controller.witness import Witness
from cronwright.controller.write import CronJobWriter
from cronwright.kube.client import Client
from cronwright.kube.credentials import Credentials, load_credentials
from cronwright.settings import OperatorSettings

logger = logging.getLogger(__name__)

# A watch hears at least a bookmark about each minute.
_DEAF_AFTER: Final = 120.0
_BURST: Final = 8  # so many tasks that wait to be started go before all other work


def _now() -> datetime:
    return datetime.now(UTC)


async def run(settings: OperatorSettings) -> None:
    """Run the operator until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    credentials = await load_credentials(settings.kubeconfig)
    async with Client(credentials, max_connections=settings.max_connections) as client:
        await _Operator(settings, credentials, client).run(stop)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


class _Operator:
    """The parts, put together."""

    def __init__(
        self, settings: OperatorSettings, credentials: Credentials, client: Client
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._client = client
        self._tasks = TaskStore()
        self._queue: WorkQueue[TaskKey] = WorkQueue()
        self._witness = Witness()
        self._groups = Groups(settings.concurrency_group_size, self._queue.add)
        self._children = Children(
            client, settings.namespace, self._queue, self._witness, self._groups
        )
        self._collector = Collector(client, self._witness, self._queue.add)
        self._sources = self._make_sources()
        self._requests = Requests(client)
        self._claims = Claims(client, self._sources, self._requests)
        self._engine = Engine(self._claims, self._groups, self._sources.intake, self._queue, _now)
        self._queue.gives_way = lambda: self._engine.behind > _BURST
        self._reconciler = self._make_reconciler()
        self._watching = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything, and end it when told to or when a part has failed."""
        runner = await self._serve_health()
        stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        signals = asyncio.create_task(self._take_signals_back(stop))
        parts = [asyncio.create_task(part) for part in self._parts(stop)]
        logger.info("started")
        try:
            await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
            for part in parts:
                if part.done() and not stop.is_set():
                    part.result()  # raises what it failed of: a half-dead operator must not stay
        finally:
            logger.info("stopping")
            stop.set()
            await self._collector.stop()
            for part in (*parts, stopped, signals):
                part.cancel()
            await asyncio.gather(*parts, stopped, signals, return_exceptions=True)
            if runner is not None:
                await runner.cleanup()

    def _parts(self, stop: asyncio.Event) -> list[Coroutine[Any, Any, None]]:
        settings = self._settings
        relist = Relist(self._client, self._tasks, self._queue, settings.namespace)
        return [
            *(informer.run() for informer in self._children.all),
            self._watch_tasks(stop),
            *(self._work() for _ in range(settings.workers)),
            relist.run(settings.relist_seconds),
            self._engine.run(),
            self._groups.report(self._client),
            *([token.hand_over(self._client, settings)] if settings.api_token_file else []),
        ]

    async def _watch_tasks(self, stop: asyncio.Event) -> None:
        registry = handlers.register(self._tasks, self._queue, self._login)
        # Kopf would ask who the user is, whom a pod's image need not know by name.
        identity: Any = "cronwright"
        await kopf.operator(
            registry=registry,
            identity=identity,
            settings=handlers.configure(kopf.OperatorSettings()),
            standalone=True,
            clusterwide=not self._settings.namespace,
            namespaces=[self._settings.namespace] if self._settings.namespace else [],
            stop_flag=stop,
            ready_flag=self._watching,
        )

    async def _take_signals_back(self, stop: asyncio.Event) -> None:
        # Kopf puts its own handlers in place of ours, and takes five seconds longer to end.
        await self._watching.wait()
        _stop_on_signals(stop)

    async def _login(self) -> kopf.ConnectionInfo:
        return kopf.ConnectionInfo(**await self._credentials.connection())

    async def _work(self) -> None:
        for informer in self._children.all:
            await informer.synced.wait()
        await self._queue.work(self._reconciler.reconcile)

    def _make_sources(self) -> Sources:
        return Sources(
            tasks=self._tasks,
            cronjobs=self._children.cronjobs,
            jobs=self._children.jobs,
            pods=self._children.pods,
            witness=self._witness,
            intake=Intake(),
            generations={},
        )

    def _make_reconciler(self) -> Reconciler:
        writer = CronJobWriter(self._client)
        changes = Changes(self._sources, self._queue, writer, self._engine)
        tools = Tools(
            client=self._client,
            queue=self._queue,
            collector=self._collector,
            changes=changes,
            answers=Answers(self._sources, self._requests),
            backlogs=Backlogs(self._sources, self._claims, self._requests, self._groups),
            requests=self._requests,
            engine=self._engine,
            clock=_now,
        )
        return Reconciler(self._sources, tools)

    async def _serve_health(self) -> web.AppRunner | None:
        if not self._settings.health_port:
            return None
        return await health.serve(
            self._settings.bind_address, self._settings.health_port, self._ready
        )

    def _ready(self) -> bool:
        children = self._children.all
        lively = all(each.synced.is_set() and each.age() < _DEAF_AFTER for each in children)
        return self._watching.is_set() and lively
