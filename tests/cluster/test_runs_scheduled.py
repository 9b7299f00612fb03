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
from tests.cluster.minutes import MINUTE, SLOT, minute_with_lead, now, reach
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

EVERY_MINUTE = "* * * * *"
STATUS = "update scheduledtasks/status"
NAMES = [f"due-{number}" for number in range(10)]
LONG = shell("echo working; sleep 300")

HELD = ["forbids", "replaces"]

SPECS: dict[str, dict[str, Any]] = {
    **{name: {"schedule": EVERY_MINUTE, "container": shell("echo words")} for name in NAMES},
    "long": {"schedule": EVERY_MINUTE, "container": shell("sleep 5; echo words")},
    "forbids": {
        "schedule": EVERY_MINUTE,
        "container": LONG,
        "concurrencyPolicy": "Forbid",
    },
    "replaces": {"schedule": EVERY_MINUTE, "container": LONG, "concurrencyPolicy": "Replace"},
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    with set_up(cluster, start_operator, "scheduled", SPECS, run=False) as stage:
        yield stage


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


@pytest.fixture(scope="module")
def first_slot(cluster: Cluster, stage: Stage) -> datetime:
    """Start a run by hand of the tasks that hold on to it; give the first slot after that."""

    async def start() -> datetime:
        async with cluster.connect() as client:
            tasks = Tasks(client, stage.namespace)
            await reach(minute_with_lead(20.0) - MINUTE)  # so that what follows is in time
            for name in HELD:
                await tasks.request(name, "before")
            for name in HELD:
                await tasks.printed(name, "working")
            return minute_with_lead(0.0)

    return asyncio.run(start())


async def test_a_scheduled_run_costs_two_status_writes_at_most(
    tasks: Tasks, stage: Stage, first_slot: datetime, audit: AuditLog, client: Client
) -> None:
    names = [*NAMES, "long"]
    assert now() < first_slot

    async def recorded() -> dict[str, Any]:
        statuses = {name: (await tasks.status(name)) for name in names}
        assert all(status.get("counts") for status in statuses.values())
        assert all(job["status"].get("completionTime") for job in await tasks.jobs("long"))
        return statuses

    statuses = await until(recorded, 100.0, every=0.3)
    await audit.settle(client)
    # The next minute may have begun: no more than that is counted.
    writes = Counter(
        entry.name
        for entry in audit.writes(stage.namespace, stage.operator.user)
        if entry.what == STATUS and entry.received < first_slot + MINUTE
    )
    for name in names:
        assert writes[name] <= 2, name
        record = statuses[name]["history"][-1]
        assert (record["trigger"], record["verdict"]) == ("Schedule", "Succeeded")
        assert (record["attempts"], record["exitCode"]) == (1, 0)
        assert record["captured"] == "Full"
        assert record["slot"] == render_time(first_slot)
        assert record["name"] == f"{name}-{int(first_slot.timestamp()) // 60}"
        assert statuses[name]["lastRun"]["logTail"] == "words\n"
    others = {entry.what for entry in audit.writes(stage.namespace, stage.operator.user)}
    assert others == {STATUS}


async def test_the_next_run_time_moves_on(tasks: Tasks, first_slot: datetime) -> None:
    status = await tasks.ended("due-0", timeout=90.0)

    assert datetime.fromisoformat(status["nextRunTime"]) > first_slot
    assert status["schedule"] == EVERY_MINUTE
    assert (status["mode"], status["modeReason"]) == ("Native", "FiveFields")


async def test_forbid_of_the_cronjob_sees_a_requested_run(
    tasks: Tasks, first_slot: datetime
) -> None:
    async def held() -> bool:
        events = await tasks.events("JobAlreadyActive")
        return any(each["involvedObject"]["name"] == "forbids" for each in events)

    await until(held, 90.0, every=0.5)
    (job,) = await tasks.jobs("forbids")
    assert SLOT not in job["metadata"]["annotations"]
    # Kubernetes starts it as soon as the run is over, and until then it is the next one.
    assert (await tasks.status("forbids"))["nextRunTime"] == render_time(first_slot)


async def test_replace_of_the_cronjob_ends_a_requested_run(
    tasks: Tasks, first_slot: datetime
) -> None:
    status = await tasks.ended("replaces", timeout=90.0)

    record = status["history"][-1]
    assert (record["trigger"], record["verdict"]) == ("Manual", "Replaced")
    assert record["reason"] == "ConcurrencyReplace"
    assert "working" in status["lastRun"]["logTail"]


async def test_no_job_was_unexpected(tasks: Tasks, first_slot: datetime) -> None:
    await tasks.ended("replaces", timeout=90.0)

    assert await tasks.events("UnexpectedJob") == []
