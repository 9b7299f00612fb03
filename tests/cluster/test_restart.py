"""The operator is killed again and again: every Job that ran has its record, none has two."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import minute_with_lead, reach
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import Tasks, by_id, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

TASKS = 50
KILLS = 10
KINDS: tuple[dict[str, Any], ...] = (
    {"container": shell("echo words")},
    {"container": shell("echo words; exit 3")},
    {"container": shell("echo words; sleep 2")},
    {"jobTemplate": job_template("echo words; exit 4", backoffLimit=1)},
    {"container": shell("trap 'echo words; exit 1' TERM; sleep 300 & wait"), "timeout": "2s"},
)
VERDICTS = ("Succeeded", "Failed", "Succeeded", "Failed", "TimedOut")


async def create_tasks(tasks: Tasks, **spec: Any) -> dict[str, str]:
    """Create tasks of all kinds that keep all their records; give each one's verdict."""
    verdicts = {f"task-{n:02}": VERDICTS[n % len(VERDICTS)] for n in range(TASKS)}
    await asyncio.gather(
        *(
            tasks.create(name, **KINDS[n % len(KINDS)], historyLimit=50, **spec)
            for n, name in enumerate(verdicts)
        )
    )
    await tasks.all_ready()
    return verdicts


async def started_runs(audit: AuditLog, client: Client, namespace: str) -> dict[str, set[str]]:
    """List the names of all Jobs that were made, by task, from the audit log."""
    await audit.settle(client)
    started: dict[str, set[str]] = {}
    for entry in audit.entries(namespace, resource="jobs", verb="create"):
        if entry.done and not entry.subresource and isinstance(entry.body, dict):
            task = entry.body["metadata"]["labels"]["cronwright.dev/task"]
            started.setdefault(task, set()).add(entry.name)
    # One that was made while its maker was killed may stand in the log as a request that failed.
    for job in await Tasks(client, namespace).jobs():
        metadata = job["metadata"]
        started.setdefault(metadata["labels"]["cronwright.dev/task"], set()).add(metadata["name"])
    return started


async def all_recorded(tasks: Tasks, started: dict[str, set[str]]) -> dict[str, Any]:
    """Give the tasks once each has as many records as it had Jobs."""
    everything = await tasks.all()
    behind = {
        name: (len(jobs), everything[name].get("status", {}).get("counts"))
        for name, jobs in started.items()
        if _recorded(everything[name]) < len(jobs)
    }
    assert not behind, behind
    return everything


def _recorded(body: dict[str, Any]) -> int:
    counts: dict[str, int] = body.get("status", {}).get("counts", {})
    return sum(counts.values())


def check_records(
    everything: dict[str, Any], started: dict[str, set[str]], verdicts: dict[str, str]
) -> None:
    """Compare history and counts of each task with the Jobs that were made for it."""
    for name, jobs in started.items():
        status = everything[name]["status"]
        by_id(status["history"])
        assert Counter(entry["name"] for entry in status["history"]) == Counter(jobs), name
        assert status["counts"] == {verdicts[name]: len(jobs)}, (name, status["history"])
        for entry in status["history"]:
            # A pod past its deadline is deleted at once: of one that ended while no operator
            # ran, nothing can be had, and the record has to say so.
            honest = {"Full", "Lost"} if verdicts[name] == "TimedOut" else {"Full"}
            assert entry["captured"] in honest, entry
        last = status["lastRun"]
        assert last.get("logTail", "") == ("words\n" if last["captured"] == "Full" else ""), last


async def test_ten_kills_while_50_tasks_run(
    tasks: Tasks,
    namespace: str,
    start_operator: StartOperator,
    audit: AuditLog,
    client: Client,
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    verdicts = await create_tasks(tasks)
    chance = random.Random(7)

    async def kill_and_restart() -> None:
        for _ in range(KILLS):
            # At any moment of its life, from its first list to its daily work.
            await asyncio.sleep(chance.uniform(0.5, 3.5))
            operator.kill()
            operator.start()

    async def start_runs() -> None:
        for name in verdicts:
            if chance.random() < 0.5:
                await tasks.start_job(name, f"{name}-by-hand")
            else:
                await tasks.request(name, "by-request")
            await asyncio.sleep(chance.uniform(0.0, 0.8))

    await asyncio.gather(kill_and_restart(), start_runs())
    await operator.ready()
    await until(lambda: _each_has_run(tasks, verdicts), 90.0, every=0.5)
    started = await started_runs(audit, client, namespace)
    assert started.keys() == verdicts.keys()
    everything = await until(lambda: all_recorded(tasks, started), 60.0, every=0.5)

    check_records(everything, started, verdicts)
    # Of Jobs made by hand the controller always says so: nobody enters them in `status.active`.
    unexpected = [each["message"] for each in await tasks.events("UnexpectedJob")]
    assert [each for each in unexpected if not each.endswith("-by-hand")] == []
    assert operator.errors() == []


async def _each_has_run(tasks: Tasks, names: dict[str, str]) -> bool:
    everything = await tasks.all()
    behind = [name for name in names if not _recorded(everything[name])]
    assert not behind, behind
    return True


async def test_what_ended_while_the_operator_was_away(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("away", container=shell("sleep 1; echo words; exit 3"))
    await tasks.create("deleted", container=shell("sleep 300"))
    await tasks.all_ready()
    await tasks.start_job("deleted", "deleted-by-hand")

    async def active() -> bool:
        return bool((await tasks.status("deleted")).get("active"))

    await until(active)
    operator.kill()
    await tasks.start_job("away", "away-by-hand")
    await tasks.client.delete(
        f"/apis/batch/v1/namespaces/{tasks.namespace}/jobs/deleted-by-hand",
        {"propagationPolicy": "Background"},
    )

    async def ended() -> bool:
        (job,) = await tasks.jobs()
        return bool(job["status"].get("conditions"))

    await until(ended)
    operator.start()

    record = (await tasks.ended("away"))["lastRun"]
    assert (record["verdict"], record["exitCode"]) == ("Failed", 3)
    assert (record["captured"], record["logTail"]) == ("Full", "words\n")
    lost = (await tasks.ended("deleted"))["lastRun"]
    assert (lost["verdict"], lost["reason"], lost["captured"]) == ("Unknown", "JobGone", "Lost")


@pytest.mark.soak
async def test_ten_kills_over_minutes_in_which_50_tasks_are_due(
    tasks: Tasks,
    namespace: str,
    start_operator: StartOperator,
    audit: AuditLog,
    client: Client,
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    verdicts = await create_tasks(tasks, schedule="* * * * *", concurrencyPolicy="Allow")
    chance = random.Random(11)
    end = minute_with_lead(60.0 * 4)
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(5.0, 25.0))
        operator.kill()
        operator.start()
    await reach(end)
    await operator.ready()
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in verdicts))
    await tasks.all_ready(timeout=120.0)
    started = await started_runs(audit, client, namespace)
    everything = await until(lambda: all_recorded(tasks, started), 180.0, every=1.0)

    check_records(everything, started, verdicts)
    assert await tasks.events("UnexpectedJob") == []
    assert operator.errors() == []
