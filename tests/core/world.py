"""Makes tasks, Jobs and Pods for the tests of decisions: whole objects, as the API serves them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cronwright.core import identity
from cronwright.core.cronjob import render
from cronwright.core.facts import (
    CronJobFacts,
    JobFacts,
    cronjob_facts,
    job_facts,
)
from cronwright.core.pod import PodFacts, pod_facts
from cronwright.core.run import Run
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.task import ScheduledTask
from cronwright.schedule import read

JSONObject = dict[str, Any]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TASK_UID = "11111111-1111-4111-8111-111111111111"
CRONJOB_UID = "22222222-2222-4222-8222-222222222222"


def task(
    spec: JSONObject | None = None,
    *,
    status: JSONObject | None = None,
    annotations: Mapping[str, str] | None = None,
    generation: int = 1,
) -> ScheduledTask:
    """Make a task; a spec without a container runs `report`."""
    spec = {"schedule": "*/5 * * * *", **(spec or {})}
    if "jobTemplate" not in spec:
        spec.setdefault("container", {"image": "busybox", "command": ["report"]})
    return ScheduledTask.from_body(
        {
            "metadata": {
                "name": "report",
                "namespace": "team",
                "uid": TASK_UID,
                "generation": generation,
                "resourceVersion": "7",
                "creationTimestamp": render_time(NOON - timedelta(days=1)),
                "annotations": dict(annotations or {}),
            },
            "spec": spec,
            "status": status or {},
        }
    )


def cronjob(of: ScheduledTask, *, generation: int = 1, **changes: Any) -> CronJobFacts:
    """Make the CronJob that a task's is rendered to."""
    native = read(of.terms).native if of.spec.scheduled else None
    manifest = dict(render(of, native).manifest)
    manifest["metadata"] = {
        **manifest["metadata"],
        "uid": CRONJOB_UID,
        "generation": generation,
        "resourceVersion": "8",
        "creationTimestamp": render_time(NOON - timedelta(days=1)),
    }
    settled = {"last_schedule_time": NOON - timedelta(minutes=5)}
    return replace(cronjob_facts(manifest), **{**settled, **changes})


def job(name: str = "report-1", **changes: Any) -> JobFacts:
    """Make a Job of the task with one pod and no second attempt, started at noon."""
    start = render_time(NOON)
    body = {
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"job-{name}",
            "resourceVersion": "9",
            "creationTimestamp": start,
            "labels": {identity.TASK_LABEL: "report"},
            "annotations": {identity.SCHEDULED_TIMESTAMP: start, identity.GENERATION: "1"},
            "ownerReferences": [{"kind": "CronJob", "uid": CRONJOB_UID, "controller": True}],
        },
        "spec": {"backoffLimit": 0},
        "status": {"startTime": start},
    }
    return replace(job_facts(body), **changes)


def finished(base: JobFacts, condition: str, reason: str = "", message: str = "") -> JobFacts:
    """Give a Job its condition, three seconds after noon."""
    from cronwright.core.facts import Finished

    end = Finished(condition == "Complete", reason, message, NOON + timedelta(seconds=3))
    return replace(base, finished=end)


def pod(
    of: JobFacts, phase: str = "Succeeded", state: JSONObject | None = None, **changes: Any
) -> PodFacts:
    """Make a pod of a Job; `state` is its container's, by default what the phase implies."""
    code = {"Succeeded": 0, "Failed": 3}.get(phase)
    times = {"startedAt": render_time(NOON), "finishedAt": render_time(NOON + timedelta(seconds=2))}
    implied: JSONObject = {"running": {"startedAt": times["startedAt"]}}
    if code is not None:
        reason = "Completed" if code == 0 else "Error"
        implied = {"terminated": {"exitCode": code, "reason": reason, **times}}
    name = changes.pop("pod_name", f"{of.name}-x")
    container = {"name": "task", "restartCount": changes.pop("restarts", 0)}
    body = {
        "metadata": {
            "name": name,
            "namespace": "team",
            "uid": f"pod-{name}",
            "resourceVersion": "10",
            "creationTimestamp": render_time(NOON),
            "labels": {identity.TASK_LABEL: "report"},
            "ownerReferences": [{"kind": "Job", "uid": of.uid, "controller": True}],
        },
        "spec": {
            "containers": [
                {
                    "name": "task",
                    "terminationMessagePolicy": changes.pop("policy", "FallbackToLogsOnError"),
                }
            ]
        },
        "status": {
            "phase": phase,
            "containerStatuses": [{**container, "state": state or implied}],
        },
    }
    return replace(pod_facts(body), **changes)


def world(
    of: ScheduledTask,
    *runs: Run,
    standing: CronJobFacts | None = None,
    recorded: tuple[JobFacts, ...] = (),
    now: datetime = NOON + timedelta(seconds=4),
) -> World:
    """Put a world together; `standing` None means that there is no CronJob."""
    own = standing.generation if standing else None
    return World(of, standing, runs, recorded, now, own)
