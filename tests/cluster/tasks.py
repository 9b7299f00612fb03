"""ScheduledTasks as tests make them, run them and look at them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from cronwright.core.identity import CANCEL_PREFIX, RUN_REQUEST_PREFIX, request_run_id
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.waiting import until

JSONObject = dict[str, Any]

# The local node runs the command on the machine itself, and looks at no image.
IMAGE = "registry.example/tools:1"
# Never due while a test runs.
SELDOM = "0 0 1 1 *"


def shell(script: str, **more: Any) -> JSONObject:
    """Make a container that runs a shell script."""
    return {"image": IMAGE, "command": ["/bin/sh", "-c", script], **more}


def job_template(script: str, *, restart: str = "Never", **job: Any) -> JSONObject:
    """Make a jobTemplate that runs a shell script; further arguments are the Job's fields."""
    pod = {"restartPolicy": restart, "containers": [{"name": "main", **shell(script)}]}
    return {"spec": {**job, "template": {"spec": pod}}}


class Tasks:
    """The tasks of one namespace."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.client = client
        self.namespace = namespace

    async def create(
        self, name: str, *, annotations: dict[str, str] | None = None, **spec: Any
    ) -> JSONObject:
        """Create a task; it is never due unless it says otherwise."""
        if not spec.keys() & {"schedules", "every", "at"}:
            spec.setdefault("schedule", SELDOM)
        if "jobTemplate" not in spec:
            spec.setdefault("container", shell("exit 0"))
        body: JSONObject = await self.client.create(
            paths.scheduledtasks(self.namespace),
            {
                "apiVersion": "cronwright.dev/v1alpha1",
                "kind": "ScheduledTask",
                "metadata": {"name": name, "annotations": annotations or {}},
                "spec": spec,
            },
        )
        return body

    async def edit(self, name: str, **spec: Any) -> JSONObject:
        """Change fields of a task's spec."""
        path = paths.scheduledtasks(self.namespace, name)
        body: JSONObject = await self.client.merge_patch(path, {"spec": spec})
        return body

    async def annotate(self, name: str, annotations: JSONObject) -> JSONObject:
        """Set annotations of a task; None takes one off."""
        path = paths.scheduledtasks(self.namespace, name)
        patch = {"metadata": {"annotations": annotations}}
        body: JSONObject = await self.client.merge_patch(path, patch)
        return body

    async def delete(self, name: str) -> None:
        """Delete a task."""
        await self.client.delete(paths.scheduledtasks(self.namespace, name))

    async def get(self, name: str) -> JSONObject:
        """Read a task."""
        body: JSONObject = await self.client.get(paths.scheduledtasks(self.namespace, name))
        return body

    async def status(self, name: str) -> JSONObject:
        """Read a task's status."""
        body = await self.get(name)
        status: JSONObject = body.get("status", {})
        return status

    async def all(self) -> dict[str, JSONObject]:
        """Read all tasks, by name."""
        path = paths.scheduledtasks(self.namespace)
        return {
            body["metadata"]["name"]: body
            async for page in self.client.list_pages(path, {})
            for body in page["items"]
        }

    async def condition(self, name: str, kind: str) -> JSONObject:
        """Read a condition of a task that answers the task's present generation."""
        body = await self.get(name)
        status = body.get("status", {})
        assert status.get("observedGeneration") == body["metadata"]["generation"], status
        found: list[JSONObject] = [c for c in status["conditions"] if c["type"] == kind]
        assert found, status["conditions"]
        return found[0]

    async def ready(self, name: str, *, timeout: float = 20.0) -> JSONObject:
        """Wait until a task is Ready as it now is; give its status."""

        async def accepted() -> bool:
            condition = await self.condition(name, "Ready")
            assert condition["status"] == "True", condition
            return True

        await until(accepted, timeout)
        return await self.status(name)

    async def refused(self, name: str) -> JSONObject:
        """Wait until a task as it now is is not Ready; give that condition."""

        async def judged() -> JSONObject:
            condition = await self.condition(name, "Ready")
            assert condition["status"] == "False", condition
            return condition

        return await until(judged, 20.0)

    async def all_ready(self, *, timeout: float = 60.0) -> dict[str, JSONObject]:
        """Wait until all tasks of the namespace are Ready as they now are."""

        async def accepted() -> dict[str, JSONObject]:
            tasks = await self.all()
            behind = [name for name, body in tasks.items() if not _is_ready(body)]
            assert not behind, behind
            return tasks

        return await until(accepted, timeout, every=0.3)

    async def request(self, name: str, request_id: str, *, at: datetime | None = None) -> str:
        """Ask for a run by an annotation; give the id that the run will have."""
        body = await self.annotate(name, {f"{RUN_REQUEST_PREFIX}{request_id}": _asked(at)})
        return request_run_id(body["metadata"]["uid"], request_id)

    async def cancel(self, name: str, run_id: str, *, at: datetime | None = None) -> None:
        """Ask for the end of a run by an annotation."""
        await self.annotate(name, {f"{CANCEL_PREFIX}{run_id}": _asked(at)})

    async def set_back(self, name: str, until: datetime) -> None:
        """Make a task look as if its slots were accounted for until then only."""
        body = await self.get(name)
        body["status"]["accountedUntil"] = render_time(until)
        await self.client.replace(paths.scheduledtasks(self.namespace, name, "status"), body)

    async def cronjob(self, name: str) -> JSONObject:
        """Read a task's CronJob."""
        body: JSONObject = await self.client.get(paths.cronjobs(self.namespace, name))
        return body

    async def start_job(self, name: str, job: str) -> JSONObject:
        """Start a Job as `kubectl create job --from=cronjob/NAME` does, without its process."""
        cronjob = await self.cronjob(name)
        template = cronjob["spec"]["jobTemplate"]
        metadata = template.get("metadata", {})
        owner = {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "name": name,
            "uid": cronjob["metadata"]["uid"],
            "controller": True,
        }
        body: JSONObject = await self.client.create(
            paths.jobs(self.namespace),
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "metadata": {
                    "name": job,
                    "labels": metadata.get("labels", {}),
                    "annotations": {
                        "cronjob.kubernetes.io/instantiate": "manual",
                        **metadata.get("annotations", {}),
                    },
                    "ownerReferences": [owner],
                },
                "spec": template["spec"],
            },
        )
        return body

    async def jobs(self, name: str | None = None) -> list[JSONObject]:
        """List the Jobs of a task, or of all; the earliest first."""
        selector = {"labelSelector": f"cronwright.dev/task={name}"} if name else {}
        return await self._list(paths.jobs(self.namespace), selector)

    async def pods(self, name: str) -> list[JSONObject]:
        """List the pods of a task."""
        selector = {"labelSelector": f"cronwright.dev/task={name}"}
        return await self._list(paths.pods(self.namespace), selector)

    async def events(self, reason: str) -> list[JSONObject]:
        """List the namespace's Events of a reason."""
        return await self._list(paths.events(self.namespace), {"fieldSelector": f"reason={reason}"})

    async def running(self, name: str, *, timeout: float = 20.0) -> JSONObject:
        """Wait until a pod of a task runs; give it."""

        async def pod() -> JSONObject:
            running = [p for p in await self.pods(name) if p["status"].get("phase") == "Running"]
            return running[-1]

        return await until(pod, timeout)

    async def printed(self, name: str, words: str, *, timeout: float = 20.0) -> None:
        """Wait until a task's running pod has printed something."""
        pod = await self.running(name)
        path = paths.pod_log(self.namespace, pod["metadata"]["name"])

        async def heard() -> bool:
            async with self.client.stream(path, {}, timeout=10.0) as stream:
                return words.encode() in await stream.read()

        await until(heard, timeout)

    async def ended(self, name: str, runs: int = 1, *, timeout: float = 40.0) -> JSONObject:
        """Wait until so many runs of a task are counted; give its status."""

        async def counted() -> JSONObject:
            status = await self.status(name)
            assert sum(status.get("counts", {}).values()) >= runs, status
            return status

        return await until(counted, timeout)

    async def run(self, name: str, job: str | None = None, *, timeout: float = 40.0) -> JSONObject:
        """Start a Job of a task and wait for its record; give that."""
        before = sum((await self.status(name)).get("counts", {}).values())
        await self.start_job(name, job or f"{name}-by-hand")
        status = await self.ended(name, before + 1, timeout=timeout)
        record: JSONObject = status["lastRun"]
        return record

    async def _list(self, path: str, params: dict[str, str]) -> list[JSONObject]:
        items = [
            each async for page in self.client.list_pages(path, params) for each in page["items"]
        ]
        items.sort(key=lambda each: (each["metadata"]["creationTimestamp"], _name(each)))
        return items


def by_id(records: Sequence[JSONObject]) -> dict[str, JSONObject]:
    """Index records by the run's id, and say so if two have the same one."""
    indexed = {record["id"]: record for record in records}
    assert len(indexed) == len(records), "a run has two records"
    return indexed


def _asked(at: datetime | None) -> str:
    return json.dumps({"requestedAt": (at or datetime.now(UTC)).isoformat(), "by": "tests"})


def _name(body: JSONObject) -> str:
    name: str = body["metadata"]["name"]
    return name


def _is_ready(body: JSONObject) -> bool:
    status = body.get("status", {})
    return status.get("observedGeneration") == body["metadata"]["generation"] and any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in status.get("conditions", ())
    )
