"""The tail that is kept is the true one, of floods and of runs that are ended in the middle."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import Tasks, job_template, shell
from tests.floods import FLOODS, LAST_WORDS, endless, printed_by, true_tail

pytestmark = pytest.mark.cluster

# 4 MB a second.
ENDLESS = endless(200_000)
# It has printed its last when it is told to end, and ends at once.
SILENT = "seq 1 700000; echo begun; trap 'exit 7' TERM; sleep 300 & wait"

ENDED: dict[str, dict[str, Any]] = {
    "pod-deleted": {"container": shell(ENDLESS)},
    "pod-deleted-while-silent": {"container": shell(SILENT)},
    "pod-evicted": {"container": shell(ENDLESS)},
    "job-deleted": {"container": shell(ENDLESS)},
    "timed-out": {"container": shell(ENDLESS), "timeout": "8s"},
    "past-its-deadline": {"jobTemplate": job_template(ENDLESS, activeDeadlineSeconds=8)},
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    floods = {name: {"container": shell(script)} for name, script in FLOODS.items()}
    with set_up(cluster, start_operator, "capture-true", floods | ENDED) as stage:
        yield stage


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def record_of(tasks: Tasks, name: str) -> dict[str, Any]:
    record: dict[str, Any] = (await tasks.ended(name, timeout=60.0))["lastRun"]
    return record


@pytest.mark.parametrize("name", FLOODS)
async def test_the_tail_of_a_flood_is_the_true_one(tasks: Tasks, name: str) -> None:
    record = await record_of(tasks, name)
    output = await asyncio.to_thread(printed_by, FLOODS[name])

    assert record["captured"] == "Full"
    assert record["logTail"] == true_tail(output)


async def end(tasks: Tasks, name: str) -> None:
    """End a run in the middle, as its name says."""
    if name in {"timed-out", "past-its-deadline"}:
        return  # by itself
    await tasks.printed(name, "begun")
    if name == "job-deleted":
        job = paths.jobs(tasks.namespace, f"{name}-by-hand")
        await tasks.client.delete(job, {"propagationPolicy": "Background"})
        return
    pod: str = (await tasks.running(name))["metadata"]["name"]
    path = paths.pods(tasks.namespace, pod)
    if name == "pod-evicted":
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        await tasks.client.create(f"{path}/eviction", eviction)
    else:
        await tasks.client.delete(path)


VERDICTS = {"job-deleted": "Cancelled", "timed-out": "TimedOut", "past-its-deadline": "TimedOut"}


@pytest.mark.parametrize("name", ENDED)
async def test_a_run_that_is_ended_keeps_its_last_words(tasks: Tasks, name: str) -> None:
    await end(tasks, name)
    record = await record_of(tasks, name)
    output = printed_by("seq 1 700000; echo begun" if "silent" in name else LAST_WORDS)

    assert (record["verdict"], record["exitCode"]) == (VERDICTS.get(name, "Failed"), 7)
    assert record["captured"] == "Full"
    assert record["logTail"] == true_tail(output)
