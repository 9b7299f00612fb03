"""The tasks as last seen: fed by Kopf's events and by our own writes, read by `gather`.

Bodies are kept packed. Five thousand tasks with full histories would be 250 MB as dicts; they
are unpacked one at a time, when they are reconciled.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cronwright.kube.wire import parse, serialise


class TaskKey(NamedTuple):
    """A task by its place; what the work queue holds."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class _Packed:
    uid: str
    version: int
    due: str  # when the operator is to fire it next, as its status says
    grouped: bool
    body: bytes


_NEVER = "~"  # comes after every time
_UNREAD_ANNOTATIONS = ("kubectl.kubernetes.io/last-applied-configuration",)


class TaskStore:
    """Keep the newest body of each task."""

    def __init__(self) -> None:
        self._tasks: dict[TaskKey, _Packed] = {}
        # When, on the monotonic clock, Kopf told of a task last, and the state was set back.
        self.heard = 0.0
        self.restored: float | None = None

    def put(self, body: Mapping[str, Any]) -> bool:
        """Keep a body; False where it is no newer than the kept one.

        Our own writes answer with a body before Kopf's event of it comes: the event is then
        old news, and must neither overwrite the answer nor be reconciled.
        """
        metadata = body["metadata"]
        known = self._tasks.get(_key(body))
        version = int(metadata["resourceVersion"])
        if known and known.uid == metadata["uid"] and known.version >= version:
            return False
        self.replace(body)
        return True

    def replace(self, body: Mapping[str, Any]) -> None:
        """Keep a body, whatever was kept before."""
        uid, version = body["metadata"]["uid"], int(body["metadata"]["resourceVersion"])
        self._tasks[_key(body)] = _Packed(uid, version, _due(body), _grouped(body), _pack(body))

    def get(self, key: TaskKey) -> dict[str, Any] | None:
        """Unpack a task's body."""
        packed = self._tasks.get(key)
        if packed is None:
            return None
        body: dict[str, Any] = parse(zlib.decompress(packed.body))
        return body

    def version(self, key: TaskKey) -> int:
        """Say which version of a task is kept; 0 where none is."""
        packed = self._tasks.get(key)
        return packed.version if packed else 0

    def remove(self, key: TaskKey, uid: str) -> bool:
        """Forget a task that is gone; False where another of its name has come since."""
        known = self._tasks.get(key)
        if known is None or known.uid != uid:
            return False
        del self._tasks[key]
        return True

    def uids(self) -> dict[TaskKey, str]:
        """List the tasks with their UIDs."""
        return {key: packed.uid for key, packed in self._tasks.items()}

    def by_due(self) -> list[TaskKey]:
        """List the tasks, those first that the operator is to fire first."""
        return sorted(self._tasks, key=lambda key: self._tasks[key].due)

    def grouped(self) -> list[TaskKey]:
        """List the tasks that are in a concurrency group."""
        return [key for key, packed in self._tasks.items() if packed.grouped]

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(list(self._tasks))

    def __len__(self) -> int:
        return len(self._tasks)


def _key(body: Mapping[str, Any]) -> TaskKey:
    return TaskKey(body["metadata"]["namespace"], body["metadata"]["name"])


def _due(body: Mapping[str, Any]) -> str:
    status = body.get("status") or {}
    due: str = status.get("nextRunTime", _NEVER) if status.get("mode") == "Managed" else _NEVER
    return due


def _grouped(body: Mapping[str, Any]) -> bool:
    return bool((body.get("spec") or {}).get("concurrencyGroup"))


def _pack(body: Mapping[str, Any]) -> bytes:
    metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    annotations = metadata.get("annotations")
    if annotations:
        metadata["annotations"] = {
            key: value for key, value in annotations.items() if key not in _UNREAD_ANNOTATIONS
        }
    return zlib.compress(serialise({**body, "metadata": metadata}), level=1)
