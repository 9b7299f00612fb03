"""Slots that the operator fires: what each costs, and how edits and policies bear on it."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import now, reach
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import KEEP, SECOND, fired, policy, slots
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


async def test_a_slot_costs_one_job_and_two_status_writes(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    at = now().replace(microsecond=0) + 8 * SECOND
    schedule = f"{at.second} {at.minute} {at.hour} * * *"
    await tasks.create("once-a-day", schedule=schedule, container=shell("echo $CRONWRIGHT_SLOT"))
    await tasks.ready("once-a-day")
    await audit.settle(client)
    before = len(audit.writes(tasks.namespace, operator.user))

    record = (await tasks.ended("once-a-day"))["lastRun"]

    assert (record["slot"], record["trigger"]) == (render_time(at), "Schedule")
    assert record["logTail"] == f"{render_time(at)}\n"
    (job,) = await tasks.jobs("once-a-day")
    assert job["metadata"]["name"].startswith("once-a-day-s" if at.second else "once-a-day-")
    await audit.settle(client)
    writes = Counter(e.what for e in audit.writes(tasks.namespace, operator.user)[before:])
    assert writes == {"create jobs": 1, "update scheduledtasks/status": 2}
    assert await tasks.events("UnexpectedJob") == []


async def test_the_policy_holds_for_what_the_operator_fires(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    long = shell("echo working; sleep 7")
    await tasks.create("forbids", schedule="*/3 * * * * *", container=long, **policy("Forbid"))
    await tasks.create("replaces", schedule="*/3 * * * * *", container=long, **policy("Replace"))

    async def skipped() -> dict[str, Any]:
        status = await tasks.status("forbids")
        assert status["counts"]["Skipped"] >= 2
        return status

    (gap, *_) = (await until(skipped, 30.0))["gaps"]
    assert (gap["verdict"], gap["reason"]) == ("Skipped", "ConcurrencyForbid")
    record = (await tasks.ended("replaces"))["history"][-1]
    assert (record["verdict"], record["reason"]) == ("Replaced", "ConcurrencyReplace")
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in ("forbids", "replaces")))
    for name in ("forbids", "replaces"):
        assert "nextRunTime" not in await tasks.ready(name)


async def test_resuming_and_editing_fire_no_passed_slot(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    passed = now() - 20 * SECOND
    schedule = f"{passed.second} {passed.minute} {passed.hour} * * *"
    await tasks.create("resumed", schedule=schedule, suspend=True)
    await tasks.create("edited", schedule="15 0 0 1 1 *")
    await tasks.all_ready()

    await tasks.edit("resumed", suspend=False)
    await tasks.edit("edited", schedule=schedule)

    for name in ("resumed", "edited"):
        status = await tasks.ready(name)
        assert status["mode"] == "Managed"
        assert datetime.fromisoformat(status["nextRunTime"]) > passed + timedelta(hours=23)
    assert await fired(audit, client, tasks.namespace) == {}


async def test_a_template_that_is_edited_at_its_slot_loses_nothing(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    first = now().replace(microsecond=0) + 6 * SECOND
    await tasks.create("edited", schedule="* * * * * *", **KEEP)
    await tasks.ready("edited")
    last = first + 10 * SECOND
    while now() < last:
        await tasks.edit("edited", container=shell(f"echo {now()}"))
    await reach(last + SECOND)
    await tasks.edit("edited", suspend=True)
    await tasks.ready("edited")

    counts = (await fired(audit, client, tasks.namespace))["edited"]
    assert {slot: counts[slot] for slot in slots(first, last, SECOND)} == dict.fromkeys(
        slots(first, last, SECOND), 1
    )
