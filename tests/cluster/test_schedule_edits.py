"""Schedules edited around the very minute in which they are due: nothing lost, nothing twice."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog, Entry
from tests.cluster.minutes import MINUTE, SLOT, minute_with_lead, now, only_at, reach
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, job_template
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

COUNT = 200
SPREAD = 20.0
# These Jobs stay suspended: it is their creation that counts, and 200 pods would only be in
# the way. Unfinished as they are, each that the CronJob forgot would be an UnexpectedJob.
TEMPLATE = job_template("exit 0")
TEMPLATE["spec"]["suspend"] = True


async def test_200_schedules_edited_around_their_slot(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    minute = minute_with_lead(20.0)
    later = minute + 30 * MINUTE
    # A third keeps its slot, a third gives it up, and a third gains it too late or in time.
    edits = {
        f"keeps-{n:03}": (only_at(minute), f"{minute.minute},{later.minute} * * * *")
        for n in range(COUNT // 2)
    } | {f"moves-{n:03}": (only_at(minute), only_at(later)) for n in range(COUNT // 2)}
    gains = {f"gains-{n:03}": (only_at(later), only_at(minute)) for n in range(20)}
    everything = {**edits, **gains}
    await asyncio.gather(
        *(
            tasks.create(name, schedule=before, jobTemplate=TEMPLATE)
            for name, (before, _) in everything.items()
        )
    )
    await tasks.all_ready()
    assert now() < minute - timedelta(seconds=SPREAD / 2), "this machine is too slow for the test"

    async def edit(name: str, moment: datetime) -> None:
        await reach(moment)
        await tasks.edit(name, schedule=everything[name][1])

    begin = minute - timedelta(seconds=SPREAD / 2)
    await asyncio.gather(
        *(
            edit(name, begin + timedelta(seconds=SPREAD * place / len(everything)))
            for place, name in enumerate(_mixed(everything))
        )
    )
    await tasks.all_ready(timeout=60.0)
    await until(lambda: _settled(tasks, everything), 30.0)

    await audit.settle(client)
    entries = audit.entries(operator.namespace)
    fired = _fired(entries)
    live = _live_at(minute, [each for each in entries if each.user == operator.user])
    due = {name for name, schedule in live.items() if _due(schedule, minute)}
    assert len(due) > COUNT // 2, "hardly any edit came after the minute"
    assert {name for name in everything if fired.get(name)} == due
    assert all(slots == [minute] for slots in fired.values()), fired
    assert await tasks.events("UnexpectedJob") == []


def _mixed(names: Iterable[str]) -> list[str]:
    """Order names so that each kind is edited before, at and after the minute."""
    return sorted(names, key=lambda name: name.partition("-")[2])


async def _settled(tasks: Tasks, edits: dict[str, tuple[str, str]]) -> bool:
    """Tell whether each CronJob stands as last edited, and its controller has looked at it."""
    jobs = {job["metadata"]["uid"] for job in await tasks.jobs()}
    for name, (_, after) in edits.items():
        cronjob = await tasks.cronjob(name)
        assert cronjob["spec"]["schedule"] == after
        active = {each["uid"] for each in cronjob["status"].get("active", [])}
        assert active <= jobs
    return True


def _fired(entries: list[Entry]) -> dict[str, list[datetime]]:
    """List the slots that became Jobs, by task."""
    fired: dict[str, list[datetime]] = {}
    for entry in entries:
        if entry.what == "create jobs" and entry.done and isinstance(entry.body, dict):
            metadata: dict[str, Any] = entry.body["metadata"]
            slot = datetime.fromisoformat(metadata["annotations"][SLOT])
            name = metadata["ownerReferences"][0]["name"]
            fired.setdefault(name, []).append(slot)
    return fired


def _live_at(minute: datetime, writes: list[Entry]) -> dict[str, str]:
    """Tell which schedule each CronJob had at the minute, by the operator's writes."""
    live: dict[str, str] = {}
    for entry in writes:
        if entry.resource != "cronjobs" or entry.subresource or not entry.done:
            continue
        if entry.answered < minute:
            live[entry.name] = _schedule(entry)
    return live


def _schedule(entry: Entry) -> str:
    if isinstance(entry.body, dict):
        schedule: str = entry.body["spec"]["schedule"]
        return schedule
    spec = next(op["value"] for op in entry.body or [] if op["path"] == "/spec")
    return str(spec["schedule"])


def _due(schedule: str, minute: datetime) -> bool:
    return str(minute.minute) in schedule.split(maxsplit=1)[0].split(",")
