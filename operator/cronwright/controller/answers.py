"""Carries out the answers to requests that start, skip or cancel a run.

`reconcile` calls it with the task's slots held. `request` makes the Jobs; what only waits, or is
refused, the status and an Event answer.
"""

from collections.abc import Sequence
from dataclasses import replace

from cronwright.controller.backlog import Footing
from cronwright.controller.ending import Endings
from cronwright.controller.gather import Sources
from cronwright.controller.request import Requests
from cronwright.core import identity
from cronwright.core.answer import NOTED, Act, Answer
from cronwright.core.facts import JobFacts


class Answers:
    """Start what was asked for, or withdraw it."""

    def __init__(self, sources: Sources, requests: Requests, endings: Endings) -> None:
        self._sources = sources
        self._requests = requests
        self._endings = endings

    async def carry_out(
        self, answers: Sequence[Answer], footing: Footing, started: list[JobFacts]
    ) -> list[Answer]:
        """Carry answers out, in their order; give them as they came out, and add what started."""
        answered: list[Answer] = []
        for answer in answers:
            if answer.act in NOTED:
                continue
            if answer.act is Act.START:
                job = await self._requests.start(
                    footing.task, footing.cronjob, answer, footing.ended
                )
                if job is None:
                    message = "concurrencyPolicy is Forbid and a run is active"
                    answer = replace(answer, act=Act.SKIP, message=message)  # noqa: PLW2901
                else:
                    started.append(job)
                    self._sources.jobs.observe_record(job)
            elif answer.act in {Act.SKIP, Act.CANCEL}:
                await self._withdraw(footing, answer)
            answered.append(answer)
        return answered

    async def _withdraw(self, footing: Footing, answer: Answer) -> None:
        """Delete the Job that a crash left of a request which is skipped now: it never ran."""
        task = footing.task
        name = identity.request_job_name(task.name, answer.run_id)
        job = self._sources.jobs.get(task.namespace, name)
        if job is not None and job.run_id == answer.run_id and job.suspended:
            await self._endings.delete(job)
