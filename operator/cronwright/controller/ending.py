"""Ends Jobs: gracefully, so that what their runs say last is kept, or by deleting them.

`reconcile` ends runs that are cancelled or past their time, `claim` and `request` those that make
room for others; what has its record, or never ran, is deleted.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts, job_facts
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import Conflict, NotFound
from cronwright.kube.informer import Informer

_BACKGROUND: Final = {"propagationPolicy": "Background"}


class Endings:
    """End Jobs; `listening` waits until a Job's log is followed, where it is going to be."""

    def __init__(
        self, client: Client, jobs: Informer[JobFacts], listening: Callable[[str], Awaitable[None]]
    ) -> None:
        self._client = client
        self._jobs = jobs
        self._listening = listening

    async def end(self, job: JobFacts, why: str) -> None:
        """End a run: its Job's deadline is cut short, and an annotation says why.

        One patch, so that a crash right after it forgets nothing. The Job stays, so its slot is
        not run again. The log is followed already: the containers of a deleted pod are gone
        before anybody could ask.
        """
        await self._listening(job.uid)
        await self._mark(job, why, {"spec": {"activeDeadlineSeconds": 1}})
        if job.suspended:
            await self.delete(job)  # no deadline counts for it

    async def make_room(self, job: JobFacts) -> None:
        """End a run whose place a newer one takes, unless it is ending.

        One that waits for its next attempt has nothing left to end: the mark says that it waits no
        more.
        """
        if identity.ENDING in job.annotations:
            return
        if job.finished is None:
            await self.end(job, identity.REPLACED)
        else:
            await self._mark(job, identity.REPLACED, {})

    async def _mark(self, job: JobFacts, why: str, more: Mapping[str, object]) -> None:
        patch = {"metadata": {"annotations": {identity.ENDING: why}}, **more}
        try:
            body = await self._client.merge_patch(paths.jobs(job.namespace, job.name), patch)
        except NotFound:
            return
        self._jobs.observe_record(job_facts(body))

    async def delete(self, job: JobFacts, *, unchanged: bool = False) -> None:
        """Delete a Job and, in the background, its pods; one that is gone is fine.

        With `unchanged` only as it was seen: not where it was let go meanwhile.
        """
        as_seen = {"uid": job.uid}
        if unchanged:
            as_seen["resourceVersion"] = job.resource_version
        body = {**_BACKGROUND, "preconditions": as_seen}
        try:
            await self._client.delete(paths.jobs(job.namespace, job.name), body)
        except (NotFound, Conflict):
            return  # gone, changed, or another Job of its name has come
