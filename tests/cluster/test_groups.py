"""Concurrency groups: tasks of a namespace that share a limit."""

from itertools import pairwise
from typing import Any

import pytest

from cronwright.kube import paths
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.slots import KEEP
from tests.cluster.tasks import Tasks, shell
from tests.cluster.test_queue import span
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

SIZES = "cronwright-concurrency-groups"


async def ended(tasks: Tasks, count: int) -> list[dict[str, Any]]:
    """Wait until so many runs are recorded in all; give them, the first first."""

    async def all_over() -> list[dict[str, Any]]:
        every = await tasks.all()
        runs = [
            {**run, "task": name}
            for name, body in every.items()
            for run in body.get("status", {}).get("history", ())
        ]
        assert len(runs) == count, {name: body.get("status") for name, body in every.items()}
        return sorted(runs, key=lambda run: run["startTime"])

    return await until(all_over, 60.0)


async def test_one_at_a_time_and_the_most_important_first(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    _, times = span(1, 1, lead=6.0)
    for name, priority in (("low", -5), ("middle", 0), ("high", 9)):
        await tasks.create(
            name, container=shell("sleep 2"), concurrencyGroup="database", priority=priority,
            **KEEP, **times,
        )  # fmt: skip
    statuses = [await tasks.ready(name) for name in ("low", "middle", "high")]
    assert {status["mode"] for status in statuses} == {"Managed"}

    runs = await ended(tasks, 3)

    assert [run["task"] for run in runs] == ["high", "middle", "low"]
    assert {run["verdict"] for run in runs} == {"Succeeded"}
    for before, after in pairwise(runs):
        assert after["startTime"] >= before["completionTime"]


async def test_the_size_is_read_from_the_configmap_as_it_is_now(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    config = {"metadata": {"name": SIZES}, "data": {"database": "2", "broken": "many"}}
    await tasks.client.create(paths.configmaps(tasks.namespace), config)

    async def told() -> str:
        message: str = (await tasks.events("GroupSizeInvalid"))[0]["message"]
        return message

    assert "broken" in await until(told)
    _, times = span(1, 1, lead=6.0)
    for name in ("one", "two", "three"):
        await tasks.create(
            name, container=shell("sleep 3"), concurrencyGroup="database", **KEEP, **times
        )
        await tasks.ready(name)

    first, second, third = await ended(tasks, 3)

    assert second["startTime"] < first["completionTime"], "two at a time"
    assert third["startTime"] >= first["completionTime"]


async def test_a_run_that_is_tried_again_keeps_its_place(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    _, times = span(1, 1, lead=6.0)
    shared: dict[str, Any] = {"concurrencyGroup": "database", **KEEP, **times}
    retry = {"limit": 1, "backoff": {"initial": "4s"}}
    await tasks.create("fails", container=shell("exit 1"), priority=5, retry=retry, **shared)
    await tasks.create("waits", container=shell("exit 0"), **shared)
    for name in ("fails", "waits"):
        await tasks.ready(name)

    runs = {run["task"]: run for run in await ended(tasks, 2)}

    assert (runs["fails"]["verdict"], runs["fails"]["attempts"]) == ("Failed", 2)
    assert runs["waits"]["startTime"] >= runs["fails"]["completionTime"]


async def test_after_a_restart_the_most_important_goes_first_whoever_is_looked_at_first(
    tasks: Tasks, namespace: str, start_operator: StartOperator
) -> None:
    operator = start_operator(namespace)
    await operator.ready()
    shared: dict[str, Any] = {"concurrencyGroup": "database", "schedule": None, **KEEP}
    await tasks.create("holder", container=shell("sleep 6"), **shared)
    # The API server lists them by their names.
    ranks = [*range(4), 9]
    names = [f"{'abcde'[place]}-{priority}" for place, priority in enumerate(ranks)]
    for name, priority in zip(names, ranks, strict=True):
        await tasks.create(name, container=shell("sleep 1"), priority=priority, **shared)
    await tasks.all_ready()
    await tasks.request("holder", "mine")
    await until(lambda: tasks.jobs("holder"))
    for name in names:
        await tasks.request(name, "mine")

    async def all_wait() -> bool:
        return all([(await tasks.status(name)).get("pending") for name in names])

    await until(all_wait)
    operator.kill()

    async def over() -> bool:
        (job,) = await tasks.jobs("holder")
        return bool(job["status"].get("completionTime"))

    await until(over)
    operator.start()
    await operator.ready()
    runs = await ended(tasks, 6)

    assert [run["task"] for run in runs] == ["holder", *reversed(names)]
    for before, after in pairwise(runs):
        assert after["startTime"] >= before["completionTime"]
    assert operator.errors() == []
