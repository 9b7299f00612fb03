"""How much the operator writes, counted by the API server itself."""

import asyncio
from collections import Counter

import pytest

from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

STATUS = "update scheduledtasks/status"


async def per_task(
    audit: AuditLog, client: Client, operator: OperatorProcess
) -> dict[str, Counter[str]]:
    """Count the operator's writes since the mark, by the name of what was written."""
    await audit.settle(client)
    counted: dict[str, Counter[str]] = {}
    for entry in audit.writes(operator.namespace, operator.user):
        assert entry.done, entry
        counted.setdefault(entry.name, Counter())[entry.what] += 1
    return counted


async def test_a_new_task_costs_one_cronjob_write_and_one_status_write(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    names = [f"new-{number}" for number in range(10)]
    await asyncio.gather(*(tasks.create(name) for name in names))
    await tasks.all_ready()
    await tasks.create("later")  # whatever the first ones may still cost comes before this one
    await tasks.ready("later")

    counted = await per_task(audit, client, operator)
    assert counted == {name: {"create cronjobs": 1, STATUS: 1} for name in [*names, "later"]}


async def test_a_run_by_hand_costs_two_status_writes_at_most(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    for name, script in (("brief", "exit 0"), ("slow", "sleep 3"), ("fails", "exit 3")):
        await tasks.create(name, container=shell(f"echo words; {script}"))
    await tasks.all_ready()
    await audit.settle(client)
    audit.mark()
    await asyncio.gather(*(tasks.run(name) for name in ("brief", "slow", "fails")))
    await jobs_ended(tasks)

    counted = await per_task(audit, client, operator)
    for name in ("brief", "slow", "fails"):
        assert counted[name].keys() == {STATUS}
        assert counted[name][STATUS] <= 2
        record = (await tasks.status(name))["lastRun"]
        assert (record["captured"], record["logTail"]) == ("Full", "words\n")


async def test_a_requested_run_costs_two_status_writes_at_most(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    await tasks.create("asked", container=shell("echo words; sleep 1"))
    await tasks.ready("asked")
    await audit.settle(client)
    audit.mark()
    run = await tasks.request("asked", "once")
    record = (await tasks.ended("asked"))["lastRun"]
    await jobs_ended(tasks)

    counted = await per_task(audit, client, operator)
    assert counted.pop("asked") <= Counter(
        {
            STATUS: 2,
            "patch scheduledtasks": 1,  # the annotation goes
            "patch cronjobs/status": 1,  # the run enters `active`
        }
    )
    assert counted == {record["name"]: {"create jobs": 1, "patch jobs": 1}}
    assert (record["id"], record["captured"], record["logTail"]) == (run, "Full", "words\n")


async def test_a_restart_with_500_tasks_writes_nothing(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    await asyncio.gather(*(tasks.create(f"task-{number:03}") for number in range(500)))
    await tasks.all_ready(timeout=90.0)
    for name in ("task-000", "task-499"):
        await tasks.run(name)
    await jobs_ended(tasks)
    await audit.settle(client)
    audit.mark()
    await operator.restart()
    # Acted on last: by then the other 500 have been looked at.
    await tasks.create("last")
    await tasks.ready("last")

    counted = await per_task(audit, client, operator)
    assert counted == {"last": {"create cronjobs": 1, STATUS: 1}}


async def jobs_ended(tasks: Tasks) -> None:
    """Wait until each Job itself says that it has ended: a record comes seconds before that."""

    async def ended() -> bool:
        return all(job["status"].get("conditions") for job in await tasks.jobs())

    await until(ended)


async def test_each_wait_for_an_attempt_costs_one_status_write_more(
    tasks: Tasks, operator: OperatorProcess, audit: AuditLog, client: Client
) -> None:
    retry = {"limit": 2, "backoff": {"initial": "2s"}}
    await tasks.create("retried", container=shell("echo words; exit 3"), retry=retry)
    await tasks.all_ready()
    await audit.settle(client)
    audit.mark()
    record = await tasks.run("retried", timeout=60.0)
    await jobs_ended(tasks)

    assert record["attempts"] == 3
    counted = await per_task(audit, client, operator)
    assert counted["retried"][STATUS] <= 4  # its start, two waits, its end
