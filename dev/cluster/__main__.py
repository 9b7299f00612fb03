"""The command line: `python -m dev.cluster {up,down,status,build}`; `make cluster` calls it.

The cluster's directory is CLUSTER_DIR, else `.cluster` here. What happens is in `lifecycle`.
"""

import argparse
import os
import sys

from dev.cluster import lifecycle
from dev.cluster.build import executable
from dev.cluster.failure import ClusterError
from dev.cluster.layout import Layout, from_environment


def main() -> int:
    """Run one command; give the exit code: 0, or 1 where it failed or the cluster is not up."""
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "build"])
    parser.add_argument(
        "--unless-named",
        action="store_true",
        help="do nothing where CRONWRIGHT_TEST_KUBECONFIG or KUBECONFIG names another cluster",
    )
    chosen = parser.parse_args()
    layout = from_environment(os.environ)
    if chosen.unless_named and layout.named_elsewhere(os.environ):
        return 0
    try:
        return _run(chosen.command, layout)
    except ClusterError as error:
        print(f"dev.cluster: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _run(command: str, layout: Layout) -> int:
    if command == "build":
        print(executable())
    elif command == "up":
        lifecycle.up(layout, os.environ)
    elif command == "down":
        lifecycle.down(layout)
    else:
        return lifecycle.status(layout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
