"""Starts the attempt that a run waited for: whoever creates its Job's name first has it.

`reconcile` calls it with what `core.retry` found to be due. An attempt that can't be started is
left as it is: the next look tries again, and nothing else of the task waits for it.
"""

import logging
from datetime import datetime

from cronwright.controller.gather import Sources
from cronwright.core.checkpoint import handed
from cronwright.core.facts import CronJobFacts, job_facts
from cronwright.core.job import attempt_job
from cronwright.core.plan import Plan
from cronwright.core.retry import Attempt
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, ApiError, Fenced
from cronwright.model.task import ScheduledTask

logger = logging.getLogger(__name__)


class Attempts:
    """Make Jobs for attempts that are due."""

    def __init__(self, client: Client, sources: Sources) -> None:
        self._client = client
        self._sources = sources

    async def start(self, world: World, plan: Plan, cronjob: CronJobFacts) -> set[str]:
        """Start what is due; give the ids of the runs that wait no more."""
        started = set()
        for attempt in plan.due:
            try:
                await self._start(handed(world.task, plan.left), attempt, cronjob, world.now)
            except Fenced:
                raise  # the next leader does
            except (ApiError, FieldError) as error:
                where = {"namespace": world.task.namespace, "task": world.task.name}
                where |= {"run": attempt.run_id, "error": str(error)}
                logger.warning("attempt not started yet", extra=where)
            else:
                started.add(attempt.run_id)
        return started

    async def _start(
        self, task: ScheduledTask, attempt: Attempt, cronjob: CronJobFacts, now: datetime
    ) -> None:
        manifest = attempt_job(task, cronjob.uid, attempt, now)
        try:
            body = await self._client.create(paths.jobs(task.namespace), manifest)
        except AlreadyExists:
            # Made before a crash, or its answer was lost.
            name = manifest["metadata"]["name"]
            body = await self._client.get(paths.jobs(task.namespace, name))
            if job_facts(body).run_id != attempt.run_id:
                raise
        self._sources.jobs.observe_record(job_facts(body))
