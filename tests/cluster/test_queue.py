"""Slots and requests that wait for the runs before them: in order, in time, over kills."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.slots import KEEP, SECOND, fired, slots
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

QUEUE: dict[str, Any] = {"concurrencyPolicy": "Queue", **KEEP}


def span(count: int, step: int, lead: float = 4.0) -> tuple[datetime, dict[str, Any]]:
    """Give the first of so many slots soon to come, and what a task says to have just these."""
    first = now().replace(microsecond=0) + timedelta(seconds=lead)
    last = first + (count - 1) * step * SECOND
    spec = {"every": f"{step}s", "startAt": render_time(first), "endAt": render_time(last)}
    return first, {"schedule": None, **spec}


async def settled(tasks: Tasks, name: str, count: int) -> dict[str, Any]:
    """Wait until so many slots have their verdict and none waits or runs; give the status."""

    async def all_over() -> dict[str, Any]:
        status = await tasks.status(name)
        assert sum(status["counts"].values()) == count, status
        assert not status["activeCount"]
        assert not status.get("pending")
        return status

    return await until(all_over, 60.0)


def in_order(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Give a task's runs, the first first, and check that none began before the last had ended."""
    records: list[dict[str, Any]] = status["history"][::-1]
    for before, after in pairwise(records):
        assert after["startTime"] >= before["completionTime"], (before, after)
    return records


async def test_slots_run_one_after_the_other_in_the_order_in_which_they_were_due(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    first, times = span(4, 2)
    await tasks.create("queues", container=shell("sleep 3"), **QUEUE, **times)
    status = await tasks.ready("queues")
    assert (status["mode"], status["modeReason"]) == ("Managed", "Interval")
    await audit.settle(client)
    audit.mark()

    status = await settled(tasks, "queues", 4)

    records = in_order(status)
    wanted = slots(first, first + 6 * SECOND, 2 * SECOND)
    assert [each["slot"] for each in records] == wanted
    assert {each["trigger"] for each in records} == {"Schedule"}
    assert status["counts"] == {"Succeeded": 4}
    for before, after in pairwise(records):
        gap = datetime.fromisoformat(after["startTime"]) - datetime.fromisoformat(
            before["completionTime"]
        )
        assert gap <= 2 * SECOND, "both times are in whole seconds"
    await audit.settle(client)
    writes = Counter(each.what for each in audit.writes(tasks.namespace, operator.user))
    # Two for each run, and one for each of the three that waited.
    assert writes["update scheduledtasks/status"] <= 2 * 4 + 3
    assert writes["create jobs"] == 4


async def test_a_full_queue_skips_and_a_deadline_misses(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    _, times = span(6, 2)
    await tasks.create(
        "busy", container=shell("sleep 300"), maxQueued=1, startingDeadlineSeconds=5,
        **QUEUE, **times,
    )  # fmt: skip

    async def all_decided() -> dict[str, Any]:
        status = await tasks.status("busy")
        assert sum(status["counts"].values()) == 5, status
        return status

    status = await until(all_decided, 40.0)

    # The second and, once that has missed its deadline, the fifth wait; the others find it full.
    assert status["counts"] == {"Skipped": 3, "Missed": 2}
    gaps = {(each["verdict"], each["reason"]): each for each in status["gaps"]}
    assert set(gaps) == {("Skipped", "QueueFull"), ("Missed", "DeadlinePassed")}
    assert status["activeCount"] == 1
    assert "pending" not in status


async def test_what_waits_survives_kills(
    tasks: Tasks, namespace: str, start_operator: StartOperator, audit: AuditLog, client: Client
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    first, times = span(4, 1)
    await tasks.create("queues", container=shell("sleep 5"), **QUEUE, **times)

    async def waiting() -> bool:
        return len((await tasks.status("queues")).get("pending", ())) == 3

    await until(waiting)
    for _ in range(4):
        operator.kill()
        operator.start()
        await operator.ready()
        await asyncio.sleep(1.5)  # somewhere in the middle of whatever it does next
    status = await settled(tasks, "queues", 4)

    assert status["counts"] == {"Succeeded": 4}
    wanted = slots(first, first + 3 * SECOND, SECOND)
    assert [each["slot"] for each in in_order(status)] == wanted
    assert await fired(audit, client, namespace) == {"queues": Counter(dict.fromkeys(wanted, 1))}
    assert operator.errors() == []


async def test_requests_wait_too_and_more_than_maxqueued_are_skipped(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create(
        "asked", schedule=None, container=shell("sleep 2"), concurrencyPolicy="Queue", maxQueued=2
    )
    await tasks.ready("asked")
    ids = []
    for number in range(4):
        ids.append(await tasks.request("asked", f"r{number}"))

    async def all_over() -> dict[str, Any]:
        status = await tasks.status("asked")
        assert sum(status["counts"].values()) == 4, status
        return status

    status = await until(all_over, 40.0)

    records = {each["id"]: each for each in status["history"]}
    assert set(records) == set(ids)
    skipped = [each for each in records.values() if each["verdict"] == "Skipped"]
    assert [each["reason"] for each in skipped] == ["QueueFull"]
    ran = [each for each in status["history"] if each["verdict"] == "Succeeded"]
    in_order({"history": ran})
    assert {each["trigger"] for each in ran} == {"Manual"}
    assert len(await tasks.jobs("asked")) == 3


async def test_suspending_ends_the_wait_of_slots(tasks: Tasks, operator: OperatorProcess) -> None:
    _, times = span(3, 1)
    await tasks.create("held", container=shell("sleep 6"), **QUEUE, **times)

    async def waiting() -> bool:
        return len((await tasks.status("held")).get("pending", ())) == 2

    await until(waiting)
    await tasks.edit("held", suspend=True)
    status = await tasks.ready("held")

    assert "pending" not in status
    (gap,) = status["gaps"]
    assert (gap["verdict"], gap["reason"], gap["count"]) == ("Missed", "Superseded", 2)
    await tasks.edit("held", suspend=False)
    assert (await settled(tasks, "held", 3))["counts"] == {"Succeeded": 1, "Missed": 2}
