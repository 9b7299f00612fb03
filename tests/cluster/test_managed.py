"""Slots that the operator fires: each once, over kills, changes of mode, edits and policies."""

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from cronwright.schedule import Terms, read
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import MINUTE, SLOT, minute_with_lead, now, reach
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

SECOND = timedelta(seconds=1)
EVERY_FOUR = "*/4 * * * * *"
POLICIES = ("Allow", "Forbid", "Replace")
KEEP: dict[str, Any] = {"successfulJobsHistoryLimit": 500, "failedJobsHistoryLimit": 500}
# The same slots as without it, and yet what no CronJob can say.
MANAGED: dict[str, Any] = {"endAt": "2099-12-31T23:59:59Z"}
NATIVE: dict[str, Any] = {"endAt": None}


async def fired(audit: AuditLog, client: Client, namespace: str) -> dict[str, Counter[str]]:
    """Count the Jobs that were made for each slot, by task, from the audit log."""
    await audit.settle(client)
    found: dict[str, Counter[str]] = {}
    for entry in audit.entries(namespace, resource="jobs", verb="create"):
        if entry.done and not entry.subresource and isinstance(entry.body, dict):
            metadata = entry.body["metadata"]
            slot = datetime.fromisoformat(metadata["annotations"][SLOT]).astimezone(UTC)
            task = metadata["labels"]["cronwright.dev/task"]
            found.setdefault(task, Counter())[render_time(slot)] += 1
    return found


def slots(first: datetime, last: datetime, step: timedelta) -> list[str]:
    """List the slots from one to another."""
    return [render_time(first + n * step) for n in range((last - first) // step + 1)]


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
    await tasks.create("forbids", schedule="*/3 * * * * *", container=long, **_policy("Forbid"))
    await tasks.create("replaces", schedule="*/3 * * * * *", container=long, **_policy("Replace"))

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


def _policy(name: str) -> dict[str, Any]:
    return {"concurrencyPolicy": name, **KEEP}


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
        policy = POLICIES[number % len(POLICIES)]
        await tasks.create(name, schedule=EVERY_FOUR, historyLimit=50, **_policy(policy))
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
