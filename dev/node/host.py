"""What a node gives to each of its pods; `node` makes one for all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from dev.node.api import Api
from dev.node.runtime import Runtime

JSONObject = dict[str, Any]

# More than the machine has: nothing is reserved or limited here, so no pod should wait for room.
ROOM: Final = {"cpu": "64", "memory": "256Gi", "pods": "240"}


@dataclass(frozen=True, slots=True)
class Host:
    """What a pod gets from its node."""

    api: Api
    runtime: Runtime
    directory: Path
    address: str
    service: dict[str, str]
    backoff: float
    take_ip: Callable[[], str]
    free_ip: Callable[[str], None]
