"""Runs that do not get going: the condition says why within a minute, and goes when they do."""

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
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

# Of pods that ask for resources there may be none.
QUOTA = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "0"}, "scopes": ["NotBestEffort"]}}


def template(script: str = "exit 0", **pod: Any) -> dict[str, Any]:
    made = job_template(script)
    made["spec"]["template"]["spec"] |= pod
    return made


SPECS: dict[str, dict[str, Any]] = {
    "no-image": {"container": {"image": "registry.invalid/nowhere:1", "command": ["true"]}},
    "no-node": {"jobTemplate": template(nodeSelector={"kubernetes.io/hostname": "no-such-node"})},
    "no-secret": {
        "jobTemplate": template(volumes=[{"name": "keys", "secret": {"secretName": "keys"}}])
    },
    "no-pod": {"container": shell("echo at last", resources={"requests": {"cpu": "1m"}})},
    # Of such a pod nothing but Events tells, as of a volume that is not attached.
    "no-words": {"jobTemplate": template(schedulerName="nobody")},
    "no-trouble": {"container": shell("sleep 65")},
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    with set_up(cluster, start_operator, "stalled", SPECS, run=False) as stage:
        asyncio.run(begin(cluster, stage.namespace))
        yield stage


async def begin(cluster: Cluster, namespace: str) -> None:
    """Start all runs, under a quota that the cluster has taken note of."""
    async with cluster.connect() as client:
        path = quotas(namespace)
        await client.create(path, QUOTA)

        async def counted() -> bool:
            return "hard" in (await client.get(f"{path}/few")).get("status", {})

        await until(counted)
        tasks = Tasks(client, namespace)
        await asyncio.gather(*(tasks.start_job(name, f"{name}-1") for name in SPECS))


def quotas(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/resourcequotas"


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def stalled(tasks: Tasks, name: str) -> dict[str, Any]:
    """Wait until a task says that it stalls; give the condition."""

    async def told() -> dict[str, Any]:
        return await tasks.condition(name, "Stalled")

    return await until(told, 60.0, every=0.5)


async def goes_on(tasks: Tasks, name: str) -> None:
    """Wait until a task says so no more."""

    async def gone() -> bool:
        conditions = (await tasks.status(name))["conditions"]
        return "Stalled" not in {each["type"] for each in conditions}

    await until(gone, 60.0, every=0.5)


async def pod_of(tasks: Tasks, name: str) -> dict[str, Any]:
    async def found() -> dict[str, Any]:
        return (await tasks.pods(name))[0]

    return await until(found)


async def test_a_pod_without_words_is_told_of_in_those_of_its_events(tasks: Tasks) -> None:
    pod = (await pod_of(tasks, "no-words"))["metadata"]
    event = {
        "metadata": {"name": f"{pod['name']}.1"},
        "involvedObject": {
            "apiVersion": "v1", "kind": "Pod", "name": pod["name"], "uid": pod["uid"],
            "namespace": tasks.namespace,
        },
        "type": "Warning",
        "reason": "FailedMount",
        "message": "nothing is attached",
        "lastTimestamp": pod["creationTimestamp"],
    }  # fmt: skip
    await tasks.client.create(paths.events(tasks.namespace), event)

    condition = await stalled(tasks, "no-words")
    assert condition["message"].endswith("is in NotScheduled: FailedMount: nothing is attached")


async def test_an_image_that_is_not_there(tasks: Tasks) -> None:
    condition = await stalled(tasks, "no-image")
    assert condition["reason"] == "PodNotStarting"
    name = (await pod_of(tasks, "no-image"))["metadata"]["name"]
    head = f'run "no-image-1": its pod "{name}" is in ImagePullBackOff'
    assert condition["message"].startswith(head)

    await tasks.client.delete(paths.jobs(tasks.namespace, "no-image-1"))
    await goes_on(tasks, "no-image")


async def test_a_node_that_is_not_there(tasks: Tasks) -> None:
    condition = await stalled(tasks, "no-node")
    assert "is in Unschedulable: 0/1 nodes are available" in condition["message"]


async def test_a_job_that_a_quota_gives_no_pod_until_it_does(tasks: Tasks) -> None:
    condition = await stalled(tasks, "no-pod")
    assert condition["reason"] == "PodNotCreated"
    assert 'run "no-pod-1": its Job has no pod: FailedCreate:' in condition["message"]
    assert "exceeded quota: few" in condition["message"]

    await tasks.client.delete(f"{quotas(tasks.namespace)}/few")
    # The Job controller tries again after a while that doubles each time.
    assert (await tasks.ended("no-pod", timeout=120.0))["lastRun"]["verdict"] == "Succeeded"
    await goes_on(tasks, "no-pod")


async def test_a_secret_that_is_not_there_until_it_is(tasks: Tasks) -> None:
    condition = await stalled(tasks, "no-secret")
    assert "is in ContainerCreating" in condition["message"]
    assert "keys" in condition["message"]

    keys = {"metadata": {"name": "keys"}, "stringData": {"a": "b"}}
    await tasks.client.create(f"/api/v1/namespaces/{tasks.namespace}/secrets", keys)
    assert (await tasks.ended("no-secret"))["lastRun"]["verdict"] == "Succeeded"
    await goes_on(tasks, "no-secret")


async def test_a_run_that_takes_its_time_does_not_stall(tasks: Tasks) -> None:
    assert (await tasks.ended("no-trouble", timeout=90.0))["lastRun"]["verdict"] == "Succeeded"
    conditions = {each["type"] for each in (await tasks.status("no-trouble"))["conditions"]}
    assert "Stalled" not in conditions
