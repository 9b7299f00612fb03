"""Follows what the operator under test does, by the audit log, until a condition holds."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from dev.cluster.layout import Layout
from tests.bench.api import COMPONENT
from tests.bench.audit import AuditLog, Entry, by_operator
from tests.bench.process import Subject

_POLL: Final = 0.25
_QUIET: Final = 3.0


class Follower:
    """Keep what an operator asked of the API server since a moment, oldest first."""

    def __init__(self, cluster: Layout, subject: Subject) -> None:
        self._log = AuditLog(cluster.audit_log)
        self._subject = subject
        self.everybody: list[Entry] = []
        self.operator: list[Entry] = []

    def read(self) -> None:
        """Take in what has come."""
        new = self._log.read()
        self.everybody += new
        self.operator += by_operator(new, COMPONENT)

    @property
    def writes(self) -> list[Entry]:
        """List what the operator wrote, but for Events and Leases."""
        apart = {"events", "leases"}
        return [each for each in self.operator if each.is_write and each.resource not in apart]

    async def pause(self) -> None:
        """Let a moment pass between two looks."""
        await asyncio.sleep(_POLL)

    async def until(self, holds: Callable[[], bool], timeout: float, what: str) -> None:
        """Read on until a condition holds; RuntimeError where the operator ends before."""
        give_up = time.monotonic() + timeout
        while True:
            self.read()
            if holds():
                return
            self._subject.check()
            if time.monotonic() > give_up:
                raise RuntimeError(f"{self._subject.name}: no {what} within {timeout:.0f} s")
            await asyncio.sleep(_POLL)

    async def until_quiet(self) -> None:
        """Read on until the operator has written nothing for some seconds."""
        await self._until_steady(lambda: len(self.writes))

    async def until_all_quiet(self) -> None:
        """Read on until nobody has written anything to CronJobs and Jobs for some seconds."""
        kinds = ("cronjobs", "jobs")
        await self._until_steady(
            lambda: sum(e.is_write and e.resource.startswith(kinds) for e in self.everybody)
        )

    async def _until_steady(self, count: Callable[[], int]) -> None:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < _QUIET:
            self.read()
            now = count()
            if now != seen:
                seen, since = now, time.monotonic()
            await asyncio.sleep(_POLL)
