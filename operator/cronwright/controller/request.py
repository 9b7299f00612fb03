"""Starts the run that a request asks for, once and where the CronJob controller sees it.

`core.requests` has said that it may start. The Job is made in three steps, each of which a
restart finds done or does again: suspended and uncontrolled; entered in the CronJob's
`status.active`; then controlled and let go. After the second, `Forbid` and `Replace` of the
controller see the run; before the third, no process of it exists.
"""

from collections.abc import Set
from datetime import datetime
from typing import Any, Final

from cronwright.controller.ending import Endings
from cronwright.controller.event import warning
from cronwright.controller.write import unchanged
from cronwright.core import identity
from cronwright.core.answer import Answer
from cronwright.core.facts import CronJobFacts, JobFacts, cronjob_facts, job_facts
from cronwright.core.job import request_job
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, Conflict, NotFound
from cronwright.model import API_VERSION, KIND
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]
_WORDS: Final = {
    identity.RUN_REQUEST_PREFIX: "run request",
    identity.BACKFILL_PREFIX: "backfill",
    identity.CANCEL_PREFIX: "cancel request",
}


class Requests:
    """Carry out the answers to requests."""

    def __init__(self, client: Client, endings: Endings) -> None:
        self._client = client
        self._endings = endings

    async def start(
        self, task: ScheduledTask, cronjob: CronJobFacts, answer: Answer, ended: Set[str]
    ) -> JobFacts | None:
        """Start a request's run; None where the CronJob has meanwhile started one it forbids.

        `ended` has the UIDs of Jobs known to have ended: the controller notices that seconds
        later, and its list of active ones is behind for so long.
        """
        for other in answer.replaces:
            await self._endings.make_room(other)
        body = await self._create(task, cronjob, answer)
        if not await self._enter(task, cronjob, body, ended):
            # The Job of a run that waits is left as it is, suspended: it goes on at another look.
            if not answer.waits:
                await self._endings.delete(job_facts(body))
            return None
        return job_facts(await self._release(task, body))

    async def forget(self, task: ScheduledTask, answers: list[Answer]) -> JSONObject | None:
        """Take the annotations of answered requests off a task; give the task as it then is."""
        patch = {"metadata": {"annotations": {answer.annotation: None for answer in answers}}}
        path = paths.scheduledtasks(task.namespace, task.name)
        try:
            body: JSONObject = await self._client.merge_patch(path, patch)
        except NotFound:
            return None
        return body

    async def report_refusal(self, task: ScheduledTask, answer: Answer, now: datetime) -> None:
        """Tell in an Event why a request was refused; nobody else would hear of it."""
        about = {"apiVersion": API_VERSION, "kind": KIND, "name": task.name}
        about |= {"namespace": task.namespace, "uid": task.uid}
        what = _WORDS[answer.prefix]
        event = warning(
            f"{task.name}.{answer.run_id}",
            about,
            "RequestRefused",
            f"{what} {answer.id}: {answer.message}",
            now,
        )
        try:
            await self._client.create(paths.events(task.namespace), event)
        except AlreadyExists:
            return

    async def _create(
        self, task: ScheduledTask, cronjob: CronJobFacts, answer: Answer
    ) -> JSONObject:
        manifest = request_job(task, cronjob.uid, answer)
        try:
            body: JSONObject = await self._client.create(paths.jobs(task.namespace), manifest)
        except AlreadyExists:
            # Of the same name, so of the same request: made before a crash or a lost answer.
            body = await self._client.get(paths.jobs(task.namespace, manifest["metadata"]["name"]))
            if body["metadata"].get("annotations", {}).get(identity.RUN_ID) != answer.run_id:
                raise
        return body

    async def _enter(
        self, task: ScheduledTask, cronjob: CronJobFacts, job: JSONObject, ended: Set[str]
    ) -> bool:
        """Enter a Job in the CronJob's `status.active`; False where Forbid is in its way."""
        metadata = job["metadata"]
        entry = {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "namespace": task.namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
        }
        while metadata["uid"] not in cronjob.active:
            others = set(cronjob.active) - ended
            if others and task.spec.concurrency_policy is ConcurrencyPolicy.FORBID:
                return False
            path = "/status/active/-" if cronjob.active else "/status/active"
            value: object = entry if cronjob.active else [entry]
            change = {"op": "add", "path": path, "value": value}
            place = paths.cronjobs(task.namespace, task.name, "status")
            patch = [unchanged(cronjob.resource_version), change]
            try:
                cronjob = cronjob_facts(await self._client.json_patch(place, patch))
            except Conflict:
                # The controller has fired, or noticed an end: decide on what stands now.
                body = await self._client.get(paths.cronjobs(task.namespace, task.name))
                cronjob = cronjob_facts(body)
        return True

    async def _release(self, task: ScheduledTask, job: JSONObject) -> JSONObject:
        """Let a Job run under the CronJob's control, or wait if its template says so."""
        template = task.spec.job_template or {}
        suspend = bool((template.get("spec") or {}).get("suspend"))
        owners = [
            {**owner, "controller": True} if owner["kind"] == "CronJob" else owner
            for owner in job["metadata"].get("ownerReferences", ())
        ]
        body: JSONObject = await self._client.merge_patch(
            paths.jobs(job["metadata"]["namespace"], job["metadata"]["name"]),
            {"metadata": {"ownerReferences": owners}, "spec": {"suspend": suspend}},
        )
        return body
