"""Runs that are tried again: when, for what, and how that is recorded."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import JSONObject, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

FAILS = 'echo "attempt $CRONWRIGHT_ATTEMPT of $CRONWRIGHT_RUN_ID"; exit 3'
THIRD_TIME = 'echo "attempt $CRONWRIGHT_ATTEMPT"; [ "$CRONWRIGHT_ATTEMPT" = 3 ]'
QUICK = {"backoff": {"initial": "2s", "factor": 2, "max": "1m"}}
# The next leader may take 11 seconds to come.
LONGER = {"backoff": {"initial": "20s", "factor": 1}}
SLOW = {"backoff": {"initial": "5m"}}


def started(job: JSONObject) -> datetime:
    return datetime.fromisoformat(job["metadata"]["creationTimestamp"])


def ended(pod: JSONObject) -> datetime:
    (container,) = pod["status"]["containerStatuses"]
    return datetime.fromisoformat(container["state"]["terminated"]["finishedAt"])


async def waits(tasks: Tasks, name: str) -> JSONObject:
    """Wait until a run of a task waits for its next attempt; give the status."""

    async def shown() -> JSONObject:
        status = await tasks.status(name)
        assert status.get("pending"), status
        return status

    return await until(shown)


async def check_times(tasks: Tasks, name: str, *delays: float) -> None:
    """Check that each attempt began so many seconds after the end of the one before."""
    jobs, pods = await tasks.jobs(name), await tasks.pods(name)
    assert len(jobs) == len(delays) + 1
    ends = sorted(ended(pod) for pod in pods)
    for end, job, delay in zip(ends, jobs[1:], delays, strict=False):
        off = started(job) - end - timedelta(seconds=delay)
        # Never early; how late is the machine's affair, and a second where it has nothing else.
        assert timedelta(seconds=-1) <= off <= timedelta(seconds=15)


async def test_attempts_follow_the_policy_over_a_restart(
    tasks: Tasks, namespace: str, start_operator: StartOperator
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    await tasks.create("again", container=shell(THIRD_TIME), retry={"limit": 5, **LONGER},
                       failedJobsHistoryLimit=5)  # fmt: skip
    await tasks.ready("again")
    run_id = await tasks.request("again", "mine")
    status = await waits(tasks, "again")
    (entry,) = status["pending"]
    assert (entry["id"], entry["reason"], entry["attempt"]) == (run_id, "Retry", 2)
    assert [each["id"] for each in status["active"]] == [run_id]
    operator.kill()
    operator.start()
    status = await tasks.ended("again", timeout=60.0)
    record = status["lastRun"]

    assert (record["id"], record["verdict"], record["attempts"]) == (run_id, "Succeeded", 3)
    assert record["logTail"] == "attempt 3\n"
    jobs = await tasks.jobs("again")
    assert record["name"] == jobs[0]["metadata"]["name"]
    assert len({job["metadata"]["name"] for job in jobs}) == 3
    assert {job["metadata"]["annotations"]["cronwright.dev/run-id"] for job in jobs} == {run_id}
    assert (status["counts"], status.get("pending"), len(status["history"])) == (
        {"Succeeded": 1}, None, 1,
    )  # fmt: skip
    await check_times(tasks, "again", 20, 20)
    operator.end()
    assert operator.errors() == []


async def test_the_limit_holds_and_slots_are_retried_too(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    fires = (datetime.now().astimezone() + timedelta(seconds=4)).replace(microsecond=0)
    await tasks.create("slot", schedule=None, at=fires.isoformat(), container=shell(FAILS),
                       retry={"limit": 1, **QUICK}, failedJobsHistoryLimit=5)  # fmt: skip
    status = await tasks.ended("slot", timeout=60.0)
    record = status["lastRun"]
    assert (record["verdict"], record["attempts"], record["exitCode"]) == ("Failed", 2, 3)
    assert (record["trigger"], record["slot"]) == ("Schedule", status["lastRun"]["slot"])
    assert record["logTail"] == f"attempt 2 of {record['id']}\n"
    assert status["counts"] == {"Failed": 1}
    await check_times(tasks, "slot", 2)


async def test_what_is_not_meant_is_not_tried_again(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    specs: dict[str, dict[str, Any]] = {
        "other-code": {"onExitCodes": [4, 5], **QUICK},
        "other-reason": {"onReasons": ["OOMKilled"], **QUICK},
        "code": {"onExitCodes": [3], **QUICK},
        "reason": {"onReasons": ["Error"]},
    }
    for name, policy in specs.items():
        await tasks.create(name, container=shell(FAILS), retry={"limit": 1, **policy})
    everything = await tasks.all_ready()
    assert {body["status"]["mode"] for body in everything.values()} == {"Managed"}
    assert {body["status"]["modeReason"] for body in everything.values()} == {"Retry"}
    await asyncio.gather(*(tasks.start_job(name, f"{name}-by-hand") for name in specs))
    for name, attempts in (("other-code", 1), ("other-reason", 1), ("code", 2), ("reason", 2)):
        record = (await tasks.ended(name, timeout=60.0))["lastRun"]
        assert (record["attempts"], record["name"]) == (attempts, f"{name}-by-hand"), name


async def test_what_the_job_can_do_stays_native(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("native", container=shell(FAILS), retry={"limit": 2, "onExitCodes": [4]})
    await tasks.create("limit", jobTemplate=job_template("exit 4"), retry={"limit": 1})
    await tasks.create(
        "both", jobTemplate=job_template("exit 4", backoffLimit=1), retry={"limit": 1}
    )
    for name in ("native", "limit"):
        assert (await tasks.ready(name))["mode"] == "Native"
    refused = await tasks.refused("both")
    assert "spec.jobTemplate has a backoffLimit of its own" in refused["message"]
    await tasks.start_job("native", "native-by-hand")
    record = (await tasks.ended("native"))["lastRun"]
    assert (record["attempts"], record["verdict"]) == (1, "Failed")
    await tasks.start_job("limit", "limit-by-hand")
    record = (await tasks.ended("limit", timeout=60.0))["lastRun"]
    assert (record["attempts"], record["verdict"]) == (2, "Failed")
    assert len(await tasks.jobs("limit")) == 1


async def test_a_run_that_waits_counts_and_is_cancelled_or_times_out(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    retry = {"limit": 3, **SLOW}
    await tasks.create("cancelled", container=shell(FAILS), retry=retry, concurrencyPolicy="Forbid")
    await tasks.create("late", container=shell(FAILS), retry=retry, timeout="6s")
    await tasks.create("taken", container=shell(FAILS), retry=retry, concurrencyPolicy="Replace")
    await tasks.all_ready()
    for name in ("cancelled", "late", "taken"):
        await tasks.request(name, "first")
    status = await waits(tasks, "cancelled")
    await tasks.request("cancelled", "second")
    skipped = await tasks.ended("cancelled")
    assert skipped["counts"] == {"Skipped": 1}
    await tasks.cancel("cancelled", status["pending"][0]["id"])
    record = (await tasks.ended("cancelled", 2))["lastRun"]
    assert (record["verdict"], record["exitCode"], record["captured"]) == ("Cancelled", 3, "Full")
    assert record["logTail"].startswith("attempt 1 of")

    await waits(tasks, "taken")
    await tasks.request("taken", "second")
    status = await tasks.ended("taken")
    assert status["counts"] == {"Replaced": 1}

    record = (await tasks.ended("late"))["lastRun"]
    assert (record["verdict"], record["reason"]) == ("TimedOut", "Timeout")
    took = datetime.fromisoformat(record["completionTime"]) - datetime.fromisoformat(
        record["startTime"]
    )
    assert took == timedelta(seconds=6)
    assert len(await tasks.jobs("late")) == 1
