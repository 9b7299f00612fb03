"""Makes the Job of a slot: whoever creates the name first has the slot.

`engine` calls it when a slot is due. The name follows from the slot alone, so whoever comes
second, after a crash, a change of mode or a lost answer, gets 409 and finds the slot's Job.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cronwright.controller.ending import Endings
from cronwright.controller.gather import Sources, active_jobs, checkpoint_now
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.facts import JobFacts, job_facts
from cronwright.core.job import SlotTemplate
from cronwright.core.run import slot_of
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, NotFound
from cronwright.model.base import render_time
from cronwright.model.run import Trigger
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.schedule import Slot, Timetable


@dataclass(frozen=True, slots=True)
class Followed:
    """What the engine follows for a task."""

    task_uid: str
    cronjob_uid: str
    timetable: Timetable
    digest: str
    template: SlotTemplate
    policy: ConcurrencyPolicy
    priority: int
    deadline_seconds: int
    mark: str  # differs where anything of the above does
    max_queued: int = 10
    group: str | None = None


class NotStandingError(Exception):
    """The task's CronJob is gone: a Job that it owned would be deleted at once."""


class Claims:
    """Make Jobs for slots."""

    def __init__(self, client: Client, sources: Sources, endings: Endings) -> None:
        self._client = client
        self._sources = sources
        self._endings = endings

    def active(self, key: TaskKey, *, judged: bool) -> Sequence[JobFacts]:
        """List a task's Jobs that have not ended; `judged` by their pods, else by their own word.

        A Job notices the end of its pod a second or more later: too late for Forbid.
        """
        return active_jobs(self._sources, key, judged=judged)

    def taken(self, key: TaskKey, followed: Followed) -> set[datetime]:
        """List the slots that have a Job: of ours, or the CronJob controller's."""
        jobs = [j for j in self._sources.jobs.select(key) if j.owner_uid == followed.cronjob_uid]
        return {slot for slot in map(slot_of, jobs) if slot is not None}

    def begun(self, key: TaskKey) -> set[str]:
        """List the ids of a task's runs that have a Job."""
        return {job.run_id for job in self._sources.jobs.select(key)}

    async def make(
        self,
        key: TaskKey,
        followed: Followed,
        slot: Slot,
        replaced: Sequence[JobFacts] = (),
        trigger: Trigger = Trigger.SCHEDULE,
    ) -> JobFacts:
        """Start a slot's run, after the end of those that it replaces.

        NotStandingError where the CronJob has to be made anew before; ApiError for what the API
        server refuses.
        """
        cronjob = self._sources.cronjobs.get(*key)
        if cronjob is None or cronjob.deleting or cronjob.uid != followed.cronjob_uid:
            raise NotStandingError(key)
        for job in replaced:
            await self._endings.make_room(job)
        if followed.template.takes_checkpoint:
            left = checkpoint_now(self._sources, key)
            followed = replace(followed, template=followed.template.handed(left))
        run_id = identity.slot_run_id(followed.task_uid, slot.nominal)
        time = render_time(slot.nominal)
        name = identity.slot_job_name(key.name, slot.nominal, run_id)
        names = (name, run_id, time, trigger)
        try:
            job = await self._create(key, followed.template.job(*names))
        except AlreadyExists:
            job = await self._second(key, followed, slot, names)
        self._sources.jobs.observe_record(job)
        return job

    async def _second(
        self, key: TaskKey, followed: Followed, slot: Slot, names: tuple[str, str, str, Trigger]
    ) -> JobFacts:
        """Find the slot's Job under the name that was taken, or make it under another."""
        name, run_id, *_ = names
        try:
            found = job_facts(await self._client.get(paths.jobs(key.namespace, name)))
        except NotFound:
            # It has gone since. The next try takes the name.
            return await self._create(key, followed.template.job(*names))
        # Before Kubernetes 1.28 the controller's Jobs name no slot, other than by their names.
        ours = found.owner_uid == followed.cronjob_uid
        if ours and slot_of(found) in {slot.nominal, None}:
            return found
        apart = identity.slot_job_name_apart(key.name, run_id)
        try:
            return await self._create(key, followed.template.job(apart, run_id, *names[2:]))
        except AlreadyExists:
            second = job_facts(await self._client.get(paths.jobs(key.namespace, apart)))
            if second.run_id != run_id:
                raise
            return second

    async def _create(self, key: TaskKey, body: bytes) -> JobFacts:
        return job_facts(await self._client.create(paths.jobs(key.namespace), body))
