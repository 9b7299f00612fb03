"""Makes the CronJob what the task says, and the engine follow it, in one moment.

`reconcile` calls it first. `write` sends the CronJob, `course` says from where on the engine
fires; what the API server refuses is remembered, and tried again after a while.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from cronwright.controller.course import course_of, is_managed, mark_of
from cronwright.controller.engine import Engine
from cronwright.controller.gather import Sources, active_jobs
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.controller.write import CronJobWriter, NameTakenError
from cronwright.core import identity
from cronwright.core.accept import Readiness
from cronwright.core.facts import CronJobFacts
from cronwright.core.plan import Plan, Step
from cronwright.core.tail import cut
from cronwright.core.world import World
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import BadRequest, Conflict, Forbidden, Invalid
from cronwright.model import conditions, reasons

_LOOK_AGAIN: Final = timedelta(seconds=30)
_LONGEST_MESSAGE: Final = 700


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A CronJob that the API server did not take, and when to try again."""

    of: tuple[str, int, str | None, str | None]
    readiness: Readiness
    until: datetime


class Changes:
    """Carry out what the plan says about the CronJob and the engine."""

    def __init__(
        self,
        client: Client,
        sources: Sources,
        queue: WorkQueue[TaskKey],
        writer: CronJobWriter,
        engine: Engine,
    ) -> None:
        self._client = client
        self._sources = sources
        self._queue = queue
        self._writer = writer
        self._engine = engine
        self._refusals: dict[TaskKey, _Refusal] = {}
        self._asked_of: set[TaskKey] = set()

    def retry_time(self, key: TaskKey) -> datetime | None:
        """Say when a refused CronJob is tried again; None where none is."""
        refusal = self._refusals.get(key)
        return refusal.until if refusal else None

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone: nothing of it is fired any more."""
        self._sources.generations.pop(key, None)
        self._refusals.pop(key, None)
        self._asked_of.discard(key)
        self._engine.forget(key)

    async def carry_out(
        self, key: TaskKey, world: World, plan: Plan
    ) -> tuple[Readiness, CronJobFacts | None]:
        """Put the CronJob right, and change what the engine fires in the same moment.

        The engine's slots up to now are decided before, by the timetable that they are of; those
        that come due during the change wait for it.
        """
        engine, managed = self._engine, is_managed(world.task, plan)
        known = engine.followed(key)
        if known is not None and known.task_uid != world.task.uid:
            engine.forget(key)  # of a task of this name that was deleted
            known = None
        if managed and known is None and _is_due(world, plan):
            await self._refuse_stale(key, world)
        changes = known is not None and known.digest != (plan.digest if managed else None)
        if plan.firing is None or not changes:
            readiness, cronjob = await self._put_right(key, world, plan, world.now)
            self._follow(key, world, plan, readiness, cronjob)
            return readiness, cronjob
        async with engine.held(key):
            until = await engine.settle(key, world.now, ends=world.task.spec.suspend)
            if not managed and not world.task.spec.suspend:
                self._refuse_unknown_runs(key, world)
            readiness, cronjob = await self._put_right(key, world, plan, until)
            self._follow(key, world, plan, readiness, cronjob)
        return readiness, cronjob

    async def refuse_older(self, key: TaskKey, world: World) -> None:
        """Raise Conflict where a task is older than it stands, before anything it asks for starts.

        Once for each task: what an operator begins with may come from a server that is behind, and
        by it a request stands that was answered since. From then on nobody else answers any.
        """
        if key not in self._asked_of:
            await self._refuse_stale(key, world)
            self._asked_of.add(key)

    def _refuse_unknown_runs(self, key: TaskKey, world: World) -> None:
        """Raise Conflict where a run is active or waits that the CronJob controller does not see.

        A slot that was settled just now may have started it; the next look finds it.
        """
        known = set(world.cronjob.active) if world.cronjob else set()
        active = active_jobs(self._sources, key, judged=True)
        if any(job.uid not in known for job in active) or self._sources.intake.put_off(key):
            raise Conflict(HTTPStatus.CONFLICT, "Conflict", "a run has started meanwhile")

    def _follow(
        self,
        key: TaskKey,
        world: World,
        plan: Plan,
        readiness: Readiness,
        cronjob: CronJobFacts | None,
    ) -> None:
        """Tell the engine what to fire from now on; a task that is refused goes on as it was."""
        if plan.firing is None or not readiness.ok or cronjob is None:
            return
        if not is_managed(world.task, plan):
            reason = reasons.SUSPENDED if world.task.spec.suspend else reasons.SUPERSEDED
            self._engine.drop(key, world.now, reason)
            return
        known = self._engine.followed(key)
        if known is None or known.mark != mark_of(world, plan, cronjob):
            self._engine.follow(key, *course_of(world, plan, cronjob))

    async def _refuse_stale(self, key: TaskKey, world: World) -> None:
        """Raise Conflict where the task has changed since it was listed or last heard of.

        The first look fires what the status has not accounted for: by an older status a slot
        would be fired again whose Job is gone since. Before anything is changed: a slot that is
        due would belong to nobody if the CronJob were suspended, and the engine did not follow.
        """
        body = await self._client.get(paths.scheduledtasks(key.namespace, key.name))
        self._sources.tasks.put(body)
        if body["metadata"]["resourceVersion"] != world.task.resource_version:
            raise Conflict(HTTPStatus.CONFLICT, "Conflict", "the task has changed meanwhile")

    async def _put_right(
        self, key: TaskKey, world: World, plan: Plan, until: datetime
    ) -> tuple[Readiness, CronJobFacts | None]:
        """Create or rewrite the CronJob where the plan says so, and say how ready that is.

        Its controller fires no slot up to `until`, where the plan has it guarded.
        """
        task, rendered = world.task, plan.rendered
        if rendered is None or plan.step in {Step.KEEP, Step.WAIT}:
            self._refusals.pop(key, None)
            return plan.readiness, world.cronjob
        adopt = task.annotations.get(identity.ADOPT)
        # A CronJob of ours in the way, such as that of a deleted task of this name, is seen to go.
        standing = world.cronjob.uid if world.cronjob else None
        attempt = (rendered.hash, task.generation, adopt, standing)
        refusal = self._refusals.get(key)
        if refusal is not None and refusal.of == attempt and world.now < refusal.until:
            return refusal.readiness, world.cronjob
        try:
            if plan.step is Step.CREATE or world.cronjob is None:
                cronjob = await self._writer.create(task, rendered, world.now)
            else:
                guard = until if plan.step is Step.REPLACE_GUARDED else None
                cronjob = await self._writer.replace(task, rendered, world.cronjob, guard)
        except (NameTakenError, Invalid, BadRequest, Forbidden) as error:
            readiness = _refused(task.name, error)
            self._refusals[key] = _Refusal(attempt, readiness, world.now + _LOOK_AGAIN)
            return readiness, world.cronjob
        self._refusals.pop(key, None)
        self._sources.generations[key] = cronjob.generation
        self._sources.cronjobs.observe_record(cronjob)
        self._queue.add(key)  # requests wait for a CronJob that stands
        return plan.readiness, cronjob


def _refused(name: str, error: Exception) -> Readiness:
    if isinstance(error, NameTakenError):
        message = (
            f'a CronJob named "{name}" stands that is not this task\'s; delete or rename it, or '
            f'set the annotation {identity.ADOPT}: "true" to take it over'
        )
        return Readiness(ok=False, reason=conditions.NAME_TAKEN, message=message)
    reason = conditions.TEMPLATE_INVALID
    if isinstance(error, Forbidden):
        reason = conditions.CRON_JOB_FORBIDDEN
    message = f"the API server refuses the CronJob made from this task: {_words(str(error))}"
    return Readiness(ok=False, reason=reason, message=message)


def _words(message: str) -> str:
    """Shorten the API server's words to what a user needs.

    Of a patch with an unknown field it prints the whole object first, secrets in its environment
    and all: only what comes after may leave this process.
    """
    _, found, after = message.rpartition("strict decoding error: ")
    return cut(after if found else message, _LONGEST_MESSAGE)


def _is_due(world: World, plan: Plan) -> bool:
    """Tell whether a slot may be due that the status has not accounted for."""
    cursor = world.task.status.accounted_until or world.task.created
    following = plan.timetable.next(cursor) if plan.timetable else None
    return following is not None and following <= world.now
