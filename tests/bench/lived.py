"""Tasks that have run for weeks: their histories, and the Jobs and Pods that are kept of them.

The statuses are written and the children created as the cluster would have them, so that
`memory` need not wait for weeks.
"""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cronwright.kube import paths
from tests.bench import tasks
from tests.bench.stage import Stage

RUNS: Final = 20
KEPT: Final = 3  # spec.successfulJobsHistoryLimit, where it is left out
_TAIL: Final = 4000


async def fill(stage: Stage, number: int, cronjob_uid: str) -> None:
    """Give a task its past: the newest runs' Jobs, each with its Pod, then the history."""
    name = tasks.name(number)
    status = history(name, datetime.now(UTC))
    for record in status["history"][:KEPT]:
        manifest = job(record, name, cronjob_uid)
        made = await stage.client.create(paths.jobs(stage.namespace), manifest)
        record["id"] = made["metadata"]["uid"]
        path = paths.jobs(stage.namespace, record["name"], "status")
        await stage.client.merge_patch(path, {"status": job_status(record)})
        await _create_pod(stage, record, name)
    status["lastRun"]["id"] = status["history"][0]["id"]
    path = paths.scheduledtasks(stage.namespace, name, "status")
    await stage.client.merge_patch(path, {"status": status})


async def _create_pod(stage: Stage, record: dict[str, Any], task_name: str) -> None:
    manifest = _pod(record, task_name)
    await stage.client.create(paths.pods(stage.namespace), manifest)
    path = paths.pods(stage.namespace, manifest["metadata"]["name"], "status")
    await stage.client.merge_patch(path, {"status": _pod_status(record)})


def history(name: str, now: datetime) -> dict[str, Any]:
    """Make what a status says of twenty daily runs, the newest of them an hour ago."""
    records = [_record(name, now - timedelta(hours=1, days=day)) for day in range(RUNS)]
    newest = records[0]
    return {
        "history": records,
        "lastRun": {**newest, "logTail": _log_tail()},
        "counts": {"Succeeded": RUNS},
        "lastRunTime": newest["startTime"],
        "lastSuccessTime": newest["completionTime"],
    }


def job(record: dict[str, Any], task_name: str, cronjob_uid: str) -> dict[str, Any]:
    """Make the Job of a run, which Kubernetes' own controller leaves alone."""
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "controller": True}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": record["name"],
            "labels": {"cronwright.dev/task": task_name},
            "annotations": {
                "batch.kubernetes.io/cronjob-scheduled-timestamp": record["slot"],
                "cronwright.dev/generation": "1",
            },
            "ownerReferences": [{**owner, "name": task_name, "uid": cronjob_uid}],
        },
        "spec": {
            "managedBy": "cronwright.dev/bench",
            "backoffLimit": 0,
            "template": {"spec": {**_pod_spec(), "restartPolicy": "Never"}},
        },
    }


def job_status(record: dict[str, Any]) -> dict[str, Any]:
    """Make the status of a Job whose one Pod has succeeded."""
    end = {"status": "True", "lastTransitionTime": record["completionTime"]}
    return {
        "startTime": record["startTime"],
        "completionTime": record["completionTime"],
        "succeeded": 1,
        "conditions": [{"type": "SuccessCriteriaMet", **end}, {"type": "Complete", **end}],
    }


def _pod(record: dict[str, Any], task_name: str) -> dict[str, Any]:
    owner = {"apiVersion": "batch/v1", "kind": "Job", "controller": True}
    return {
        "metadata": {
            "name": f"{record['name']}-x7k2p",
            "labels": {"cronwright.dev/task": task_name},
            "ownerReferences": [{**owner, "name": record["name"], "uid": record["id"]}],
        },
        # Of a scheduler that there is not: it has run, and is not to run again.
        "spec": {**_pod_spec(), "restartPolicy": "Never", "schedulerName": "nobody"},
    }


def _pod_spec() -> dict[str, Any]:
    container = tasks.task(0)["spec"]["container"]
    return {"containers": [{**container, "name": "task"}]}


def _pod_status(record: dict[str, Any]) -> dict[str, Any]:
    end = {
        "exitCode": 0,
        "reason": "Completed",
        "message": record["result"],
        "startedAt": record["startTime"],
        "finishedAt": record["completionTime"],
    }
    state = {
        "name": "task",
        "image": "registry.invalid/reports:1.4.2",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {"terminated": end},
    }
    return {"phase": "Succeeded", "containerStatuses": [state]}


def _record(name: str, end: datetime) -> dict[str, Any]:
    start = end - timedelta(seconds=90)
    return {
        "name": f"{name}-{int(start.timestamp()) // 60}",
        "id": str(uuid.uuid4()),
        "generation": 1,
        "slot": _time(start),
        "trigger": "Schedule",
        "verdict": "Succeeded",
        "startTime": _time(start),
        "completionTime": _time(end),
        "attempts": 1,
        "exitCode": 0,
        "reason": "Completed",
        "result": f"{uuid.uuid4().int % 100_000} rows written",
        "captured": "Full",
    }


def _log_tail() -> str:
    # Every line differs, as a program's do: equal ones would pack too well.
    lines = (f"page {number}: request {uuid.uuid4()} done\n" for number in range(200))
    return "".join(lines)[-_TAIL:]


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
