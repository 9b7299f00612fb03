"""Starts the attempt that a run waited for: whoever creates its Job's name first has it.

`reconcile` calls it with what `core.retry` found to be due. An attempt that can't be started is
left as it is: the next look tries again, and nothing else of the task waits for it.
"""

import logging
from dataclasses import replace

from cronwright.controller.gather import Sources
from cronwright.core.facts import CronJobFacts, job_facts
from cronwright.core.job import attempt_job
from cronwright.core.plan import Plan, World
from cronwright.core.retry import Attempt
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, ApiError, Fenced

logger = logging.getLogger(__name__)


class Attempts:
    """Make Jobs for attempts that are due."""

    def __init__(self, client: Client, sources: Sources) -> None:
        self._client = client
        self._sources = sources

    async def start(self, world: World, plan: Plan, cronjob: CronJobFacts) -> set[str]:
        """Start what is due; give the ids of the runs that wait no more."""
        started = set()
        for attempt in plan.attempts:
            if attempt.due > world.now:
                continue
            try:
                await self._start(world, attempt, cronjob, plan.checkpoint)
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
        self, world: World, attempt: Attempt, cronjob: CronJobFacts, checkpoint: str | None
    ) -> None:
        namespace = world.task.namespace
        # Also what has just ended and is not in the status yet.
        status = world.task.status.model_copy(update={"checkpoint": checkpoint})
        task = replace(world.task, status=status)
        manifest = attempt_job(task, cronjob.uid, attempt, world.now)
        try:
            body = await self._client.create(paths.jobs(namespace), manifest)
        except AlreadyExists:
            # Made before a crash, or its answer was lost.
            body = await self._client.get(paths.jobs(namespace, manifest["metadata"]["name"]))
            if job_facts(body).run_id != attempt.run_id:
                raise
        self._sources.jobs.observe_record(job_facts(body))
