"""Writes a task's CronJob: creates it, puts it right, adopts it.

`reconcile` calls it with what `core.plan` decided. The spec is ours whole and is replaced whole;
of the metadata only our own keys are written. Each write says on which version it was decided.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.cronjob import RenderedCronJob, own_labels, owner_reference
from cronwright.core.facts import CronJobFacts, cronjob_facts, job_facts
from cronwright.core.plan import moves_slots
from cronwright.core.pod import pod_facts
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists
from cronwright.model.base import render_time
from cronwright.model.task import ScheduledTask

JSONObject = dict[str, Any]

# Typing errors in a template come back as errors instead of being dropped without a word.
STRICT: Final = {"fieldValidation": "Strict"}

# By these GitOps tools and Helm know their objects; an adopted CronJob is no longer theirs, and
# what they know they prune.
_TRACKING: Final = (
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/",
    "kustomize.toolkit.fluxcd.io/",
    "helm.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "helm.sh/chart",
)


class NameTakenError(Exception):
    """A CronJob of the task's name stands that is somebody else's."""


class CronJobWriter:
    """Write CronJobs, one decision at a time."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def create(
        self, task: ScheduledTask, rendered: RenderedCronJob, now: datetime
    ) -> CronJobFacts:
        """Create a task's CronJob, or take over the one that stands if that is allowed.

        NameTakenError where it is not; ApiError for what the API server refuses.
        """
        path = paths.cronjobs(task.namespace)
        try:
            return cronjob_facts(await self._client.create(path, rendered.manifest, STRICT))
        except AlreadyExists:
            body = await self._client.get(paths.cronjobs(task.namespace, task.name))
        owner = next(
            (
                each
                for each in body["metadata"].get("ownerReferences", ())
                if each.get("controller")
            ),
            None,
        )
        if owner is not None and owner["uid"] == task.uid:
            # Ours: created before a crash, or its label was taken off and it left our sight.
            return await self._claim(task, rendered, body, _guard_of(rendered, body, now))
        if owner is not None or task.annotations.get(identity.ADOPT) != "true":
            raise NameTakenError(task.name)
        await self._label_running(task, cronjob_facts(body))
        for kind in ("labels", "annotations"):
            body["metadata"][kind] = _untracked(body["metadata"].get(kind))
        return await self._claim(task, rendered, body, _guard_of(rendered, body, now))

    async def replace(
        self,
        task: ScheduledTask,
        rendered: RenderedCronJob,
        cronjob: CronJobFacts,
        guard: datetime | None,
    ) -> CronJobFacts:
        """Make a standing CronJob what the task says; Conflict where it has changed meanwhile.

        With `guard` its controller fires none of the slots up to then.
        """
        if cronjob.template_hash is None:
            # Our annotation was taken off, perhaps with all others: look before patching.
            body = await self._client.get(paths.cronjobs(task.namespace, task.name))
            return await self._claim(task, rendered, body, guard)
        return await self._patch(cronjob, _notes(rendered, cronjob), rendered, guard)

    async def _claim(
        self,
        task: ScheduledTask,
        rendered: RenderedCronJob,
        body: JSONObject,
        guard: datetime | None,
    ) -> CronJobFacts:
        metadata = _ownership(task, rendered, body["metadata"])
        return await self._patch(cronjob_facts(body), metadata, rendered, guard)

    async def _patch(
        self,
        cronjob: CronJobFacts,
        metadata: list[JSONObject],
        rendered: RenderedCronJob,
        guard: datetime | None,
    ) -> CronJobFacts:
        version = cronjob.resource_version
        if guard is not None:
            version = await self._guard(cronjob, guard)
        spec = {"op": "replace", "path": "/spec", "value": rendered.spec}
        path = paths.cronjobs(cronjob.namespace, cronjob.name)
        patch = [unchanged(version), *metadata, spec]
        answer = await self._client.json_patch(path, patch, STRICT)
        return cronjob_facts(answer)

    async def _guard(self, cronjob: CronJobFacts, until: datetime) -> str:
        """Tell the CronJob controller that every slot up to an instant is done with.

        It looks again after an edit or a resume, from `lastScheduleTime` on, and would fire the
        latest slot that it finds. The new version is the precondition of the write that
        follows: had the controller fired in between, that write would fail.
        """
        path = paths.cronjobs(cronjob.namespace, cronjob.name, "status")
        time = {"op": "add", "path": "/status/lastScheduleTime", "value": render_time(until)}
        answer = await self._client.json_patch(path, [unchanged(cronjob.resource_version), time])
        version: str = answer["metadata"]["resourceVersion"]
        return version

    async def _label_running(self, task: ScheduledTask, cronjob: CronJobFacts) -> None:
        """Label the running Jobs of an adopted CronJob, and their pods, so that they are seen.

        Before the CronJob becomes ours: once it is, a run without the label would be lost.
        """
        patch = {"metadata": {"labels": {identity.TASK_LABEL: task.name}}}
        jobs = {
            job.uid: job
            async for page in self._client.list_pages(paths.jobs(task.namespace), {})
            for job in map(job_facts, page["items"])
            if job.owner_uid == cronjob.uid and job.finished is None
        }
        async for page in self._client.list_pages(paths.pods(task.namespace), {}):
            for pod in map(pod_facts, page["items"]):
                if pod.job_uid in jobs:
                    await self._client.merge_patch(paths.pods(task.namespace, pod.name), patch)
        for job in jobs.values():
            await self._client.merge_patch(paths.jobs(task.namespace, job.name), patch)


def unchanged(version: str) -> JSONObject:
    """Make the first operation of a patch that holds for one version only; else Conflict."""
    return {"op": "test", "path": "/metadata/resourceVersion", "value": version}


def _guard_of(rendered: RenderedCronJob, body: Mapping[str, Any], now: datetime) -> datetime | None:
    """Guard a CronJob that is taken over, if its slots are to change."""
    return now if moves_slots(cronjob_facts(body), rendered.spec) else None


def _notes(rendered: RenderedCronJob, cronjob: CronJobFacts) -> list[JSONObject]:
    """List the changes of our own annotations."""

    def path(key: str) -> str:
        return f"/metadata/annotations/{key.replace('/', '~1')}"

    notes = rendered.manifest["metadata"]["annotations"]
    changes = [{"op": "add", "path": path(key), "value": value} for key, value in notes.items()]
    if cronjob.shows_schedule and identity.SCHEDULE not in notes:
        changes.append({"op": "remove", "path": path(identity.SCHEDULE)})
    return changes


def _ownership(
    task: ScheduledTask, rendered: RenderedCronJob, metadata: Mapping[str, Any]
) -> list[JSONObject]:
    """List the changes of metadata that make a CronJob ours; none where it is."""
    wanted: dict[str, Any] = {
        "labels": {**(metadata.get("labels") or {}), **own_labels(task)},
        "annotations": {
            **_without(identity.SCHEDULE, metadata.get("annotations")),
            **rendered.manifest["metadata"]["annotations"],
        },
        "ownerReferences": [
            *(o for o in metadata.get("ownerReferences", ()) if o["uid"] != task.uid),
            owner_reference(task),
        ],
    }
    return [
        {"op": "add", "path": f"/metadata/{key}", "value": value} for key, value in wanted.items()
    ]


def _without(key: str, values: Mapping[str, str] | None) -> dict[str, str]:
    return {name: value for name, value in (values or {}).items() if name != key}


def _untracked(values: Mapping[str, str] | None) -> dict[str, str]:
    return {key: value for key, value in (values or {}).items() if not key.startswith(_TRACKING)}
