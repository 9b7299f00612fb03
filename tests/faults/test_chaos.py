"""Everything goes wrong at once, and nothing is lost, run twice or untrue.

`make chaos SEED=…` runs the large one; the seed of a run is the first thing it says.
"""

import os
import random
import sys
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.dev.local_cluster import LocalCluster
from tests.faults.chaos import Chaos, Size
from tests.faults.checker import Report
from tests.faults.processes import Components
from tests.faults.script import Chance
from tests.faults.stage import staged

pytestmark = pytest.mark.cluster


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


async def _chaos(cluster: Cluster, local: LocalCluster, folder: Path, size: Size) -> Report:
    seed = int(os.environ.get("SEED") or random.randrange(10**6))
    _say(f"chaos SEED={seed}")
    script = Chance(seed)
    async with staged(cluster, folder, script, "chaos") as stage:
        report = await Chaos(stage, size, seed, script, Components(local), _say).run()
        stage.operator.end()
    _say(f"{report}\nchaos SEED={seed}")
    return report


async def test_chaos(own_cluster: Cluster, local_cluster: LocalCluster, tmp_path: Path) -> None:
    size = Size(tasks=22, kills=10, asks=0.5)
    report = await _chaos(own_cluster, local_cluster, tmp_path, size)
    assert report.violations == []


@pytest.mark.soak
async def test_the_large_chaos(
    own_cluster: Cluster, local_cluster: LocalCluster, tmp_path: Path
) -> None:
    kills = int(os.environ.get("KILLS") or 300)
    size = Size(int(os.environ.get("TASKS") or 200), kills, asks=1.0, upheavals=kills // 15)
    report = await _chaos(own_cluster, local_cluster, tmp_path, size)
    assert report.violations == []
