"""Cancelling, on real pods: with last words, by force, before the start, over a restart."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.core.identity import CANCEL_PREFIX
from cronwright.kube import paths
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.tasks import Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

GRACEFUL = "trap 'echo last words; exit 7' TERM; echo working; sleep 300 & wait"
PUNCTUAL = "trap 'date +%s.%N; exit 7' TERM; echo working; sleep 300 & wait"
DEAF = "trap '' TERM; echo working; while true; do sleep 0.2; done"


async def cancel(tasks: Tasks, name: str, target: str) -> datetime:
    """Ask for the end of a run; give the time of that."""
    now = datetime.now(UTC)
    note = {f"{CANCEL_PREFIX}{target}": json.dumps({"requestedAt": now.isoformat()})}
    place = paths.scheduledtasks(tasks.namespace, name)
    await tasks.client.merge_patch(place, {"metadata": {"annotations": note}})
    return now


async def cancelled(tasks: Tasks, name: str, count: int = 1) -> list[dict[str, Any]]:
    """Wait until so many runs were cancelled and nobody asks any more; give their records."""

    async def all_over() -> list[dict[str, Any]]:
        body = await tasks.get(name)
        assert body["status"]["counts"] == {"Cancelled": count}, body["status"]
        assert not body["metadata"].get("annotations")
        history: list[dict[str, Any]] = body["status"]["history"]
        return history

    return await until(all_over, 30.0)


async def test_a_process_that_hears_ends_with_its_last_words_in_the_record(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("hears", container=shell(GRACEFUL))
    await tasks.ready("hears")
    run_id = await tasks.request("hears", "one")
    await tasks.printed("hears", "working")

    asked = await cancel(tasks, "hears", run_id)

    (record,) = await cancelled(tasks, "hears")
    assert (record["id"], record["reason"], record["exitCode"]) == (run_id, "CancelRequested", 7)
    assert record["captured"] == "Full"
    status = await tasks.status("hears")
    assert status["lastRun"]["logTail"] == "working\nlast words\n"
    ended = datetime.fromisoformat(record["completionTime"])
    # Its times are in whole seconds, and its Job gets a second from its start at least.
    assert ended - asked < timedelta(seconds=3)


async def test_a_process_that_does_not_hear_is_killed_after_its_grace_period(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    template = job_template(DEAF)
    template["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 3
    await tasks.create("deaf", jobTemplate=template)
    await tasks.ready("deaf")
    await tasks.request("deaf", "one")
    await tasks.printed("deaf", "working")

    asked = await cancel(tasks, "deaf", "all")

    (record,) = await cancelled(tasks, "deaf")
    assert record["exitCode"] == 137
    assert (await tasks.status("deaf"))["lastRun"]["logTail"] == "working\n"
    took = datetime.fromisoformat(record["completionTime"]) - asked
    assert timedelta(seconds=2) < took < timedelta(seconds=6)


async def test_it_is_told_within_a_second(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("told", container=shell(PUNCTUAL))
    await tasks.create("late", container=shell(PUNCTUAL), timeout="4s")
    await tasks.all_ready()
    for name in ("told", "late"):
        await tasks.request(name, "one")
        await tasks.printed(name, "working")
    asked = await cancel(tasks, "told", "all")

    await cancelled(tasks, "told")
    heard = (await tasks.status("told"))["lastRun"]["logTail"].split()[-1]
    assert float(heard) - asked.timestamp() < 1
    record = (await tasks.ended("late"))["lastRun"]
    assert record["verdict"] == "TimedOut"
    heard = record["logTail"].split()[-1]
    started = datetime.fromisoformat(record["startTime"]).timestamp()
    # The start is in whole seconds.
    assert 4 <= float(heard) - started < 6


async def test_a_process_that_does_not_hear_its_timeout_is_killed(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    template = job_template(DEAF)
    template["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 2
    await tasks.create("deaf", jobTemplate=template, timeout="3s")
    await tasks.ready("deaf")
    await tasks.request("deaf", "one")

    record = (await tasks.ended("deaf"))["lastRun"]
    assert (record["verdict"], record["exitCode"]) == ("TimedOut", 137)
    took = datetime.fromisoformat(record["completionTime"]) - datetime.fromisoformat(
        record["startTime"]
    )
    assert timedelta(seconds=5) <= took <= timedelta(seconds=7)


async def test_what_waits_never_starts(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("queues", container=shell(GRACEFUL), concurrencyPolicy="Queue")
    await tasks.ready("queues")
    ids = []
    for number in range(3):
        ids.append(await tasks.request("queues", f"number-{number}"))
        if not number:
            await tasks.printed("queues", "working")

    async def waiting() -> bool:
        return len((await tasks.status("queues")).get("pending", ())) == 2

    await until(waiting)
    await cancel(tasks, "queues", ids[1])

    (record,) = await cancelled(tasks, "queues")
    assert (record["id"], "name" in record) == (ids[1], False)
    status = await tasks.status("queues")
    assert [each["id"] for each in status["pending"]] == [ids[2]]
    assert [each["id"] for each in status["active"]] == [ids[0]]

    await cancel(tasks, "queues", "all")

    assert {each["id"] for each in await cancelled(tasks, "queues", 3)} == set(ids)
    assert len(await tasks.jobs("queues")) == 1


async def test_a_kill_between_the_patch_and_the_end_forgets_nothing(
    tasks: Tasks, namespace: str, start_operator: StartOperator
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    template = job_template(DEAF)
    template["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 4
    await tasks.create("killed", jobTemplate=template)
    await tasks.ready("killed")
    run_id = await tasks.request("killed", "one")
    await tasks.printed("killed", "working")
    await cancel(tasks, "killed", run_id)

    async def told() -> bool:
        (job,) = await tasks.jobs("killed")
        return bool(job["metadata"]["annotations"].get("cronwright.dev/ending") == "cancel")

    await until(told)
    operator.kill()
    operator.start()
    await operator.ready()

    (record,) = await cancelled(tasks, "killed")
    assert record["id"] == run_id


async def test_a_run_that_is_not_there_is_refused_in_an_event(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("idle")
    await tasks.ready("idle")
    await cancel(tasks, "idle", "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26")

    async def told() -> str:
        message: str = (await tasks.events("RequestRefused"))[0]["message"]
        return message

    assert (await until(told)).startswith("cancel request 0190b6a1")
    assert not (await tasks.get("idle"))["metadata"].get("annotations")
