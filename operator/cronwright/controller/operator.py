"""Starts and stops the operator: client, informers, Kopf, and the crew that does the work.

`cronwright operator` ends up here. The crew starts when every child that stands is known: a look
at half the facts would take a run for lost.
"""

import asyncio
import signal
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from cronwright.controller import handlers, health, token
from cronwright.controller.answers import Answers
from cronwright.controller.attempts import Attempts
from cronwright.controller.backlog import Backlogs
from cronwright.controller.change import Changes
from cronwright.controller.children import Children
from cronwright.controller.claim import Claims
from cronwright.controller.collect import Collector
from cronwright.controller.crew import Crew
from cronwright.controller.ending import Endings
from cronwright.controller.engine import Engine
from cronwright.controller.foresight import expected
from cronwright.controller.gather import Sources
from cronwright.controller.groups import Groups
from cronwright.controller.inquire import Inquirer
from cronwright.controller.intake import Intake
from cronwright.controller.journal import Journal
from cronwright.controller.leadership import Leadership
from cronwright.controller.metrics import OperatorMetrics
from cronwright.controller.queue import WorkQueue
from cronwright.controller.reconcile import Reconciler, Tools
from cronwright.controller.relist import Relist
from cronwright.controller.request import Requests
from cronwright.controller.slow_run import SlowRuns
from cronwright.controller.standby import Standby
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.controller.witness import Witness
from cronwright.controller.write import CronJobWriter
from cronwright.kube.client import Client
from cronwright.kube.credentials import Credentials, load_credentials
from cronwright.lifecycle import Lifecycle, State
from cronwright.settings import OperatorSettings

# A watch hears at least a bookmark about each minute.
_DEAF_AFTER: Final = 120.0
_FEW_CONNECTIONS: Final = 4
_BURST: Final = 8  # so many tasks that wait to be started go before all other work


def _now() -> datetime:
    return datetime.now(UTC)


async def run(settings: OperatorSettings) -> None:
    """Run the operator until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    credentials = await load_credentials(settings.kubeconfig)
    # What a standby writes too goes by a client of its own: the Lease, and the API's token. Nor
    # must renewals wait for a connection while many runs are started.
    async with Client(credentials, max_connections=_FEW_CONNECTIONS) as unfenced:
        leadership = Leadership.of(unfenced, settings)
        async with Client(
            credentials, max_connections=settings.max_connections, fence=leadership.check
        ) as client:
            await _Operator(settings, credentials, (client, unfenced), leadership).run(stop)


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def _cancel(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Operator:
    """The parts, put together."""

    def __init__(
        self,
        settings: OperatorSettings,
        credentials: Credentials,
        clients: tuple[Client, Client],
        leadership: Leadership,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._client, self._unfenced = clients
        self._leadership = leadership
        self._lifecycle = Lifecycle()
        self._tasks = TaskStore()
        self._queue: WorkQueue[TaskKey] = WorkQueue()
        self._witness = Witness()
        self._groups = Groups(settings.concurrency_group_size, self._queue.add)
        self._relist = Relist(self._client, self._tasks, self._queue, settings.namespace)
        self._children = Children(
            self._client,
            settings.namespace,
            self._queue,
            self._witness,
            self._groups,
            self._relist.restore,
        )
        look = self._children.pods.get
        self._collector = Collector(self._client, self._witness, look, self._queue.add)
        self._inquirer = Inquirer(self._client, self._witness, self._queue.add)
        self._sources = self._make_sources()
        self._endings = Endings(self._client, self._children.jobs, self._collector.listening)
        self._requests = Requests(self._client, self._endings)
        self._claims = Claims(self._client, self._sources, self._endings)
        self._engine = Engine(self._claims, self._groups, self._sources.intake, self._queue, _now)
        self._queue.gives_way = lambda: self._engine.behind > _BURST
        self._metrics = OperatorMetrics(tasks_by_name=settings.task_metrics)
        self._metrics.attach(
            self._queue, self._engine, self._children.all, lambda: leadership.leading
        )
        self._client.observe = self._unfenced.observe = self._metrics.called
        self._crew = self._make_crew()
        self._watching = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Start everything, and end it when told to or when a part has failed."""
        runner = await self._serve_health()
        stopped: asyncio.Task[Any] = asyncio.create_task(stop.wait())
        signals = asyncio.create_task(self._take_signals_back(stop))
        crew = asyncio.create_task(self._crew.run(self._all_known()))
        parts = [crew, *(asyncio.create_task(part) for part in self._parts())]
        self._lifecycle.enter(State.RUNNING, leading=False)
        try:
            await asyncio.wait({stopped, *parts}, return_when=asyncio.FIRST_COMPLETED)
            self._lifecycle.enter(State.SHUTTING_DOWN, leading=self._leadership.leading)
            for part in parts:
                if part.done():
                    part.result()  # raises what it failed of: a half-dead operator must not stay
            await self._crew.finish()
        finally:
            await _cancel(crew)
            await self._leadership.give_up()
            self._over.set()
            await self._collector.stop()
            await self._inquirer.stop()
            await _cancel(*parts, stopped, signals)
            if runner is not None:
                await runner.cleanup()
            self._lifecycle.enter(State.TERMINATED, leading=False)

    def _parts(self) -> list[Coroutine[Any, Any, None]]:
        settings = self._settings
        registry = handlers.register(self._tasks, self._queue, self._credentials)
        return [
            *(informer.run() for informer in self._children.all),
            handlers.watch(registry, settings.namespace, self._over, self._watching),
            self._relist.run(settings.relist_seconds),
            self._groups.report(self._client),
            *([token.hand_over(self._unfenced, settings)] if settings.api_token_file else []),
        ]

    async def _take_signals_back(self, stop: asyncio.Event) -> None:
        # Kopf puts its own handlers in place of ours, and takes five seconds longer to end.
        await self._watching.wait()
        _stop_on_signals(stop)

    async def _all_known(self) -> None:
        await self._watching.wait()
        for informer in self._children.all:
            await informer.synced.wait()

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

    def _make_crew(self) -> Crew:
        writer = CronJobWriter(self._client)
        changes = Changes(self._client, self._sources, self._queue, writer, self._engine)
        tools = Tools(
            client=self._client,
            queue=self._queue,
            collector=self._collector,
            inquirer=self._inquirer,
            changes=changes,
            answers=Answers(self._sources, self._requests, self._endings),
            backlogs=Backlogs(self._sources, self._claims, self._requests, self._groups),
            requests=self._requests,
            endings=self._endings,
            slow_runs=SlowRuns(self._client, self._settings.slow_run_factor),
            attempts=Attempts(self._client, self._sources),
            engine=self._engine,
            journal=Journal(self._metrics),
            clock=_now,
        )
        client, namespace = self._client, self._settings.namespace
        return Crew(
            leadership=self._leadership,
            lifecycle=self._lifecycle,
            standby=Standby(client, self._sources, self._queue, namespace, _now),
            tasks=self._tasks,
            queue=self._queue,
            reconcile=self._metrics.timed(Reconciler(self._sources, tools).reconcile),
            engine=self._engine,
            collector=self._collector,
            workers=self._settings.workers,
            groups=self._groups,
            expected=lambda: expected(self._sources, _now()),
        )

    async def _serve_health(self) -> web.AppRunner | None:
        if not self._settings.health_port:
            return None
        settings = self._settings
        return await health.serve(
            settings.bind_address, settings.health_port, self._ready, self._report, self._metrics
        )

    def _report(self) -> dict[str, object]:
        return {"state": self._lifecycle.state, "leading": self._leadership.leading}

    def _ready(self) -> bool:
        children = self._children.all
        lively = all(each.synced.is_set() and each.age() < _DEAF_AFTER for each in children)
        return self._watching.is_set() and lively
