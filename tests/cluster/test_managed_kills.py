"""The operator is killed while it fires: no slot is lost, none is fired twice."""

import asyncio
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from cronwright.schedule import Terms, read
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.slots import SECOND, fired, policy, slots
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

EVERY_FOUR = "*/4 * * * * *"
POLICIES = ("Allow", "Forbid", "Replace")


async def test_kills_lose_no_slot_and_double_none(
    tasks: Tasks, namespace: str, start_operator: StartOperator, audit: AuditLog, client: Client
) -> None:
    await _kill_while_firing(tasks, start_operator(namespace), audit, client, (6, 25.0, 4))


@pytest.mark.soak
async def test_twenty_kills_over_ten_minutes(
    tasks: Tasks, namespace: str, start_operator: StartOperator, audit: AuditLog, client: Client
) -> None:
    await _kill_while_firing(tasks, start_operator(namespace), audit, client, (20, 600.0, 20))


async def _kill_while_firing(
    tasks: Tasks,
    operator: OperatorProcess,
    audit: AuditLog,
    client: Client,
    size: tuple[int, float, int],
) -> None:
    count, seconds, kills = size
    await operator.ready()
    names = [f"task-{n:02}" for n in range(count)]
    for number, name in enumerate(names):
        await tasks.create(
            name, schedule=EVERY_FOUR, historyLimit=50, **policy(POLICIES[number % 3])
        )
    await tasks.all_ready()
    first = now().replace(microsecond=0) + SECOND
    first += timedelta(seconds=-first.second % 4)
    for _ in range(kills):
        await asyncio.sleep(random.uniform(0.5, 1.5) * seconds / kills)
        operator.kill()
        operator.start()
    await operator.ready()
    last = now().replace(microsecond=0) + 4 * SECOND
    last -= timedelta(seconds=last.second % 4)

    async def accounted() -> dict[str, Any]:
        everything = await tasks.all()
        assert all(
            body["status"]["accountedUntil"] >= render_time(last) for body in everything.values()
        )
        return everything

    everything = await until(accounted, 60.0)
    jobs = await fired(audit, client, tasks.namespace)
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in names))
    await tasks.all_ready(timeout=120.0)
    wanted = slots(first, last, 4 * SECOND)
    for name, body in everything.items():
        assert max(jobs[name].values()) == 1, name
        _check_account(body, jobs[name])
        if body["spec"]["concurrencyPolicy"] == "Allow":
            assert [slot for slot in wanted if jobs[name][slot] != 1] == [], name


def _check_account(body: dict[str, Any], jobs: Counter[str]) -> None:
    """Compare the slots of a task, up to where it says so, with its Jobs and its gaps."""
    status = body["status"]
    until_slot = status["accountedUntil"]
    created = datetime.fromisoformat(body["metadata"]["creationTimestamp"])
    due = read(Terms(schedule=EVERY_FOUR)).count(created, datetime.fromisoformat(until_slot))
    started = sum(slot <= until_slot for slot in jobs)
    without = {verdict: status["counts"].get(verdict, 0) for verdict in ("Skipped", "Missed")}
    assert started + without["Skipped"] == due, (body["metadata"]["name"], started, without, due)
    assert without["Missed"] == 0
