"""Tasks that are resumed: no slot of the time in which they were suspended is run."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.minutes import MINUTE, SLOT, minute_of, now, reach
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, job_template
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

TASKS = [f"task-{number:02}" for number in range(24)]
PLAIN = [f"plain-{number}" for number in range(6)]
EDITED = [f"edited-{number}" for number in range(6)]
EVERY_MINUTE = "* * * * *"


async def test_resumed_in_the_middle_of_a_minute(
    tasks: Tasks, operator: OperatorProcess, client: Client
) -> None:
    """Suspend tasks and plain CronJobs alike for minutes, and resume all of them at once."""
    await asyncio.gather(
        *(tasks.create(name, schedule=EVERY_MINUTE, suspend=True) for name in TASKS),
        *(tasks.create(name, schedule="0 0 1 1 *") for name in EDITED),
        *(client.create(paths.cronjobs(tasks.namespace), plain(name)) for name in PLAIN),
    )
    await tasks.all_ready()
    everything = (*TASKS, *PLAIN, *EDITED)
    await asyncio.gather(*(suspended_for_minutes(tasks, name) for name in everything))
    await middle_of_a_minute()
    resumed = now()
    unsuspend = {"spec": {"suspend": False}}
    await asyncio.gather(
        *(tasks.edit(name, suspend=False) for name in TASKS),
        *(tasks.edit(name, schedule=EVERY_MINUTE) for name in EDITED),
        *(client.merge_patch(paths.cronjobs(tasks.namespace, n), unsuspend) for n in PLAIN),
    )

    async def fired() -> dict[str, list[datetime]]:
        slots = slots_by_name(await tasks.jobs())
        assert slots.keys() == set(everything), slots
        return slots

    slots = await until(fired, 90.0, every=0.5)
    following = minute_of(resumed) + MINUTE
    for name in PLAIN:
        assert slots[name][0] == minute_of(resumed), "a plain CronJob fires the passed slot"
    for name in (*TASKS, *EDITED):
        assert slots[name][0] == following
    assert await tasks.events("UnexpectedJob") == []


def plain(name: str) -> dict[str, Any]:
    """Make a CronJob that stands suspended, with nobody to look after it."""
    return {
        "metadata": {"name": name},
        "spec": {
            "schedule": EVERY_MINUTE,
            "suspend": True,
            "jobTemplate": job_template("exit 0"),
        },
    }


async def suspended_for_minutes(tasks: Tasks, name: str) -> None:
    """Make a CronJob one that ran five minutes ago, and has been suspended since."""
    ago = render_time(minute_of(now()) - 5 * MINUTE)
    await tasks.client.merge_patch(
        paths.cronjobs(tasks.namespace, name, "status"), {"status": {"lastScheduleTime": ago}}
    )


async def middle_of_a_minute() -> None:
    """Wait, where need be, until the present minute is well begun and far from its end."""
    moment = now()
    if moment.second < 5:
        await reach(minute_of(moment) + timedelta(seconds=5))
    elif moment.second > 40:
        await reach(minute_of(moment) + timedelta(seconds=65))


def slots_by_name(jobs: list[dict[str, Any]]) -> dict[str, list[datetime]]:
    """List the slots that became Jobs, by the CronJob's name, in order."""
    slots: dict[str, list[datetime]] = {}
    for job in jobs:
        metadata = job["metadata"]
        slot = datetime.fromisoformat(metadata["annotations"][SLOT])
        slots.setdefault(metadata["ownerReferences"][0]["name"], []).append(slot)
    return {name: sorted(each) for name, each in slots.items()}
