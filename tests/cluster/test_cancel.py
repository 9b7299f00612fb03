"""Runs that are cancelled end gracefully, with their last words, and within a second."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.core.identity import CANCEL_PREFIX
from tests.cluster.api_process import Web
from tests.cluster.audit import AuditLog
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import JSONObject, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

LAST_WORDS = """
trap 'date -u +%s.%N; echo last words; exit 7' TERM
echo working
while true; do sleep 0.1; done
"""
STUBBORN = "trap '' TERM; echo working; while true; do sleep 0.1; done"


async def answered(tasks: Tasks, name: str) -> None:
    """Wait until a task carries no request to cancel any more."""

    async def gone() -> bool:
        annotations = (await tasks.get(name))["metadata"].get("annotations", {})
        return not any(key.startswith(CANCEL_PREFIX) for key in annotations)

    await until(gone)


async def start(tasks: Tasks, *names: str) -> dict[str, str]:
    """Start a run of each task, and wait until it has printed; give their ids."""
    await tasks.all_ready()
    await asyncio.gather(*(tasks.start_job(name, f"{name}-by-hand") for name in names))
    await asyncio.gather(*(tasks.printed(name, "working") for name in names))

    async def ids() -> dict[str, str]:
        return {name: (await tasks.status(name))["active"][0]["id"] for name in names}

    return await until(ids)


def lines(record: JSONObject) -> list[str]:
    found: list[str] = record["logTail"].splitlines()
    return found


async def test_a_cancelled_run_has_its_last_words_within_a_second(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("graceful", container=shell(LAST_WORDS))
    run_ids = await start(tasks, "graceful")
    asked = datetime.now(UTC)
    await tasks.cancel("graceful", run_ids["graceful"], at=asked)
    record = (await tasks.ended("graceful"))["lastRun"]

    assert (record["verdict"], record["reason"]) == ("Cancelled", "CancelRequested")
    assert (record["id"], record["captured"]) == (run_ids["graceful"], "Full")
    assert lines(record)[0] == "working"
    assert lines(record)[2] == "last words"
    told = datetime.fromtimestamp(float(lines(record)[1]), UTC)
    assert told - asked < timedelta(seconds=1)
    await answered(tasks, "graceful")
    assert (await tasks.status("graceful"))["counts"] == {"Cancelled": 1}


async def test_a_stubborn_run_is_killed_after_its_grace_period(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    template = job_template(STUBBORN, backoffLimit=3)
    template["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 2
    await tasks.create("stubborn", jobTemplate=template)
    run_ids = await start(tasks, "stubborn")
    asked = datetime.now(UTC)
    await tasks.cancel("stubborn", run_ids["stubborn"], at=asked)
    record = (await tasks.ended("stubborn"))["lastRun"]

    assert (record["verdict"], record["exitCode"]) == ("Cancelled", 137)
    took = datetime.fromisoformat(record["completionTime"]) - asked
    assert timedelta(seconds=1) <= took <= timedelta(seconds=3.5)  # to the second, after 2 of grace


async def test_all_runs_are_cancelled_and_a_run_that_is_not_there_is_told_of(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("several", container=shell(LAST_WORDS))
    await start(tasks, "several")
    await tasks.request("several", "second")

    async def both() -> list[dict[str, Any]]:
        active: list[dict[str, Any]] = (await tasks.status("several"))["active"]
        assert len(active) == 2
        return active

    await until(both)
    await tasks.cancel("several", "all")
    status = await tasks.ended("several", 2)
    assert status["counts"] == {"Cancelled": 2}
    await answered(tasks, "several")

    await tasks.cancel("several", status["lastRun"]["id"][:-1] + "0")

    async def told() -> list[dict[str, Any]]:
        return await tasks.events("CancelRefused")

    (event,) = await until(told)
    assert "no run of this id is active" in event["message"]
    await answered(tasks, "several")


async def test_a_crash_after_the_patch_forgets_nothing(
    tasks: Tasks, namespace: str, start_operator: StartOperator, audit: AuditLog
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    await tasks.create("killed", container=shell(LAST_WORDS))
    run_ids = await start(tasks, "killed")
    audit.mark()
    await tasks.cancel("killed", run_ids["killed"])

    async def patched() -> bool:
        return bool(audit.writes(operator.namespace, operator.user))

    await until(patched, every=0.002)
    operator.kill()
    operator.start()
    record = (await tasks.ended("killed"))["lastRun"]
    assert (record["verdict"], record["reason"]) == ("Cancelled", "CancelRequested")
    await answered(tasks, "killed")
    assert await tasks.events("CancelRefused") == []
    operator.end()


async def test_a_run_is_cancelled_through_the_api(
    web: Web, operator: OperatorProcess, tasks: Tasks
) -> None:
    await web.ask("POST", "/tasks", {"name": "report", "container": shell(LAST_WORDS)})
    _, run = await web.ask("POST", "/tasks/report/runs")
    place = f"/tasks/report/runs/{run['runId']}/cancel"
    status, answer = await web.ask("POST", place)
    assert (status, answer["runId"]) == (202, run["runId"])
    assert (await tasks.ended("report"))["lastRun"]["verdict"] == "Cancelled"
    status, problem = await web.ask("POST", place)
    assert (status, problem["detail"]) == (409, "this run has ended as Cancelled")
