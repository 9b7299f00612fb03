"""The API server's audit log: who wrote what, to the microsecond.

Tests judge the operator by it: what it claims to have done is one thing, what the API server
has seen is another.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound
from tests.cluster.waiting import until

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, as the API server answered it."""

    received: datetime
    answered: datetime
    user: str
    verb: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    body: dict[str, Any] | list[Any] | None

    @property
    def what(self) -> str:
        """Name the verb and its object's kind, such as `update scheduledtasks/status`."""
        kind = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {kind}"

    @property
    def done(self) -> bool:
        """Whether the API server did what was asked."""
        return self.code < 400


class AuditLog:
    """Read the log from a position on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._position = 0
        self.mark()

    def mark(self) -> None:
        """Leave everything up to now behind."""
        self._position = self._file.stat().st_size

    def from_now(self) -> "AuditLog":
        """Give another view of the log, that leaves everything up to now behind."""
        return AuditLog(self._file)

    async def settle(self, client: Client) -> None:
        """Wait until everything that was asked so far stands in the log."""
        name = f"mark-{uuid4()}"
        with suppress(NotFound):
            await client.get(f"/api/v1/namespaces/{name}")

        async def written() -> bool:
            return any(name in line for line in self._lines())

        await until(written, 10.0)

    def entries(
        self,
        namespace: str,
        *,
        user: str | None = None,
        resource: str | None = None,
        verb: str | None = None,
    ) -> list[Entry]:
        """List what was asked about a namespace since the mark, in the order of the answers."""
        return [
            entry
            for entry in map(_entry, self._events())
            if entry.namespace == namespace
            and user in {None, entry.user}
            and resource in {None, entry.resource}
            and verb in {None, entry.verb}
        ]

    def writes(self, namespace: str, user: str) -> list[Entry]:
        """List the writes of one user; Leases and Events are counted apart, and not here."""
        return [
            entry
            for entry in self.entries(namespace, user=user)
            if entry.verb in WRITES and entry.resource not in {"leases", "events"}
        ]

    def _lines(self) -> list[str]:
        with self._file.open("rb") as file:
            file.seek(self._position)
            text = file.read()
        # What is being written ends in the middle of a line.
        return text[: text.rfind(b"\n") + 1].decode().splitlines()

    def _events(self) -> Iterator[dict[str, Any]]:
        for line in self._lines():
            event = json.loads(line)
            if event["stage"] == "ResponseComplete" and "objectRef" in event:
                yield event


def _entry(event: dict[str, Any]) -> Entry:
    target, body = event["objectRef"], event.get("requestObject")
    metadata = body.get("metadata", {}) if isinstance(body, dict) else {}
    return Entry(
        received=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        answered=datetime.fromisoformat(event["stageTimestamp"]),
        user=event["user"]["username"],
        verb=event["verb"],
        resource=target.get("resource", ""),
        subresource=target.get("subresource", ""),
        namespace=target.get("namespace", ""),
        # A creation's URL has no name.
        name=target.get("name") or metadata.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        body=body,
    )
