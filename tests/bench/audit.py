"""Reads the API server's audit log: the clock and the counter of every benchmark.

The API server itself says who asked what and when, in microseconds, so an operator can't look
faster than what it did, and one that is not ours is measured by the same yardstick.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

WRITES: Final = frozenset({"create", "update", "patch", "delete", "deletecollection"})
# Parts of Kubernetes itself; everybody else in a benchmark is the operator, or the benchmark.
_SYSTEM: Final = "system:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, as answered; `time` is that of the answer, in seconds since the epoch."""

    time: float
    verb: str
    resource: str  # with its subresource, such as scheduledtasks/status
    namespace: str
    name: str
    code: int
    user: str
    agent: str
    body: Any  # None where the policy keeps none; a list where it is a JSON Patch

    @property
    def is_write(self) -> bool:
        """Whether the request changes something."""
        return self.verb in WRITES

    def is_done(self, verbs: Iterable[str], resource: str) -> bool:
        """Tell whether this is such a request, and was granted."""
        return self.resource == resource and self.verb in verbs and self.code < 400


class AuditLog:
    """Follow an audit log from where it ends now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size
        self._rest = b""

    def read(self) -> list[Entry]:
        """Give the requests that were answered since the last call."""
        with self._path.open("rb") as log:
            log.seek(self._offset)
            text = log.read()
        self._offset += len(text)
        *lines, self._rest = (self._rest + text).split(b"\n")
        return [entry for line in lines if (entry := parse(line)) is not None]


def parse(line: bytes) -> Entry | None:
    """Read a line; None where it is no answered request for a resource."""
    if b'"stage":"ResponseComplete"' not in line:
        return None
    event = json.loads(line)
    target = event.get("objectRef")
    if target is None or "resource" not in target:
        return None
    sub = target.get("subresource")
    return Entry(
        time=datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
        verb=event["verb"],
        resource=f"{target['resource']}/{sub}" if sub else target["resource"],
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        user=event["user"].get("username", ""),
        agent=event.get("userAgent", ""),
        body=event.get("requestObject"),
    )


def by_operator(entries: Iterable[Entry], own: str) -> list[Entry]:
    """Leave out what Kubernetes itself asked, and the benchmark, whose user agent has its name."""
    return [
        entry
        for entry in entries
        if not entry.user.startswith(_SYSTEM) and f"({own})" not in entry.agent
    ]
