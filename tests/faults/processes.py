"""What can happen to processes: they are killed, or frozen for a while, the cluster's own as well.

The cluster's components are put right again as `make cluster` does it.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.dev.local_cluster import LocalCluster

# The limits of the controller-manager would have it lag behind by minutes.
UNLIMITED = {
    "KCM_ARGS": "--kube-api-qps=1000 --kube-api-burst=2000 "
    "--concurrent-cron-job-syncs=20 --concurrent-job-syncs=20"
}


@asynccontextmanager
async def frozen(pid: int) -> AsyncIterator[None]:
    """Stop a process as SIGSTOP does, as long as the block lasts; it may be killed meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


class Components:
    """The control plane of a cluster of one's own."""

    def __init__(self, cluster: LocalCluster) -> None:
        self._cluster = cluster

    def kill(self, name: str) -> None:
        """Kill one, such as `kube-apiserver` or `etcd`."""
        self._cluster.kill(name)

    def pid(self, name: str) -> int:
        """Give the process id of one."""
        return self._cluster.pids()[name]

    async def restore(self) -> None:
        """Bring back what is not there, and wait until all of it works."""
        await asyncio.to_thread(lambda: self._cluster.up(**UNLIMITED))


def resident(pid: int) -> int:
    """Give the memory that a process holds, in KiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
