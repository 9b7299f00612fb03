"""Benchmark `reconcile`: what one look at a task costs that needs nothing done.

In one process, without a cluster: what happens to a task or to its children ends in such a look,
so this is what a large number of quiet tasks costs. Beside it, reading and writing the task's
JSON once: what nobody can do without.
"""

import json
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

from cronwright.controller.answers import Answers
from cronwright.controller.attempts import Attempts
from cronwright.controller.backlog import Backlogs
from cronwright.controller.change import Changes
from cronwright.controller.claim import Claims
from cronwright.controller.collect import Collector
from cronwright.controller.ending import Endings
from cronwright.controller.engine import Engine
from cronwright.controller.gather import Sources
from cronwright.controller.groups import Groups
from cronwright.controller.inquire import Inquirer
from cronwright.controller.intake import Intake
from cronwright.controller.journal import Journal
from cronwright.controller.metrics import OperatorMetrics
from cronwright.controller.queue import WorkQueue
from cronwright.controller.reconcile import Reconciler, Tools
from cronwright.controller.request import Requests
from cronwright.controller.slow_run import SlowRuns
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.controller.witness import Witness
from cronwright.controller.write import CronJobWriter
from cronwright.core.cronjob import render
from cronwright.core.facts import CronJobFacts, JobFacts, cronjob_facts, job_facts
from cronwright.core.pod import PodFacts, pod_facts
from cronwright.kube.client import Client
from cronwright.kube.informer import Informer
from cronwright.model.task import ScheduledTask
from cronwright.schedule import read
from tests.bench import lived, tasks
from tests.bench.progress import Progress
from tests.bench.report import Figure

NAME: Final = "reconcile"
DEFAULT_N: Final = 2000
_GOAL: Final = 1.0
_CRONJOB_UID: Final = "0b0f1c9e-8f5c-4d1e-8a65-1c1f0b7f2d22"
_KEY: Final = TaskKey("bench", tasks.name(0))


async def run(count: int, _: Path | None, progress: Progress) -> list[Figure]:
    """Measure in this process."""
    progress.say(f"{count} looks at a task with {lived.RUNS} runs")
    world = _World(datetime.now(UTC))
    await world.settle()
    look = await _milliseconds(count, world.look)
    news = await _milliseconds(count, world.hear)
    floor = await _milliseconds(count, world.copy)
    if world.writes != 0:
        raise RuntimeError("a look at a task that needs nothing has written")
    return [
        Figure(NAME, "a look that finds nothing to do", look, "ms", floor, goal=_GOAL),
        Figure(NAME, "taking in an event of the task", news, "ms", floor),
    ]


async def _milliseconds(count: int, call: Callable[[], Awaitable[None]]) -> float:
    began = time.process_time()
    for _ in range(count):
        await call()
    return (time.process_time() - began) / count * 1000


class _World:
    """One task at rest with its children, and the operator's parts around it."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.writes = 0
        self._body = _body(now)
        self._text = json.dumps(self._body)
        self._tasks = TaskStore()
        self._tasks.put(self._body)
        self._reconciler = self._make_reconciler()

    async def settle(self) -> None:
        """Look once and let the status be written: from then on nothing is to be done."""
        await self.look()
        self.writes = 0

    async def look(self) -> None:
        """Reconcile the task."""
        await self._reconciler.reconcile(_KEY)

    async def hear(self) -> None:
        """Take in an event of it."""
        self._put({})

    async def copy(self) -> None:
        """Read and write its JSON."""
        json.dumps(json.loads(self._text))

    async def replace(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Answer the operator's one write as the API server would."""
        self.writes += 1
        return self._put({"status": body["status"]})

    def _put(self, changed: dict[str, Any]) -> dict[str, Any]:
        metadata = self._body["metadata"]
        version = str(int(metadata["resourceVersion"]) + 1)
        metadata = {**metadata, "resourceVersion": version}
        self._body = {**self._body, **changed, "metadata": metadata}
        self._tasks.put(self._body)
        return self._body

    def _make_reconciler(self) -> Reconciler:
        # Only `replace` of the client is ever called here.
        client = cast("Client", self)
        witness, queue = Witness(), WorkQueue[TaskKey]()
        cronjobs = Informer[CronJobFacts](client, "", cronjob_facts, _ignore)
        jobs = Informer[JobFacts](
            client, "", job_facts, _ignore, index=lambda job: TaskKey(job.namespace, job.task)
        )
        pods = Informer[PodFacts](
            client, "", pod_facts, _ignore, index=lambda pod: (pod.namespace, pod.job_uid)
        )
        cronjobs.observe(_cronjob(self._body))
        for record in self._body["status"]["history"][: lived.KEPT]:
            jobs.observe(_job(record))
        sources = Sources(self._tasks, cronjobs, jobs, pods, witness, Intake(), {})
        collector = Collector(client, witness, pods.get, queue.add)
        endings = Endings(client, jobs, collector.listening)
        requests, groups = Requests(client, endings), Groups(1, queue.add)
        claims = Claims(client, sources, endings)
        engine = Engine(claims, groups, sources.intake, queue, lambda: self._now)
        tools = Tools(
            client=client,
            queue=queue,
            collector=collector,
            inquirer=Inquirer(client, witness, queue.add),
            changes=Changes(client, sources, queue, CronJobWriter(client), engine),
            answers=Answers(sources, requests, endings),
            backlogs=Backlogs(sources, claims, requests, groups),
            requests=requests,
            endings=endings,
            slow_runs=SlowRuns(client, 2.0),
            attempts=Attempts(client, sources),
            engine=engine,
            journal=Journal(OperatorMetrics()),
            clock=lambda: self._now,
        )
        return Reconciler(sources, tools)


def _ignore(_old: object, _new: object) -> None:
    """Hear of a change that nobody waits for."""


def _body(now: datetime) -> dict[str, Any]:
    body = tasks.task(0)
    body["metadata"] |= {
        "namespace": _KEY.namespace,
        "uid": "6f0fe5a0-5a0e-4f5e-9d5b-0e6a7f3d6a11",
        "generation": 1,
        "resourceVersion": "1000",
        "creationTimestamp": _time(now - timedelta(days=30)),
    }
    body["status"] = {**lived.history(_KEY.name, now), "cronJob": {"generation": 1}}
    return body


def _cronjob(body: dict[str, Any]) -> dict[str, Any]:
    task = ScheduledTask.from_body(body)
    manifest = dict(render(task, read(task.terms).native).manifest)
    last = body["status"]["history"][0]["slot"]
    manifest["metadata"] = {
        **manifest["metadata"],
        "uid": _CRONJOB_UID,
        "generation": 1,
        "resourceVersion": "1001",
        "creationTimestamp": body["metadata"]["creationTimestamp"],
    }
    return {**manifest, "status": {"lastScheduleTime": last}}


def _job(record: dict[str, Any]) -> dict[str, Any]:
    body = lived.job(record, _KEY.name, _CRONJOB_UID)
    body["metadata"] |= {
        "namespace": _KEY.namespace,
        "uid": record["id"],
        "resourceVersion": "1002",
        "creationTimestamp": record["startTime"],
    }
    body["status"] = lived.job_status(record)
    return body


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
