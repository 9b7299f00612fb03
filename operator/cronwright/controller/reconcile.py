"""Brings one task to where it should be: gather, decide, carry out, write the status.

The workers call `reconcile` for each key of the queue. It carries out what `core.plan` decided,
in an order in which every crash in between is put right by the next look: children first, then
the status that speaks of them, and only then what the status makes safe to drop.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from cronwright.controller.answers import Answers
from cronwright.controller.attempts import Attempts
from cronwright.controller.backlog import Backlogs, Footing
from cronwright.controller.causes import causes_of
from cronwright.controller.change import Changes
from cronwright.controller.collect import Collector
from cronwright.controller.ending import Endings
from cronwright.controller.engine import Engine
from cronwright.controller.gather import Sources, active_jobs, gather, is_behind, is_settled
from cronwright.controller.inquire import Inquirer
from cronwright.controller.journal import Journal
from cronwright.controller.queue import WorkQueue
from cronwright.controller.request import Requests
from cronwright.controller.slow_run import SlowRuns
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.account import accounted
from cronwright.core.answer import NOTED, Act
from cronwright.core.checkpoint import handed
from cronwright.core.facts import JobFacts
from cronwright.core.journal import entries
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan, Step, decide
from cronwright.core.status import fold
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError, Conflict, NotFound
from cronwright.model.status import TaskStatus

logger = logging.getLogger(__name__)

_LOOK_AGAIN: Final = timedelta(seconds=5)
_MOMENT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Tools:
    """What carries out a plan."""

    client: Client
    queue: WorkQueue[TaskKey]
    collector: Collector
    inquirer: Inquirer
    changes: Changes
    answers: Answers
    backlogs: Backlogs
    requests: Requests
    endings: Endings
    slow_runs: SlowRuns
    attempts: Attempts
    engine: Engine
    journal: Journal
    clock: Callable[[], datetime]


class Reconciler:
    """Reconcile tasks, each by its key."""

    def __init__(self, sources: Sources, tools: Tools) -> None:
        self._sources = sources
        self._tools = tools

    async def reconcile(self, key: TaskKey) -> None:
        """Look at a task and do what is due; raises what another try may mend."""
        where = {"namespace": key.namespace, "task": key.name}
        try:
            await self._reconcile(key)
        except Conflict:
            logger.debug("changed meanwhile; looking again", extra=where)
            raise
        except (ApiError, OSError, TimeoutError) as error:
            logger.warning("not reconciled yet", extra={**where, "error": str(error)})
            raise
        except Exception:
            logger.exception("not reconciled", extra=where)
            raise
        finally:
            self._tools.engine.looked(key)

    async def _reconcile(self, key: TaskKey) -> None:
        sources, now = self._sources, self._tools.clock()
        if not is_settled(sources):
            self._tools.queue.add_after(key, _MOMENT)
            return
        try:
            world = gather(sources, key, now)
        except FieldError as error:
            logger.error(  # noqa: TRY400 - the message says it all
                "unreadable",
                extra={"namespace": key.namespace, "task": key.name, "error": str(error)},
            )
            return
        if world is None:
            sources.witness.forget(key, set(sources.witness.of(key)))
            self._tools.changes.forget(key)
            self._tools.backlogs.forget(key)
            self._tools.journal.forget(key)
            self._tools.slow_runs.forget(key)
            return
        if world.task.deleting:
            self._tools.engine.forget(key)
            return
        if is_behind(sources, world):
            await self._ask_for_jobs(key)
            world = gather(sources, key, now) or world
        self._tools.engine.meet(key, world.task.status)
        sources.intake.stands(key, world.task.status.pending)
        plan = decide(world)
        if plan.unforeseen(world):
            where = {"namespace": key.namespace, "task": key.name}
            logger.error("not judged", extra=where, exc_info=plan.readiness.cause)
        seen = set(sources.witness.of(key))
        self._tools.collector.start(key, plan.captures, world.task.spec.logs)
        self._tools.inquirer.start(key, plan.stall)
        followed = self._tools.engine.followed(key) is not None
        outcome = await self._carry_out(key, world, plan)
        outcome = accounted(world, plan, outcome, followed=followed)
        gaps = await causes_of(self._tools.client, world.cronjob, outcome.gaps)
        outcome = replace(outcome, gaps=gaps)
        status = fold(world, plan, outcome)
        news = entries(world, plan, outcome, status)
        with self._tools.journal.telling(world.task, status, news):
            await self._write_status(key, world, status)
        self._tools.engine.accounted(key, outcome.put_off, status)
        waiting = {run.job.uid for run in world.runs if run.job.run_id not in plan.endings}
        sources.witness.forget(key, seen - waiting)
        await self._drop(key, world, plan, outcome)
        slow = await self._tools.slow_runs.tell(world, plan, status)
        self._set_timer(world, plan, outcome, slow)

    async def _ask_for_jobs(self, key: TaskKey) -> None:
        """Take in the Jobs of a task that stand, whatever the watch has come to."""
        params = {"labelSelector": f"{identity.TASK_LABEL}={key.name}"}
        async for page in self._tools.client.list_pages(paths.jobs(key.namespace), params):
            for item in page["items"]:
                self._sources.jobs.observe(item)

    async def _carry_out(self, key: TaskKey, world: World, plan: Plan) -> Outcome:
        tools = self._tools
        # What the answers, and the attempts that are due, count with.
        active = self._active(key) if plan.answers or plan.due else set()
        readiness, cronjob = await tools.changes.carry_out(key, world, plan)
        for job in plan.timeouts:
            await tools.endings.end(job, "timeout")
        for job in plan.cancels.jobs:
            await tools.endings.end(job, "cancel")
        begun: set[str] = set()
        if plan.due and readiness.ok and plan.rendered is not None and cronjob is not None:
            async with tools.engine.held(key):
                if self._active(key) == active:
                    begun = await tools.attempts.start(world, plan, cronjob)
                else:
                    tools.queue.add(key)  # a slot has started meanwhile, or a run ended
        started: list[JobFacts] = []
        # What a backfill asks for, and what is to wait, the status alone answers.
        answered = [*plan.cancels.answers, *plan.taken_in.answers]
        answered += [each for each in plan.answers if each.act in NOTED]
        acts = readiness.ok and plan.step is Step.KEEP and cronjob is not None
        if acts and cronjob is not None and (plan.answers or plan.backlog.starts):
            await tools.changes.refuse_older(key, world)
            task = handed(world.task, plan.left)
            footing = Footing(task, cronjob, tools.engine.followed(key), _ended(world, plan))
            async with tools.engine.held(key):
                if not plan.answers or self._active(key) == active:
                    answered += await tools.answers.carry_out(plan.answers, footing, started)
                else:
                    tools.queue.add(key)  # a slot has started meanwhile: decide anew
                started += await tools.backlogs.work_off(key, plan, footing, world.now)
        else:
            tools.backlogs.note(key, world.task, [])
        written = readiness.ok and plan.step not in {Step.WAIT, Step.REFUSE}
        engine = tools.engine
        return Outcome(
            readiness, cronjob, written, tuple(started), tuple(answered),
            engine.progress(key), engine.gaps(key), self._sources.intake.put_off(key),
            begun=begun,
        )  # fmt: skip

    def _active(self, key: TaskKey) -> set[str]:
        return {job.uid for job in active_jobs(self._sources, key, judged=True)}

    async def _write_status(self, key: TaskKey, world: World, status: TaskStatus) -> None:
        task = world.task
        if status == task.status:
            return  # the usual case, found without rendering
        rendered = status.render()
        if rendered == task.status.render():
            return
        body = {
            "apiVersion": "cronwright.dev/v1alpha1",
            "kind": "ScheduledTask",
            "metadata": {
                "name": task.name,
                "namespace": task.namespace,
                "resourceVersion": task.resource_version,
            },
            "status": rendered,
        }
        path = paths.scheduledtasks(task.namespace, task.name, "status")
        self._tools.engine.tells(key, status)
        try:
            self._sources.tasks.put(await self._tools.client.replace(path, body))
        except NotFound:
            return  # deleted meanwhile: nobody is left to be told
        self._tools.journal.written(task.namespace)

    async def _drop(self, key: TaskKey, world: World, plan: Plan, outcome: Outcome) -> None:
        """Drop what the status has made superfluous: old Jobs, annotations."""
        if plan.endings:
            self._tools.queue.add(key)  # what has its record now may be pruned
        for job in plan.prunes:
            await self._tools.endings.delete(job, unchanged=job.halfway)
        for answer in outcome.answered:
            if answer.act is Act.REFUSE:
                await self._tools.requests.report_refusal(world.task, answer, world.now)
        if outcome.answered:
            body = await self._tools.requests.forget(world.task, list(outcome.answered))
            if body is not None:
                self._sources.tasks.put(body)
            self._tools.queue.add(key)

    def _set_timer(self, world: World, plan: Plan, outcome: Outcome, slow: datetime | None) -> None:
        key = TaskKey(world.task.namespace, world.task.name)
        wakes = [plan.wake, slow]
        wakes += [self._tools.changes.retry_time(key), self._tools.backlogs.retry_time(key)]
        if outcome.look_at is not None:
            # What the informers have seen since is not known before something is heard of it.
            silence = (world.now - (world.sight.until or world.now)) / 2
            wakes.append(max(outcome.look_at, world.now + max(silence, _LOOK_AGAIN)))
        # Times up to that of the decision have had their say in it.
        wake = min((each for each in wakes if each is not None and each > world.now), default=None)
        left = None if wake is None else (wake - self._tools.clock()).total_seconds()
        self._tools.queue.wake_at(key, left)


def _ended(world: World, plan: Plan) -> set[str]:
    """List the UIDs of Jobs known to have ended: the CronJob controller notices it later."""
    running = {job.uid for job in world.jobs if job.run_id not in plan.endings}
    ended = {job.uid for job in world.jobs} - running
    return ended | {job.uid for job in world.recorded}
