"""Everything goes wrong at once, and nothing is lost, run twice or untrue.

`make chaos SEED=…` runs the large one; the seed of a run is the first thing it says.
"""

import os
import random
import sys
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.faults.chaos import Chaos, Size
from tests.faults.checker import Report
from tests.faults.processes import Components
from tests.faults.script import Chance
from tests.faults.stage import staged
from tests.faults.trial import Trial

pytestmark = pytest.mark.cluster


def say(line: str) -> None:
    """Show how it goes."""
    print(f"chaos {line}", file=sys.stderr, flush=True)


async def run(cluster: Cluster, components: Components, folder: Path, size: Size) -> Report:
    """Run it under the seed that is asked for, else under a fresh one."""
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    say(f"SEED={seed}")
    async with staged(cluster, folder, Chance(seed), "chaos") as stage:
        trial = Trial(stage, components, say)
        chaos = Chaos(trial, size, seed)
        report = await trial.run(size.tasks, chaos)
        report.figures.update(chaos.events)
    say(f"is over:\n{report}")
    say(f"SEED={seed}")
    return report


async def test_chaos(own_cluster: Cluster, components: Components, tmp_path: Path) -> None:
    size = Size(tasks=27, kills=10, asks=0.7)
    report = await run(own_cluster, components, tmp_path, size)
    assert report.violations == []


@pytest.mark.soak
async def test_the_large_chaos(
    own_cluster: Cluster, components: Components, tmp_path: Path
) -> None:
    tasks, kills = (int(os.environ.get(key) or n) for key, n in (("TASKS", 200), ("KILLS", 300)))
    size = Size(tasks, kills, asks=1.0, upheavals=kills // 15)
    report = await run(own_cluster, components, tmp_path, size)
    assert report.violations == []
