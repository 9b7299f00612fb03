"""The CronJob that a task becomes, as a whole manifest.

`plan` compares it by its hash with the one that stands; `controller/write` sends it. The task's
labels stay behind: GitOps tools track objects by label, and would take the children for theirs.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.template import job_template
from cronwright.model import API_VERSION, KIND
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask
from cronwright.schedule import NativeForm

JSONObject = dict[str, Any]


NEVER: Final = "0 0 31 2 *"  # accepted by the API server and never due
HISTORY_FLOOR: Final = 10


@dataclass(frozen=True, slots=True)
class RenderedCronJob:
    """A CronJob's manifest, and the hash of what we own in it."""

    manifest: Mapping[str, Any]
    hash: str

    @property
    def spec(self) -> Mapping[str, Any]:
        """Give the part that is ours whole."""
        spec: Mapping[str, Any] = self.manifest["spec"]
        return spec


def render(
    task: ScheduledTask, native: NativeForm | None, fired: str | None = None
) -> RenderedCronJob:
    """Render a task's CronJob.

    `native` is the schedule and zone that the CronJob controller is to fire; None where there is
    none, or the operator fires `fired`: the CronJob is suspended then, and a note says what it
    stands for. FieldError where `timeout` or the template can't be read.
    """
    spec = _spec(task, native)
    notes = {} if fired is None else {identity.SCHEDULE: fired}
    owned = {**spec, **notes} if notes else spec
    digest = hashlib.sha256(json.dumps(owned, sort_keys=True).encode()).hexdigest()[:16]
    return RenderedCronJob(
        hash=digest,
        manifest={
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {
                "name": task.name,
                "namespace": task.namespace,
                "labels": own_labels(task),
                "annotations": {identity.TEMPLATE_HASH: digest, **notes},
                "ownerReferences": [owner_reference(task)],
            },
            "spec": spec,
        },
    )


def own_labels(task: ScheduledTask) -> dict[str, str]:
    """Give the labels by which the operator knows a task's CronJob."""
    return {identity.TASK_LABEL: task.name, "app.kubernetes.io/managed-by": "cronwright"}


def owner_reference(task: ScheduledTask) -> JSONObject:
    """Make the reference by which the garbage collector ends a deleted task's CronJob."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": task.name,
        "uid": task.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _policy(policy: ConcurrencyPolicy) -> str:
    # The operator queues, and the CronJob that stands for it is suspended.
    return "Forbid" if policy is ConcurrencyPolicy.QUEUE else str(policy)


def _spec(task: ScheduledTask, native: NativeForm | None) -> JSONObject:
    spec = task.spec
    rendered: JSONObject = {
        "schedule": native.schedule if native else NEVER,
        "timeZone": native.time_zone if native else spec.time_zone,
        "concurrencyPolicy": _policy(spec.concurrency_policy),
        # Without a schedule of its own the CronJob only shows the template. It is never due, so
        # that whoever resumes all CronJobs of a namespace fires nothing.
        "suspend": spec.suspend or native is None,
        # The operator prunes to the user's numbers once a run is recorded. The CronJob's own
        # are a net for runs that end while the operator is away: it still finds their facts.
        "successfulJobsHistoryLimit": max(HISTORY_FLOOR, spec.successful_jobs_history_limit),
        "failedJobsHistoryLimit": max(HISTORY_FLOOR, spec.failed_jobs_history_limit),
        "jobTemplate": job_template(task),
    }
    if spec.starting_deadline_seconds is not None:
        rendered["startingDeadlineSeconds"] = spec.starting_deadline_seconds
    return rendered
