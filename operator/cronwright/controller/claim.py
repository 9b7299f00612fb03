"""Makes the Job of a slot: whoever creates the name first has the slot.

`engine` calls it when a slot is due. The name follows from the slot alone, so whoever comes
second, after a crash, a change of mode or a lost answer, gets 409 and finds the slot's Job.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cronwright.controller.gather import Sources, active_jobs
from cronwright.controller.request import Requests
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.facts import JobFacts, job_facts
from cronwright.core.job import SlotTemplate
from cronwright.core.run import slot_of
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, NotFound
from cronwright.model.base import render_time
from cronwright.model.task import ConcurrencyPolicy
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


class Claims:
    """Make Jobs for slots."""

    def __init__(self, client: Client, sources: Sources, requests: Requests) -> None:
        self._client = client
        self._sources = sources
        self._requests = requests

    def active(self, key: TaskKey, *, judged: bool) -> Sequence[JobFacts]:
        """List a task's Jobs that have not ended; `judged` by their pods, else by their own word.

        A Job notices the end of its pod a second or more later: too late for Forbid.
        """
        return active_jobs(self._sources, key, judged=judged)

    async def make(
        self, key: TaskKey, followed: Followed, slot: Slot, replaced: Sequence[JobFacts]
    ) -> None:
        """Start a slot's run, after the end of those that it replaces."""
        for job in replaced:
            await self._requests.delete_job(job)
        run_id = identity.slot_run_id(followed.task_uid, slot.nominal)
        name = identity.slot_job_name(key.name, slot.nominal, run_id)
        body = followed.template.job(name, run_id, render_time(slot.nominal))
        try:
            job = await self._create(key, body)
        except AlreadyExists:
            job = await self._second(key, followed, slot, name)
        self._sources.jobs.observe_record(job)

    async def _second(self, key: TaskKey, followed: Followed, slot: Slot, name: str) -> JobFacts:
        """Find the slot's Job under the name that was taken, or make it under another."""
        try:
            found = job_facts(await self._client.get(paths.jobs(key.namespace, name)))
        except NotFound:
            found = None
        # Before Kubernetes 1.28 the controller's Jobs name no slot, other than by their names.
        ours = found is not None and found.owner_uid == followed.cronjob_uid
        if found and ours and slot_of(found) in {slot.nominal, None}:
            return found
        run_id = identity.slot_run_id(followed.task_uid, slot.nominal)
        apart = identity.slot_job_name_apart(key.name, run_id)
        body = followed.template.job(apart, run_id, render_time(slot.nominal))
        try:
            return await self._create(key, body)
        except AlreadyExists:
            return job_facts(await self._client.get(paths.jobs(key.namespace, apart)))

    async def _create(self, key: TaskKey, body: bytes) -> JobFacts:
        return job_facts(await self._client.create(paths.jobs(key.namespace), body))
