"""The chart on the cluster: pods run operator and API, and tasks outlive the release."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster import release
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster, exists
from tests.cluster.kubectl import Kubectl, program
from tests.cluster.release import Release
from tests.cluster.slots import SECOND
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until
from tests.samples import Samples, samples

pytestmark = pytest.mark.cluster

EXAMPLE = Path(__file__).parents[2] / "examples" / "01-hello.yaml"
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/scheduledtasks.cronwright.dev"

SELECTOR = "app.kubernetes.io/name=cronwright"


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """Give what the image holds, where the pod's user can read it."""
    with release.image_directory() as made:
        yield made


async def test_a_release_from_install_to_uninstall(
    cluster: Cluster,
    client: Client,
    namespace: str,
    tasks: Tasks,
    kubectl: Kubectl,
    audit: AuditLog,
    directory: Path,
) -> None:
    helm = program("helm", cluster.directory)
    installed = Release(helm, cluster.kubeconfig, f"chart-{namespace[-6:]}", namespace)
    installed.install(directory)

    if os.geteuid() == 0:  # else the node can run pods as its own user alone
        users = release.users_of_processes(directory)
        assert users == {"operator": {10001}, "api": {10001}}
    await _leads_in_turn(client, tasks)

    await kubectl("apply", "-f", str(EXAMPLE))
    await tasks.ready("hello")
    await kubectl("create", "job", "hello-now", "--from=cronjob/hello")
    status = await tasks.ended("hello")
    assert status["lastRun"]["verdict"] == "Succeeded"
    assert "hello from hello" in status["lastRun"]["logTail"]

    await _use_the_api(client, namespace, kubectl)
    await tasks.ended("hello", 2)
    await _read_the_metrics(client, namespace)

    await audit.settle(client)
    assert release.refusals(cluster.directory / "audit.log", namespace) == []

    assert "CustomResourceDefinition" in installed.uninstall()
    assert await exists(client, DEFINITION)
    assert await tasks.status("hello")
    await _fires_by_itself(tasks, since=datetime.now(UTC))


async def _leads_in_turn(client: Client, tasks: Tasks) -> None:
    """Drain the pod that leads: another takes over, and no slot is lost."""
    await tasks.create("each-second", schedule="* * * * * *")
    await tasks.ended("each-second", 2)
    (lease,) = (await client.get(paths.leases(tasks.namespace)))["items"]
    leader = lease["spec"]["holderIdentity"]
    await client.delete(paths.pods(tasks.namespace, leader))

    async def fired_by_another() -> dict[str, Any]:
        spec = (await client.get(paths.leases(tasks.namespace, lease["metadata"]["name"])))["spec"]
        assert spec["holderIdentity"] not in {"", leader}
        status = await tasks.status("each-second")
        taken = datetime.fromisoformat(spec["acquireTime"])
        assert datetime.fromisoformat(status["accountedUntil"]) > taken + SECOND
        return status

    status = await until(fired_by_another)
    assert "gaps" not in status
    await tasks.delete("each-second")


async def _use_the_api(client: Client, namespace: str, kubectl: Kubectl) -> None:
    """Read a task and ask for a run, with the rights that `edit` gives an account."""
    await kubectl("create", "serviceaccount", "caller")
    await kubectl(
        *("create", "rolebinding", "caller", "--clusterrole=edit"),
        f"--serviceaccount={namespace}:caller",
    )
    token = await kubectl("create", "token", "caller")
    pods = (await client.get(paths.pods(namespace), {"labelSelector": SELECTOR}))["items"]
    # Of two pods either serves: that of a standby too.
    pod = next(each for each in pods if "deletionTimestamp" not in each["metadata"])
    headers = {"Authorization": f"Bearer {token}"}
    base = f"http://{pod['status']['podIP']}:8080"
    async with aiohttp.ClientSession(base, headers=headers) as session:

        async def readable() -> dict[str, Any]:
            # The cluster needs a moment to learn what its role `edit` now covers.
            async with session.get("/tasks/hello", params={"namespace": namespace}) as answer:
                assert answer.status == 200, await answer.text()
                body: dict[str, Any] = await answer.json()
                return body

        assert (await until(readable))["status"] in {"success", "running"}
        async with session.get("/health") as answer:
            assert (await answer.json())["operator"]["state"] == "Running"
        async with session.post("/tasks/hello/runs", params={"namespace": namespace}) as answer:
            assert answer.status == 202, await answer.text()


async def _read_the_metrics(client: Client, namespace: str) -> None:
    """Ask each port of each pod for its metrics, as the chart's PodMonitor has it done."""
    pods = (await client.get(paths.pods(namespace), {"labelSelector": SELECTOR}))["items"]
    found: dict[str, list[Samples]] = {}
    async with aiohttp.ClientSession() as session:
        for pod in (each for each in pods if "deletionTimestamp" not in each["metadata"]):
            for port in (port for each in pod["spec"]["containers"] for port in each["ports"]):
                url = f"http://{pod['status']['podIP']}:{port['containerPort']}/metrics"
                async with session.get(url) as answer:
                    if answer.status == 200:
                        read = samples(await answer.text())
                        found.setdefault(port["name"], []).append(read)
    assert found.keys() == {"health", "api-metrics"}

    def total(port: str, name: str, **labels: str) -> float:
        return sum(each.sum(name, **labels) for each in found[port])

    assert total("health", "cronwright_leader") == 1
    runs = {"namespace": namespace, "verdict": "Succeeded", "trigger": "Manual"}
    assert total("health", "cronwright_runs_total", **runs) == 2
    assert total("api-metrics", "cronwright_http_requests_total", method="POST") == 1


async def _fires_by_itself(tasks: Tasks, since: datetime) -> None:
    """Wait for a Job of a slot after an instant: the CronJob controller's own."""

    async def fired() -> bool:
        return any(
            datetime.fromisoformat(job["metadata"]["creationTimestamp"]) > since
            and "batch.kubernetes.io/cronjob-scheduled-timestamp" in job["metadata"]["annotations"]
            for job in await tasks.jobs("hello")
        )

    await until(fired, 90.0, every=1.0)
