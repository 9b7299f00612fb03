"""Starts runs that wait, as `core.backlog` has said they may, in its order.

`reconcile` calls it with the task's slots held, so nothing else of the task starts meanwhile. A
slot's Job is made as if the slot were due now (`claim`), a requested run's as ever (`request`). In
a group each takes its place right before.
"""

import logging
import random
from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.controller.claim import Claims, Followed, NotStandingError
from cronwright.controller.gather import Sources
from cronwright.controller.groups import Group, Groups, Want
from cronwright.controller.request import Requests
from cronwright.controller.tasks import TaskKey
from cronwright.core.answer import Act, Answer
from cronwright.core.backlog import room
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.plan import Plan
from cronwright.kube.errors import ApiError
from cronwright.model.run import PendingRun
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Slot

logger = logging.getLogger(__name__)

_FIRST_BACKOFF: Final = 0.5
_LONGEST_BACKOFF: Final = 15.0


@dataclass(frozen=True, slots=True)
class Footing:
    """What a run is started on: its task, the CronJob, and what the engine follows."""

    task: ScheduledTask
    cronjob: CronJobFacts
    followed: Followed | None
    ended: Set[str]  # UIDs of Jobs known to have ended


@dataclass(frozen=True, slots=True)
class _Trouble:
    failures: int
    until: datetime


class Backlogs:
    """Work off what waits."""

    def __init__(
        self, sources: Sources, claims: Claims, requests: Requests, groups: Groups
    ) -> None:
        self._sources = sources
        self._claims = claims
        self._requests = requests
        self._groups = groups
        self._troubles: dict[TaskKey, _Trouble] = {}

    def retry_time(self, key: TaskKey) -> datetime | None:
        """Say when a start that has failed is tried again; None where none is."""
        trouble = self._troubles.get(key)
        return trouble.until if trouble else None

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._troubles.pop(key, None)

    async def work_off(
        self, key: TaskKey, plan: Plan, footing: Footing, now: datetime
    ) -> list[JobFacts]:
        """Start what may start; what the API server refuses is tried again in a while."""
        starts, started = plan.backlog.starts, list[JobFacts]()
        trouble = self._troubles.get(key)
        if not starts or (trouble is not None and now < trouble.until):
            self.note(key, footing.task, [])
            return started
        active = self._active(key, footing.task.spec.concurrency_policy)
        active |= {each.active.id for each in plan.orphans if each.ending is None}
        begun = [each for each in starts if each.id in active]  # halfway: they go on in any case
        others = [each for each in starts if each.id not in active]
        free = room(footing.task.spec.concurrency_policy, len(active) - len(begun))
        ready = [*begun, *others[: max(0, free - len(begun))]]
        self.note(key, footing.task, ready)
        try:
            for entry in ready:
                job = await self._start(key, footing, entry)
                if job is None:
                    break
                started.append(job)
        except (ApiError, NotStandingError) as error:
            self._note_trouble(key, error, now)
            ready = []
        else:
            self._troubles.pop(key, None)
        self.note(key, footing.task, ready[len(started) :])
        return started

    def note(self, key: TaskKey, task: ScheduledTask, waiting: list[PendingRun]) -> None:
        """Tell the group, if there is one, what is active of a task and what could start."""
        group = task.spec.concurrency_group
        if group is None and not self._groups.concerns(key):
            return
        active = {job.uid for job in self._claims.active(key, judged=True)}
        wants = [want for each in waiting if (want := want_of(key, task, each))]
        place = Group(key.namespace, group) if group else None
        self._groups.look(key, place, active, wants)

    def _ended(self, key: TaskKey) -> set[str]:
        """List the UIDs of Jobs that have ended by now, also since the task was looked at."""
        active = {job.uid for job in self._claims.active(key, judged=True)}
        return {job.uid for job in self._sources.jobs.select(key)} - active

    def _active(self, key: TaskKey, policy: ConcurrencyPolicy) -> set[str]:
        judged = policy is not ConcurrencyPolicy.ALLOW
        return {job.run_id for job in self._claims.active(key, judged=judged)}

    async def _start(self, key: TaskKey, footing: Footing, entry: PendingRun) -> JobFacts | None:
        """Start a run; None where it has to wait on."""
        want = want_of(key, footing.task, entry)
        if not self._groups.take(want):
            return None
        try:
            if entry.request is not None:
                answer = Answer(
                    entry.request,
                    Act.START,
                    entry.id,
                    slot=entry.slot,
                    waits=True,
                    given=entry.parameters or {},
                )
                job = await self._requests.start(
                    footing.task, footing.cronjob, answer, footing.ended | self._ended(key)
                )
                if job is not None:
                    self._sources.jobs.observe_record(job)
                return job
            if footing.followed is None or entry.slot is None:
                return None
            slot = Slot(entry.slot, entry.due or entry.slot)
            return await self._claims.make(key, footing.followed, slot, trigger=entry.trigger)
        finally:
            self._groups.release(want)

    def _note_trouble(self, key: TaskKey, error: Exception, now: datetime) -> None:
        known = self._troubles.get(key)
        failures = known.failures + 1 if known else 1
        ceiling = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2 ** min(failures, 10))
        wait = timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - no secret
        self._troubles[key] = _Trouble(failures, now + wait)
        where = {"namespace": key.namespace, "task": key.name, "error": str(error)}
        logger.warning("a run that waits is not started yet", extra=where)


def want_of(key: TaskKey, task: ScheduledTask, entry: PendingRun) -> Want | None:
    """Say what a run that waits wants of its group; None where its task is in none."""
    group, due = task.spec.concurrency_group, entry.due or entry.slot
    if group is None or due is None:
        return None
    return Want(key, group, entry.id, task.spec.priority, due)
