"""Init containers, sidecars and what others put into a pod: whose end and whose output count."""

from collections.abc import Iterator
from typing import Any

import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import BadRequest
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

PROXY = "trap 'echo proxy ends; exit 0' TERM; echo proxy stands; while :; do sleep 0.1; done"


def pod(
    *containers: dict[str, Any], inits: tuple[dict[str, Any], ...] = (), **more: Any
) -> dict[str, Any]:
    """Make a jobTemplate of one attempt from containers."""
    annotations = more.pop("annotations", {})
    spec = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "containers": list(containers),
        "initContainers": list(inits),
    }
    template = {"metadata": {"annotations": annotations}, "spec": spec}
    return {"spec": {"backoffLimit": 0, **more, "template": template}}


def named(name: str, script: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **shell(script), **more}


SIDECAR = named("proxy", PROXY, restartPolicy="Always")
WORK = named("work", "echo working; exit 3")

# It takes a moment to end: of what is gone at once the log may be gone before it can be read.
LAST_WORDS = "trap 'echo cut short; sleep 1; exit 8' TERM"

SPECS: dict[str, dict[str, Any]] = {
    "with-a-sidecar": {"jobTemplate": pod(WORK, inits=(SIDECAR,))},
    "a-sidecar-is-heard": {
        "jobTemplate": pod(WORK, inits=(SIDECAR,)),
        "logs": {"container": "proxy"},
    },
    "init-fails": {
        "jobTemplate": pod(
            WORK, inits=(named("fetch", "echo fetched"), named("check", "echo no way; exit 9"))
        ),
        "logs": {"container": "work"},
    },
    "init-succeeds": {"jobTemplate": pod(WORK, inits=(named("check", "echo all is well"),))},
    "a-second-container-fails": {
        "jobTemplate": pod(named("work", "echo done"), named("agent", "exit 4"))
    },
    "default-container": {
        "jobTemplate": pod(
            named("agent", "echo from the agent"),
            named("work", "echo from the work; exit 6"),
            annotations={"kubectl.kubernetes.io/default-container": "work"},
        )
    },
    "a-proxy-that-never-ends": {
        "jobTemplate": pod(WORK, named("proxy", PROXY), activeDeadlineSeconds=6)
    },
    "init-is-cut-short": {
        "jobTemplate": pod(
            WORK,
            inits=(named("fetch", f"{LAST_WORDS}; echo on; sleep 99 & wait"),),
        )
    },
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    with set_up(cluster, start_operator, "containers", SPECS) as stage:
        yield stage


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def record_of(tasks: Tasks, name: str) -> dict[str, Any]:
    record: dict[str, Any] = (await tasks.ended(name))["lastRun"]
    return record


RECORDS = {
    "with-a-sidecar": ("Failed", 3, 'container "work" exited with 3', "working\n"),
    "a-sidecar-is-heard": (
        "Failed", 3, 'container "work" exited with 3', "proxy stands\nproxy ends\n",
    ),
    "init-fails": ("Failed", 9, 'init container "check" exited with 9', "no way\n"),
    "init-succeeds": ("Failed", 3, 'container "work" exited with 3', "working\n"),
    "a-second-container-fails": ("Failed", 0, 'container "agent" exited with 4', "done\n"),
    "default-container": ("Failed", 6, 'container "work" exited with 6', "from the work\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
async def test_the_record_is_of_the_container_that_counts(tasks: Tasks, name: str) -> None:
    record = await record_of(tasks, name)
    found = record["verdict"], record["exitCode"], record["message"], record["logTail"]

    assert found == RECORDS[name]
    assert (record["captured"], record["attempts"], record["reason"]) == ("Full", 1, "Error")


async def test_a_proxy_that_never_ends_hides_nothing(tasks: Tasks) -> None:
    record = await record_of(tasks, "a-proxy-that-never-ends")

    assert (record["verdict"], record["reason"]) == ("TimedOut", "DeadlineExceeded")
    assert (record["exitCode"], record["logTail"]) == (3, "working\n")
    assert record["captured"] == "Full"


async def test_a_run_that_is_cancelled_while_it_is_prepared_keeps_that(tasks: Tasks) -> None:
    name = "init-is-cut-short"
    pod_name: str = (await tasks.pods(name))[0]["metadata"]["name"]
    log = paths.pod_log(tasks.namespace, pod_name)

    async def begun() -> bool:
        try:
            async with tasks.client.stream(log, {"container": "fetch"}, timeout=5.0) as stream:
                return b"on" in await stream.read()
        except BadRequest:
            return False  # it waits to start

    await until(begun)
    job = paths.jobs(tasks.namespace, f"{name}-by-hand")
    await tasks.client.delete(job, {"propagationPolicy": "Background"})
    record = await record_of(tasks, name)

    assert (record["verdict"], record["exitCode"]) == ("Cancelled", 8)
    assert (record["captured"], record["logTail"]) == ("Full", "on\ncut short\n")
