"""Slots without a run: each has its verdict, for its cause, in one write."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import minute_with_lead, now, only_at, reach
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import SECOND
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

STATUS = "update scheduledtasks/status"
FIVE_YEARS = timedelta(days=5 * 365)


async def status_writes(audit: AuditLog, client: Client, of: OperatorProcess) -> Counter[str]:
    """Count the operator's writes of each task's status since the mark."""
    await audit.settle(client)
    writes = audit.writes(of.namespace, of.user)
    return Counter(each.name for each in writes if each.what == STATUS)


async def test_what_the_controller_skipped_or_missed_is_told_with_its_cause(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    quota = {"metadata": {"name": "one-job"}, "spec": {"hard": {"count/jobs.batch": "1"}}}
    await client.create(f"/api/v1/namespaces/{tasks.namespace}/resourcequotas", quota)
    slot = minute_with_lead(20.0)
    due: dict[str, Any] = {"schedule": only_at(slot), "startingDeadlineSeconds": 20}
    long = shell("echo working; sleep 300")
    await tasks.create("holds", container=long, concurrencyPolicy="Forbid", **due)
    await tasks.create("refused", **due)
    await tasks.all_ready()
    await tasks.request("holds", "before")
    await tasks.printed("holds", "working")
    assert now() < slot
    await audit.settle(client)
    audit.mark()

    async def told() -> dict[str, dict[str, Any]]:
        found = {name: (await tasks.status(name)) for name in ("holds", "refused")}
        assert all(status.get("gaps") for status in found.values()), found
        return found

    found = await until(told, 120.0, every=0.5)
    for name, verdict, reason in (
        ("holds", "Skipped", "ConcurrencyForbid"),
        ("refused", "Missed", "QuotaExceeded"),
    ):
        (gap,) = found[name]["gaps"]
        assert gap == {
            "from": render_time(slot), "to": render_time(slot), "count": 1,
            "verdict": verdict, "reason": reason,
        }  # fmt: skip
        assert found[name]["accountedUntil"] == render_time(slot)
        assert datetime.fromisoformat(found[name]["nextRunTime"]) > slot
    assert await status_writes(audit, client, operator) == {"holds": 1, "refused": 1}


async def test_five_years_of_minutes_are_accounted_for_in_one_write(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    await tasks.create("minutes", schedule="* * * * *", suspend=True)
    await tasks.ready("minutes")
    await tasks.edit("minutes", suspend=False)
    await tasks.ready("minutes")
    await operator.restart()
    await tasks.create("later")
    await tasks.ready("later")
    idle = operator.cpu_seconds()
    operator.stop()
    cursor = now().replace(microsecond=0) - FIVE_YEARS
    await tasks.set_back("minutes", cursor)
    await audit.settle(client)
    audit.mark()
    operator.start()
    await operator.ready()

    async def told() -> dict[str, Any]:
        status = await tasks.status("minutes")
        assert sum(status["counts"].values()) > 1
        return status

    status = await until(told, 90.0)
    busy = operator.cpu_seconds()
    ends = datetime.fromisoformat(status["accountedUntil"])
    slots = int(ends.timestamp()) // 60 - int(cursor.timestamp()) // 60
    assert sum(status["counts"].values()) + status.get("activeCount", 0) == slots
    assert status["counts"]["Unknown"] >= slots - 3
    gap = status["gaps"][-1]
    assert (gap["verdict"], gap["reason"]) == ("Unknown", "FactsGone")
    assert busy - idle < 1.0, "seconds of processor time, beside those of a start"
    # The slot of a minute that came meanwhile has a run of its own.
    runs = sum(status["counts"].values()) - sum(each["count"] for each in status["gaps"])
    runs += status.get("activeCount", 0)
    assert (await status_writes(audit, client, operator))["minutes"] <= 1 + 2 * runs
    await tasks.edit("minutes", suspend=True)


async def test_slots_of_a_task_that_was_edited_while_no_operator_ran_are_missed(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("edited", schedule="*/2 * * * * *")
    await tasks.create("resting", schedule="*/2 * * * * *")
    await tasks.ended("edited")
    await tasks.ended("resting")
    operator.stop()
    ran = {name: await tasks.status(name) for name in ("edited", "resting")}
    await tasks.edit("edited", schedule="30 0 0 1 1 *")
    await tasks.edit("resting", suspend=True)
    await reach(now() + 10 * SECOND)
    operator.start()
    await operator.ready()
    for name, verdict, reason in (
        ("edited", "Missed", "OperatorDown"),
        ("resting", "Unknown", "Suspended"),
    ):
        status = await tasks.ready(name)
        gap = status["gaps"][0]
        assert (gap["verdict"], gap["reason"]) == (verdict, reason)
        before = datetime.fromisoformat(ran[name]["accountedUntil"])
        assert datetime.fromisoformat(gap["from"]) > before
        assert gap["count"] >= 4
