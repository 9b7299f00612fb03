"""Runs that a slot starts: one real minute, shared by all tests of this module."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster
from tests.cluster.minutes import SLOT, minute_with_lead, now, only_at
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

STATUS = "update scheduledtasks/status"
NAMES = [f"due-{number}" for number in range(10)]
LONG = shell("echo working; sleep 300")

HELD = ["forbids", "replaces"]

SPECS: dict[str, dict[str, Any]] = {
    **{name: {"container": shell("echo words")} for name in NAMES},
    "long": {"container": shell("sleep 5; echo words")},
    "forbids": {"container": LONG, "concurrencyPolicy": "Forbid"},
    "replaces": {"container": LONG, "concurrencyPolicy": "Replace"},
}


@pytest.fixture(scope="module")
def slot() -> datetime:
    """Choose the one slot of all tasks: far enough away for them to stand by then."""
    return minute_with_lead(25.0)


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator, slot: datetime) -> Iterator[Stage]:
    specs = {name: {"schedule": only_at(slot), **spec} for name, spec in SPECS.items()}
    with set_up(cluster, start_operator, "scheduled", specs, run=False) as stage:
        asyncio.run(_hold(cluster, stage))
        assert now() < slot
        yield stage


async def _hold(cluster: Cluster, stage: Stage) -> None:
    """Request a run of the tasks whose slot is to find one."""
    async with cluster.connect() as client:
        tasks = Tasks(client, stage.namespace)
        for name in HELD:
            await tasks.request(name, "before")
        for name in HELD:
            await tasks.printed(name, "working")


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def test_a_scheduled_run_costs_two_status_writes_at_most(
    tasks: Tasks, stage: Stage, slot: datetime, audit: AuditLog, client: Client
) -> None:
    names = [*NAMES, "long"]

    async def recorded() -> dict[str, Any]:
        statuses = {name: (await tasks.status(name)) for name in names}
        assert all(status.get("counts") for status in statuses.values())
        assert all(job["status"].get("completionTime") for job in await tasks.jobs("long"))
        return statuses

    statuses = await until(recorded, 100.0, every=0.3)
    await audit.settle(client)
    writes = Counter(
        entry.name
        for entry in audit.writes(stage.namespace, stage.operator.user)
        if entry.what == STATUS
    )
    for name in names:
        assert writes[name] <= 2, name
        record = statuses[name]["history"][-1]
        assert (record["trigger"], record["verdict"]) == ("Schedule", "Succeeded")
        assert (record["attempts"], record["exitCode"]) == (1, 0)
        assert record["captured"] == "Full"
        assert record["slot"] == render_time(slot)
        assert record["name"] == f"{name}-{int(slot.timestamp()) // 60}"
        assert statuses[name]["lastRun"]["logTail"] == "words\n"
    others = {entry.what for entry in audit.writes(stage.namespace, stage.operator.user)}
    assert others == {STATUS}


async def test_the_next_run_time_moves_on(tasks: Tasks, slot: datetime) -> None:
    status = await tasks.ended("due-0", timeout=90.0)

    assert datetime.fromisoformat(status["nextRunTime"]) > slot
    assert status["schedule"] == only_at(slot)
    assert (status["mode"], status["modeReason"]) == ("Native", "FiveFields")


async def test_forbid_of_the_cronjob_sees_a_requested_run(tasks: Tasks, slot: datetime) -> None:
    async def held() -> bool:
        events = await tasks.events("JobAlreadyActive")
        return any(each["involvedObject"]["name"] == "forbids" for each in events)

    await until(held, 90.0, every=0.5)
    (job,) = await tasks.jobs("forbids")
    assert SLOT not in job["metadata"]["annotations"]
    # Kubernetes starts it as soon as the run is over, and until then it is the next one.
    assert (await tasks.status("forbids"))["nextRunTime"] == render_time(slot)


async def test_replace_of_the_cronjob_ends_a_requested_run(tasks: Tasks) -> None:
    status = await tasks.ended("replaces", timeout=90.0)

    record = status["history"][-1]
    assert (record["trigger"], record["verdict"]) == ("Manual", "Replaced")
    assert record["reason"] == "ConcurrencyReplace"
    assert "working" in status["lastRun"]["logTail"]


async def test_no_job_was_unexpected(tasks: Tasks) -> None:
    await tasks.ended("replaces", timeout=90.0)

    assert await tasks.events("UnexpectedJob") == []
