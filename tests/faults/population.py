"""The tasks of a chaos run: created, asked to run, cancelled, and ended together.

What it notes down meanwhile is what the checker expects of each.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cronwright.kube.errors import AlreadyExists
from tests.cluster.tasks import Tasks
from tests.faults.account import Slots
from tests.faults.case import Expected
from tests.faults.kinds import KINDS, Kind
from tests.faults.persistence import persist

JSONObject = dict[str, Any]

# So many Jobs a second the local cluster runs on two cores without falling behind.
PACE: Final = 4.0
_STEPS: Final = (5, 10, 15, 20, 30, 60)
_ALL_KINDS_FROM: Final = 50
# A slot so soon after a task was told to end may still have its verdict, and need not.
_DOUBT: Final = 90.0
_CREATES_AT_ONCE: Final = 4


@dataclass(slots=True)
class _Member:
    kind: Kind
    uid: str
    created: float
    ended: float = 0.0
    requests: set[str] = field(default_factory=set)


class Population:
    """The tasks of one run, by their names."""

    def __init__(self, tasks: Tasks, count: int, witness: str, pace: float = PACE) -> None:
        kinds = [each for each in KINDS if count >= _ALL_KINDS_FROM or not each.long]
        self._kinds = {
            f"{kinds[n % len(kinds)].name}-{n:03}": kinds[n % len(kinds)] for n in range(count)
        }
        fired = sum(each.due and not each.native for each in self._kinds.values())
        self.step = next(each for each in _STEPS if fired / each <= pace or each == _STEPS[-1])
        self._tasks = tasks
        self._witness = witness
        self._members: dict[str, _Member] = {}
        self._asked: list[tuple[str, str, str]] = []

    async def create(self) -> None:
        """Create all of them, a few at a time."""
        room = asyncio.Semaphore(_CREATES_AT_ONCE)

        async def create(name: str, kind: Kind) -> None:
            async with room:
                body = await self._create(name, kind.make(self.step, self._witness))
            metadata = body["metadata"]
            created = _seconds(metadata["creationTimestamp"])
            self._members[name] = _Member(kind, metadata["uid"], created)

        await asyncio.gather(*(create(name, kind) for name, kind in self._kinds.items()))

    async def _create(self, name: str, spec: JSONObject) -> JSONObject:
        try:
            return await persist(lambda: self._tasks.create(name, **spec))
        except AlreadyExists:  # the answer was lost
            return await persist(lambda: self._tasks.get(name))

    async def ask(self, chance: random.Random) -> None:
        """Ask one of the tasks for a run; now and then under an id that was used before."""
        if self._asked and chance.random() < 0.2:
            name, request, value = chance.choice(self._asked)
        else:
            able = [name for name, each in self._members.items() if each.kind.requested]
            if not able:
                return
            name, request = chance.choice(able), f"request-{len(self._asked)}"
            value = f'{{"requestedAt": "{datetime.now(UTC).isoformat()}", "by": "chaos"}}'
            self._asked.append((name, request, value))
            self._members[name].requests.add(request)
        note = {f"run.cronwright.dev/{request}": value}
        await persist(lambda: self._tasks.annotate(name, note))

    async def cancel(self, chance: random.Random) -> None:
        """Cancel all runs of one of the tasks."""
        able = [name for name, each in self._members.items() if each.kind.cancelled]
        if able:
            name = chance.choice(able)
            value = f'{{"requestedAt": "{datetime.now(UTC).isoformat()}"}}'
            note = {"cancel.cronwright.dev/all": value}
            await persist(lambda: self._tasks.annotate(name, note))

    async def end(self) -> None:
        """Suspend all of them."""
        room = asyncio.Semaphore(_CREATES_AT_ONCE)

        async def end(name: str, member: _Member) -> None:
            async with room:
                member.ended = datetime.now(UTC).timestamp()
                await persist(lambda: self._tasks.edit(name, suspend=True))

        await asyncio.gather(*(end(name, each) for name, each in self._members.items()))

    def expected(self, cronjobs: Mapping[str, JSONObject]) -> dict[str, Expected]:
        """Say what the checker is to find, given the CronJobs that stand."""
        return {name: self._expect(each, cronjobs[name]) for name, each in self._members.items()}

    def _expect(self, member: _Member, cronjob: JSONObject) -> Expected:
        kind = member.kind
        since = member.created
        if kind.native:
            # Before its CronJob stands there is nobody who could fire.
            since = _seconds(cronjob["metadata"]["creationTimestamp"]) + 1
        slots = Slots(
            step=kind.step(self.step),
            since=member.created,
            until=member.ended + _DOUBT,
            sure_since=since,
            sure_until=member.ended,
            left_out=kind.left_out,
        )
        requests = frozenset(member.requests)
        return Expected(member.uid, slots, kind.verdicts, requests, vanish=kind.vanish)


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()
