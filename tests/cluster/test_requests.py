"""Runs that are asked for by an annotation: once each, and where the CronJob sees them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.core.identity import RUN_REQUEST_PREFIX
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists
from tests.cluster.audit import AuditLog
from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import Tasks, by_id, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

EXAMPLE = '{"requestedAt": "2026-01-31T12:00:00Z"}'
LONG = shell("echo working; exec sleep 300")


async def answered(tasks: Tasks, name: str) -> None:
    """Wait until a task carries no request any more."""

    async def gone() -> bool:
        annotations = (await tasks.get(name))["metadata"].get("annotations", {})
        return not any(key.startswith(RUN_REQUEST_PREFIX) for key in annotations)

    await until(gone)


async def test_a_request_starts_a_run_under_its_id(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl
) -> None:
    await tasks.create(
        "asked", container=shell('echo "$CRONWRIGHT_RUN_ID"; echo "$TRACEPARENT"'), version="7"
    )
    await tasks.ready("asked")
    now = datetime.now(UTC).isoformat()
    value = f'{RUN_REQUEST_PREFIX}from-kubectl={{"requestedAt": "{now}"}}'
    await kubectl("annotate", "scheduledtask", "asked", value)
    status = await tasks.ended("asked")
    await answered(tasks, "asked")

    record = status["lastRun"]
    trace = record["id"].replace("-", "")
    assert record["logTail"] == f"{record['id']}\n00-{trace}-{trace[:16]}-01\n"
    assert (record["trigger"], record["version"]) == ("Manual", "7")
    assert [each["id"] for each in (await tasks.status("asked"))["requests"]] == ["from-kubectl"]
    jobs = await tasks.jobs("asked")
    assert [job["metadata"]["annotations"]["cronwright.dev/run-id"] for job in jobs] == [
        record["id"]
    ]


async def test_kubectl_create_job_from_the_cronjob_is_a_manual_run(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl
) -> None:
    await tasks.create("by-hand", container=shell("echo done"))
    await tasks.ready("by-hand")
    await kubectl("create", "job", "my-own-name", "--from=cronjob/by-hand")
    record = (await tasks.ended("by-hand"))["lastRun"]

    assert (record["name"], record["trigger"], record["verdict"]) == (
        "my-own-name",
        "Manual",
        "Succeeded",
    )


async def test_the_same_id_never_runs_twice(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("once")
    await tasks.ready("once")
    for _ in range(3):
        await tasks.request("once", "the-same")
        await tasks.ended("once")
        await answered(tasks, "once")

    assert len(await tasks.jobs("once")) == 1
    assert (await tasks.status("once"))["counts"] == {"Succeeded": 1}


async def test_the_same_id_never_runs_twice_when_the_operator_is_killed(
    tasks: Tasks, namespace: str, start_operator: StartOperator, audit: AuditLog
) -> None:
    """Kill the operator right after each of its writes in turn: Job, CronJob, Job, status, task."""
    operator = start_operator(namespace)
    await operator.ready()
    names = [f"killed-{number}" for number in range(5)]
    for name in names:
        await tasks.create(name)
    await tasks.all_ready()
    for writes, name in enumerate(names, 1):
        audit.mark()
        await tasks.request(name, "the-same")
        await until(lambda least=writes: _wrote(audit, operator, least), every=0.002)  # type: ignore[misc]
        operator.kill()
        await tasks.request(name, "the-same")  # and asked for once more
        operator.start()
        await operator.ready()
        await tasks.ended(name)
        await answered(tasks, name)

    everything = await tasks.all()
    for name in names:
        assert everything[name]["status"]["counts"] == {"Succeeded": 1}
        assert len(everything[name]["status"]["history"]) == 1
        assert len(await tasks.jobs(name)) == 1
    assert operator.errors() == []


async def _wrote(audit: AuditLog, operator: OperatorProcess, least: int) -> bool:
    return len(audit.writes(operator.namespace, operator.user)) >= least


async def test_requests_that_can_not_be_taken_are_refused_with_an_event(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("refuses")
    await tasks.ready("refuses")
    now = datetime.now(UTC)
    await tasks.request("refuses", "old", at=now - timedelta(minutes=11))
    await tasks.request("refuses", "ahead", at=now + timedelta(minutes=5))
    path = paths.scheduledtasks(tasks.namespace, "refuses")
    await tasks.client.merge_patch(
        path, {"metadata": {"annotations": {f"{RUN_REQUEST_PREFIX}timeless": "now, please"}}}
    )
    await answered(tasks, "refuses")

    async def reported() -> list[dict[str, Any]]:
        events = await tasks.events("RequestRefused")
        assert len(events) == 3, events
        return events

    events = await until(reported)
    timeless = f"its value names no time; write {EXAMPLE} with the present time in UTC"
    assert {event["message"] for event in events} == {
        "run request old: it is older than 10 minutes; ask again under a new id",
        "run request ahead: requestedAt lies in the future; set the caller's clock",
        f"run request timeless: {timeless}",
    }
    assert {event["involvedObject"]["name"] for event in events} == {"refuses"}
    assert await tasks.jobs("refuses") == []


async def test_forbid_skips_a_request_while_a_run_is_active(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("forbids", container=LONG, concurrencyPolicy="Forbid")
    await tasks.ready("forbids")
    first = await tasks.request("forbids", "first")
    await answered(tasks, "forbids")
    second = await tasks.request("forbids", "second")
    status = await tasks.ended("forbids")

    assert status["counts"] == {"Skipped": 1}
    assert [run["id"] for run in status["active"]] == [first]
    entry = status["history"][0]
    assert (entry["id"], entry["verdict"], entry["reason"]) == (
        second,
        "Skipped",
        "ConcurrencyForbid",
    )
    assert "lastRun" not in status
    assert len(await tasks.jobs("forbids")) == 1


async def test_the_cronjob_sees_requested_runs(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("seen", container=LONG)
    await tasks.ready("seen")
    runs = [await tasks.request("seen", f"number-{number}") for number in range(5)]

    async def listed() -> bool:
        jobs = {job["metadata"]["uid"]: job for job in await tasks.jobs("seen")}
        active = {each["uid"] for each in (await tasks.cronjob("seen"))["status"]["active"]}
        assert len(jobs) == 5
        assert active == jobs.keys()
        return True

    async def shown() -> bool:
        active = (await tasks.status("seen"))["active"]
        assert {run["id"] for run in active} == set(runs)
        return True

    await until(listed)
    await until(shown)
    for job in await tasks.jobs("seen"):
        (owner,) = job["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("CronJob", "seen", True)
        assert job["spec"]["suspend"] is False
    assert await tasks.events("UnexpectedJob") == []


async def test_many_requests_at_once_are_each_a_run(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("many", container=shell("echo one of many"), historyLimit=50)
    await tasks.ready("many")
    ids = await asyncio.gather(*(tasks.request("many", f"number-{n}") for n in range(20)))
    status = await tasks.ended("many", 20, timeout=60.0)

    assert status["counts"] == {"Succeeded": 20}
    assert by_id(status["history"]).keys() == set(ids)
    assert await tasks.events("UnexpectedJob") == []


async def test_a_request_on_a_task_without_a_schedule(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("unscheduled", schedule=None, container=shell("echo done"))
    status = await tasks.ready("unscheduled")
    assert "nextRunTime" not in status
    await tasks.request("unscheduled", "now")

    assert (await tasks.ended("unscheduled"))["lastRun"]["verdict"] == "Succeeded"
    assert (await tasks.cronjob("unscheduled"))["spec"]["suspend"] is True


async def test_a_create_that_comes_after_all_was_said_of_its_request_runs_nothing(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    await tasks.create("late", successfulJobsHistoryLimit=0)
    await tasks.ready("late")
    await tasks.request("late", "one")
    await tasks.ended("late")
    await answered(tasks, "late")
    (job,) = await tasks.jobs("late")
    metadata = {key: job["metadata"][key] for key in ("name", "labels", "annotations")}
    owners = [{**job["metadata"]["ownerReferences"][0], "controller": False}]
    template = job["spec"]["template"]
    template["metadata"]["labels"] = {}
    again = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {**metadata, "ownerReferences": owners},
        "spec": {"suspend": True, "template": template},
    }
    place = paths.jobs(tasks.namespace)
    # The history keeps none, and yet the name stays taken for a while.
    with pytest.raises(AlreadyExists):
        await client.create(place, again)
    before = await tasks.status("late")
    again["metadata"] = {**metadata, "name": "late-by-far", "ownerReferences": owners}
    await client.create(place, again)

    async def gone() -> bool:
        return all(each["metadata"]["name"] != "late-by-far" for each in await tasks.jobs("late"))

    await until(gone)
    assert await tasks.status("late") == before
