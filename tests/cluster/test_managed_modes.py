"""Tasks change between native and managed forms of one schedule: each slot is fired once."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import MINUTE, minute_with_lead, reach
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import KEEP, fired, slots
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

# The same slots as without it, and yet what no CronJob can say.
MANAGED: dict[str, Any] = {"endAt": "2099-12-31T23:59:59Z"}
NATIVE: dict[str, Any] = {"endAt": None}


async def test_a_change_of_mode_fires_each_slot_once(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    await _change_modes(tasks, audit, client, tasks_count=24, minutes=1, around=6)


@pytest.mark.soak
async def test_two_hundred_changes_of_mode(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    await _change_modes(tasks, audit, client, tasks_count=4, minutes=10, around=20)


async def _change_modes(
    tasks: Tasks, audit: AuditLog, client: Client, *, tasks_count: int, minutes: int, around: int
) -> None:
    """Change tasks so often around each of so many slots, some of it right at the slot."""
    names = [f"task-{n:02}" for n in range(tasks_count)]
    for number, name in enumerate(names):
        form = MANAGED if number % 2 else {}
        await tasks.create(name, schedule="* * * * *", **form, **KEEP)
    await tasks.all_ready()
    first = minute_with_lead(4.0)
    chance = random.Random()

    async def change(name: str, managed: bool) -> None:
        for slot in (first + n * MINUTE for n in range(minutes)):
            spread = 3.0 if minutes == 1 else 29.0
            offsets = [chance.uniform(-spread, spread) for _ in range(around - 2)]
            for offset in sorted([-0.1, 0.1, *offsets]):
                await reach(slot + timedelta(seconds=offset))
                managed = not managed
                await tasks.edit(name, **(MANAGED if managed else NATIVE))

    await asyncio.gather(*(change(name, n % 2 == 1) for n, name in enumerate(names)))
    last = first + (minutes - 1) * MINUTE
    wanted = slots(first, last, MINUTE)

    async def all_fired() -> dict[str, Counter[str]]:
        jobs = await fired(audit, client, tasks.namespace)
        missing = {name: [slot for slot in wanted if not jobs[name][slot]] for name in names}
        assert not any(missing.values()), missing
        return jobs

    jobs = await until(all_fired, 40.0, every=1.0)
    for name in names:
        assert {slot: jobs[name][slot] for slot in wanted} == dict.fromkeys(wanted, 1), name
