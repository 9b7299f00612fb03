"""An operator that begins with older lists fires nothing again, and loses no run."""

import asyncio
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.cluster.cluster import Cluster
from tests.faults.fault import Stale
from tests.faults.population import Population
from tests.faults.processes import Components
from tests.faults.script import Rules
from tests.faults.stage import staged
from tests.faults.trial import Trial

pytestmark = [pytest.mark.cluster, pytest.mark.soak]

TASKS: Final = 20
BEHIND: Final = ("scheduledtasks", "jobs")
REMEMBERED: Final = 3  # answers to a list that the proxy keeps; the oldest is the stale one
SPAN: Final = 22.0  # seconds in which slots come due that a stale list knows nothing of


def say(line: str) -> None:
    """Show how it goes."""
    print(f"stale {line}", file=sys.stderr, flush=True)


async def test_a_list_that_is_behind(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    rules = Rules()
    async with staged(own_cluster, tmp_path, rules, "stale") as stage:
        operator = stage.operator

        async def restart() -> None:
            operator.kill()
            operator.start()
            await operator.ready()

        async def trouble(population: Population) -> None:
            await operator.ready()
            await population.create()
            for _ in range(REMEMBERED):
                await restart()
            await asyncio.sleep(SPAN)
            for behind in BEHIND:
                rules.once(f"list {behind}", Stale())
                await restart()
                await asyncio.sleep(SPAN)

        report = await Trial(stage, components, say).run(TASKS, trouble)
        served = stage.proxy.counts["Stale"]
    say(f"is over:\n{report}")
    assert served == len(BEHIND)
    assert report.violations == []
