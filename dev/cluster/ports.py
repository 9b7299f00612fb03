"""The ports of a cluster: chosen once and kept, and chosen anew where somebody else has one.

Kept, so that a kubeconfig that was handed out stays right over a restart.
"""

import json
import random
import socket
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

CLUSTER: Final = (
    "etcd",
    "etcd-peer",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "node",
)

# Below the range that the kernel takes the ports of outgoing connections from, so that none of
# those sits on a port of ours when a component is started again; and below the node ports.
_RANGE: Final = range(20000, 30000)


def choose(
    file: Path,
    names: Iterable[str],
    in_use: Collection[str],
    preferred: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Give a port by each name; those of `in_use` are taken by ourselves and stay as they are.

    A port that is chosen for the first time is the preferred one, where that is free.
    """
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    chosen = dict(known)
    for name in names:
        port = known.get(name) or (preferred or {}).get(name)
        if port is None or (name not in in_use and not _free(port)):
            port = _another(chosen.values())
        chosen[name] = port
    if chosen != known:
        file.write_text(json.dumps(chosen, indent=2) + "\n")
    return chosen


def _another(taken: Collection[int]) -> int:
    while True:
        port = random.choice(_RANGE)
        if port not in taken and _free(port):
            return port


def _free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: a port whose last connections linger is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
