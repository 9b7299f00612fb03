"""Slots that are made up for after downtime: exactly as many as the task asks for."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import KEEP, SECOND, fired, slots
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

FIVE_YEARS = timedelta(days=5 * 365)


async def test_five_years_of_seconds_are_made_up_for_in_exact_number(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    end = now().replace(microsecond=0) - timedelta(hours=1)
    wanted: dict[str, tuple[dict[str, Any], int]] = {
        "none": ({}, 0),
        "latest": ({"policy": "Latest"}, 1),
        "three": ({"policy": "All", "limit": 3}, 3),
        "too-long-ago": ({"policy": "All", "window": "30m"}, 0),
        "one-by-one": ({"policy": "All", "limit": 4, "window": "2h"}, 4),
    }
    for name, (asked, _) in wanted.items():
        await tasks.create(
            name, schedule="* * * * * *", endAt=render_time(end), catchUp=asked,
            concurrencyPolicy="Forbid" if name == "one-by-one" else "Allow",
            container=shell("sleep 1; echo for $CRONWRIGHT_SLOT"), **KEEP,
        )  # fmt: skip
    await tasks.all_ready()
    operator.stop()
    for name in wanted:
        await tasks.set_back(name, end - FIVE_YEARS)
    await audit.settle(client)
    audit.mark()
    operator.start()
    await operator.ready()

    async def over() -> dict[str, Any]:
        everything = await tasks.all()
        for name, body in everything.items():
            assert sum(body["status"]["counts"].values()) == FIVE_YEARS // SECOND, name
        return everything

    everything = await until(over, 60.0)
    jobs = await fired(audit, client, tasks.namespace)
    for name, (_, count) in wanted.items():
        status = everything[name]["status"]
        assert status["accountedUntil"] >= render_time(end)
        assert status["counts"]["Missed"] == FIVE_YEARS // SECOND - count
        (gap,) = status["gaps"]
        assert (gap["verdict"], gap["reason"]) == ("Missed", "OperatorDown")
        newest = slots(end - (count - 1) * SECOND, end, SECOND)
        assert jobs.get(name, Counter()) == Counter(newest), name
        records = status.get("history", [])
        assert {each["trigger"] for each in records} <= {"CatchUp"}
        if count:
            assert status["lastRun"]["logTail"] == f"for {status['lastRun']['slot']}\n"
    one_by_one = everything["one-by-one"]["status"]["history"]
    assert [each["slot"] for each in one_by_one][::-1] == slots(end - 3 * SECOND, end, SECOND)
    await audit.settle(client)
    writes = Counter(
        entry.name
        for entry in audit.writes(tasks.namespace, operator.user)
        if entry.what == "update scheduledtasks/status"
    )
    assert writes["none"] == 1
    assert writes["latest"] <= 3


async def test_a_task_that_makes_up_for_slots_is_managed(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("daily", schedule="0 3 * * *", catchUp={"policy": "Latest"})
    status = await tasks.ready("daily")
    assert (status["mode"], status["modeReason"]) == ("Managed", "CatchUp")
    await tasks.edit("daily", catchUp={"policy": "None"})
    status = await tasks.ready("daily")
    assert (status["mode"], status["modeReason"]) == ("Native", "FiveFields")


async def test_neither_a_suspension_nor_an_edit_is_made_up_for(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    end = now().replace(microsecond=0) - timedelta(hours=1)
    spec: dict[str, Any] = {
        "schedule": "0 * * * * *",
        "endAt": render_time(end),
        "catchUp": {"policy": "All"},
    }
    for name in ("resumed", "edited", "left"):
        await tasks.create(name, **spec, **KEEP)
    await tasks.all_ready()
    operator.stop()
    for name in ("resumed", "edited", "left"):
        await tasks.set_back(name, end - timedelta(hours=1))
    await tasks.edit("resumed", suspend=True)
    await tasks.edit("resumed", suspend=False)
    await tasks.edit("edited", schedule="30 * * * * *")
    operator.start()
    await operator.ready()
    await tasks.all_ready()

    async def made_up() -> bool:
        counts: dict[str, int] = (await tasks.status("left"))["counts"]
        return counts.get("Succeeded") == 10

    await until(made_up, 40.0)
    assert set(await fired(audit, client, tasks.namespace)) == {"left"}
    assert (await tasks.status("resumed"))["counts"] == {"Missed": 60}
    assert (await tasks.status("edited"))["counts"] == {"Missed": 60}
