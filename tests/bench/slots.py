"""Due slots as the benchmarks see them: who made the Jobs, and how late each was.

`burst` and `latency` read them from the audit log, for the operator and for the CronJob
controller alike.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cronwright.kube import paths
from tests.bench import api, tasks
from tests.bench.audit import Entry
from tests.bench.stage import Stage

CONTROLLER: Final = "system:serviceaccount:kube-system:cronjob-controller"
_CONTAINER: Final = {"image": "local/shell", "command": ["/bin/sh", "-c", "echo done"]}


def created(entries: Iterable[Entry], namespace: str) -> list[Entry]:
    """List the Jobs that were made in a namespace, in the order in which they were."""
    jobs = [each for each in entries if each.is_done({"create"}, "jobs")]
    return [each for each in jobs if each.namespace == namespace]


def slot_of(entry: Entry) -> datetime:
    """Read from a Job the slot that it is for."""
    notes = entry.body["metadata"]["annotations"]
    return datetime.fromisoformat(notes["batch.kubernetes.io/cronjob-scheduled-timestamp"])


def lateness(entries: Iterable[Entry]) -> list[float]:
    """Give, for each Job, the seconds from its slot to its creation."""
    return [each.time - slot_of(each).timestamp() for each in entries]


def task(number: int, schedule: str, **spec: Any) -> dict[str, Any]:
    """Make a task that is due by a schedule in UTC, and ends at once."""
    body = tasks.task(number, _CONTAINER, policy="Allow")
    body["spec"] |= {"schedule": schedule, "timeZone": "Etc/UTC", **spec}
    return body


def cronjob(number: int, schedule: str) -> dict[str, Any]:
    """Make the CronJob that such a task would be."""
    pod = {"restartPolicy": "Never", "containers": [{"name": "task", **_CONTAINER}]}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": tasks.name(number)},
        "spec": {
            "schedule": schedule,
            "timeZone": "Etc/UTC",
            "jobTemplate": {"spec": {"backoffLimit": 0, "template": {"spec": pod}}},
        },
    }


def renamed(job: Mapping[str, Any]) -> dict[str, Any]:
    """Make the same Job under another name."""
    metadata = {**job["metadata"], "name": f"{job['metadata']['name']}-bare"}
    return {**job, "metadata": metadata}


async def create_all(stage: Stage, path: str, bodies: list[dict[str, Any]], what: str) -> None:
    """Create objects, as many at a time as there are connections."""
    stage.say(f"creating {len(bodies)} {what}")
    calls = [stage.client.create(path, body) for body in bodies]
    await api.all_at_once(calls, "created", stage.progress)


async def create_tasks(stage: Stage, bodies: list[dict[str, Any]]) -> None:
    """Create tasks."""
    await create_all(stage, paths.scheduledtasks(stage.namespace), bodies, "tasks")


def at_minute(lead: float) -> datetime:
    """Choose the next full minute that is at least so many seconds away."""
    moment = datetime.now(UTC) + timedelta(seconds=lead)
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
