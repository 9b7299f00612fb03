"""Deleting a task ends its runs, and waits for them as it is told to."""

import asyncio
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.errors import NotFound
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import JSONObject, Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

# It takes its time to end.
SLOWLY = shell("trap 'sleep 2; exit 0' TERM; echo working; sleep 300 & wait")


async def start(tasks: Tasks, *names: str) -> None:
    """Create tasks, one whose slots the operator fires among them, each with a run."""
    managed: dict[str, Any] = {"schedule": "*/2 * * * * *", "concurrencyPolicy": "Forbid"}
    for name in names:
        spec = managed if name.startswith("managed") else {}
        await tasks.create(name, container=SLOWLY, **spec)
    await tasks.all_ready()
    for name in names:
        if not name.startswith("managed"):
            await tasks.request(name, "one")
    await asyncio.gather(*(tasks.printed(name, "working") for name in names))


async def delete(tasks: Tasks, name: str, propagation: str) -> None:
    """Delete a task and wait until it is gone."""
    place = paths.scheduledtasks(tasks.namespace, name)
    await tasks.client.delete(place, {"propagationPolicy": propagation})

    async def gone() -> bool:
        try:
            await tasks.client.get(place)
        except NotFound:
            return True
        return False

    await until(gone, every=0.02)


async def left(tasks: Tasks, name: str) -> list[JSONObject]:
    return [*await tasks.jobs(name), *await tasks.pods(name)]


async def test_in_the_foreground_the_task_goes_after_its_runs(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    names = ("managed", "asked")
    await start(tasks, *names)
    await asyncio.gather(*(delete(tasks, name, "Foreground") for name in names))

    for name in names:
        assert await left(tasks, name) == []


async def test_in_the_background_its_runs_go_after_it(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await start(tasks, "managed")
    await delete(tasks, "managed", "Background")
    (*_, pod) = await left(tasks, "managed")
    assert pod["status"]["phase"] == "Running"

    async def gone() -> bool:
        return await left(tasks, "managed") == []

    await until(gone)


async def test_orphans_go_on_and_nothing_more_is_fired(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await start(tasks, "managed")
    await delete(tasks, "managed", "Orphan")
    await start(tasks, "managed-too")  # long enough for another slot of the first

    cronjob = await tasks.cronjob("managed")
    assert "ownerReferences" not in cronjob["metadata"]
    assert cronjob["spec"]["suspend"] is True
    (job,) = await tasks.jobs("managed")
    (pod,) = await tasks.pods("managed")
    assert (job["status"]["active"], pod["status"]["phase"]) == (1, "Running")
