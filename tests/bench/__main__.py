"""Runs benchmarks: `python -m tests.bench [NAME …] [--n N] [--json]`, or `make bench`.

Each measures something that the project promises, beside a baseline in the same run. The exit
code is 1 where a goal was missed. What was found on which machine stands in docs/benchmarks.md.
"""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.bench import adopt, burst, capture, latency, memory, node, reconcile, record, schedule
from tests.bench.progress import Progress
from tests.bench.report import show

_ALL: Final = (adopt, record, capture, schedule, burst, latency, memory, reconcile, node)
BENCHMARKS: Final = {each.NAME: each for each in _ALL}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for; give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--n", type=int, help="its size; each has a default of its own")
    parser.add_argument("--json", action="store_true", help="one JSON line a figure")
    parser.add_argument(
        "--cluster-dir", type=Path, help="use this local cluster instead of fresh ones"
    )
    chosen = parser.parse_args(arguments)
    unknown = set(chosen.names) - BENCHMARKS.keys()
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    progress = Progress()
    progress.say(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    missed = False
    for name in chosen.names or BENCHMARKS:
        benchmark = BENCHMARKS[name]
        count = chosen.n or benchmark.DEFAULT_N
        figures = asyncio.run(benchmark.run(count, chosen.cluster_dir, progress))
        progress.done()
        show(figures, as_json=chosen.json)
        missed = missed or any(figure.met is False for figure in figures)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
