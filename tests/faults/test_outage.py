"""The API server is gone for a while, or the clock jumps: the operator goes on by itself.

When the API server is back, the versions of the watches are too old, which the operator is told
as an API server tells it: by an ERROR event, and by the status of an answer.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cluster.cluster import Cluster
from tests.faults.clock import fake_clock
from tests.faults.fault import Answer, Expire
from tests.faults.population import PACE, Population
from tests.faults.processes import Components, resident
from tests.faults.script import Rules
from tests.faults.stage import Stage, staged
from tests.faults.trial import Trial

pytestmark = [pytest.mark.cluster, pytest.mark.soak]

WATCHED: Final = ("scheduledtasks", "cronjobs", "jobs", "pods")
TASKS: Final = 16
LEAD: Final = 12.0  # seconds in which all is well
FLAT: Final = 1.2  # how much memory may have grown


def say(line: str) -> None:
    """Show how it goes."""
    print(f"outage {line}", file=sys.stderr, flush=True)


async def begin(stage: Stage, population: Population) -> None:
    """Let tasks run for a while."""
    await stage.operator.ready()
    await population.create()
    await asyncio.sleep(LEAD)


async def _outage(
    cluster: Cluster, components: Components, folder: Path, seconds: float, pace: float = PACE
) -> None:
    rules = Rules()
    async with staged(cluster, folder, rules, "outage") as stage:
        seen: list[tuple[int, int]] = []  # process id and weight

        async def trouble(population: Population) -> None:
            await begin(stage, population)
            seen.append((stage.operator.pid, resident(stage.operator.pid)))
            components.kill("kube-apiserver")
            await asyncio.sleep(seconds)
            for number, resource in enumerate(WATCHED):
                told = Answer(410, "Expired") if number % 2 else Expire(0.0)
                rules.once(f"watch {resource}", told)
            await components.restore()
            await stage.operator.ready()
            await asyncio.sleep(LEAD)

        report = await Trial(stage, components, say, pace).run(TASKS, trouble)
        seen.append((stage.operator.pid, resident(stage.operator.pid)))
        told = stage.proxy.counts["Expire"] + stage.proxy.counts["Answer 410"]
    say(f"is over:\n{report}\n{seen} are process and KiB before and after")
    assert report.violations == []
    assert told == len(WATCHED)
    (process, before), (same, after) = seen
    assert process == same
    assert after < before * FLAT


async def test_the_api_server_is_gone_for_half_a_minute(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    await _outage(own_cluster, components, tmp_path, 30.0)


async def test_the_api_server_is_gone_for_five_minutes(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    # So that no task has more slots in it than its history has room for.
    await _outage(own_cluster, components, tmp_path, 300.0, pace=1.0)


async def test_the_clock_jumps(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    clock = fake_clock(tmp_path)
    async with staged(own_cluster, tmp_path, Rules(), "clock", clock.environment) as stage:

        async def trouble(population: Population) -> None:
            await begin(stage, population)
            for seconds in (45.0, 0.0, -45.0, 0.0):
                clock.jump(seconds)
                await asyncio.sleep(LEAD)

        report = await Trial(stage, components, say).run(TASKS, trouble)
    say(f"is over:\n{report}")
    assert report.violations == []
