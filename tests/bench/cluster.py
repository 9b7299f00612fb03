"""The cluster that a benchmark runs in: one of its own, fresh, or the one that is given.

A fresh one for each operator that is compared, so that neither finds what the other left.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dev.cluster.layout import Layout
from tests.bench.progress import Progress


@contextmanager
def cluster(
    given: Path | None, progress: Progress, flags: Mapping[str, str] | None = None
) -> Iterator[Layout]:
    """Start a cluster and take it down at the end; or hand out the given one.

    `flags` are further flags of its components, by the variable that carries them.
    """
    if given is not None:
        yield Layout(given)
        return
    directory = Path(tempfile.mkdtemp(prefix="cronwright-bench-"))
    environment = {**os.environ, **(flags or {}), "CLUSTER_DIR": str(directory)}
    progress.say(f"starting a cluster in {directory}")
    try:
        _dev_cluster("up", environment)
        yield Layout(directory)
    finally:
        _dev_cluster("down", environment)
        shutil.rmtree(directory)


def _dev_cluster(command: str, environment: Mapping[str, str]) -> None:
    # Its words go to standard error: standard output is for the figures.
    subprocess.run(
        [sys.executable, "-m", "dev.cluster", command],
        env=environment,
        check=True,
        stdout=sys.stderr,
    )
