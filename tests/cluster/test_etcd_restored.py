"""etcd set back to an older state under a living operator: nothing that it fired is fired again."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster, make_namespace
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import SECOND, fired
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until
from tests.dev.local_cluster import LocalCluster

pytestmark = [pytest.mark.cluster, pytest.mark.soak]

STEP = 2 * SECOND
LOST = 40 * SECOND


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalCluster]:
    """Bring up a cluster that may be broken; the others' must not be."""
    cluster = LocalCluster(tmp_path / "cluster")
    cluster.up()
    yield cluster
    cluster.command("down")


@pytest.fixture
async def client(local: LocalCluster) -> AsyncIterator[Client]:
    cluster = Cluster(local.directory / "kubeconfig", local.directory)
    await cluster.install_crd()
    async with cluster.connect() as opened:
        yield opened


@pytest.fixture
async def operator(
    local: LocalCluster, client: Client, tmp_path: Path
) -> AsyncIterator[OperatorProcess]:
    namespace = await make_namespace(client, "restored")
    kubeconfig = local.directory / "kubeconfig"
    process = OperatorProcess(kubeconfig, namespace, tmp_path / "log", "admin")
    process.start()
    await process.ready()
    yield process
    process.end()


async def accounted(tasks: Tasks, moment: datetime) -> dict[str, Any]:
    """Wait until a task's slots are accounted for up to a moment, and its runs have ended."""

    async def done() -> dict[str, Any]:
        status = await tasks.status("ticks")
        assert datetime.fromisoformat(status["accountedUntil"]) >= moment
        return status

    return await until(done, 60.0)


def missing(body: dict[str, Any], step: timedelta = STEP) -> int:
    """Count the slots of a task that have neither a run nor a verdict, by its status."""
    status, created = body["status"], body["metadata"]["creationTimestamp"]
    begun, ends = datetime.fromisoformat(created), datetime.fromisoformat(status["accountedUntil"])
    seconds = step.seconds
    slots = int(ends.timestamp()) // seconds - int(begun.timestamp()) // seconds
    return slots - int(sum(status["counts"].values())) - int(status.get("activeCount", 0))


async def test_what_was_fired_before_is_not_fired_again(
    local: LocalCluster, client: Client, operator: OperatorProcess, tmp_path: Path
) -> None:
    tasks, audit = Tasks(client, operator.namespace), AuditLog(local.directory / "audit.log")
    await tasks.create("ticks", schedule="*/2 * * * * *", historyLimit=5)
    await tasks.create("minutes", schedule="* * * * *")
    await tasks.all_ready()
    await tasks.ended("ticks", 3)

    local.command("down")
    shutil.copytree(local.directory / "etcd", tmp_path / "saved")
    local.up()
    saved = now()
    before = await accounted(tasks, saved + LOST)
    local.command("down")
    shutil.rmtree(local.directory / "etcd")
    shutil.copytree(tmp_path / "saved", local.directory / "etcd")
    local.up()
    restored = now()

    after = await accounted(tasks, restored + 10 * SECOND)
    lost = [gap for gap in after["gaps"] if gap["reason"] == "StateLost"]
    assert sum(gap["count"] for gap in lost) > LOST // STEP // 2
    # What the API server has granted stands in its log, which is not set back.
    assert max((await fired(audit, client, operator.namespace))["ticks"].values()) == 1
    assert missing(await tasks.get("ticks")) == 0
    # The CronJob controller fires again what it knows nothing of: both runs are recorded.
    assert missing(await tasks.get("minutes"), 60 * SECOND) <= 0
    assert sum(after["counts"].values()) > sum(before["counts"].values())

    # An edit is seen, though no version has come again to where it was.
    await tasks.edit("ticks", version="2")
    await tasks.ready("ticks")
    await operator.restart()
    again = await accounted(tasks, now() + 5 * SECOND)
    assert [g for g in again["gaps"] if g["reason"] == "StateLost"] == lost
    assert max((await fired(audit, client, operator.namespace))["ticks"].values()) == 1
    assert missing(await tasks.get("ticks")) == 0
    await asyncio.gather(*(tasks.edit(name, suspend=True) for name in ("ticks", "minutes")))
    assert [each for each in operator.errors() if not each["logger"].startswith("kopf")] == []
