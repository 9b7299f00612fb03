"""Chaos: everything goes wrong at once.

The operator is killed again and again, half of the times in the middle of a write; the proxy
spoils requests; the control plane is killed and frozen; and all the while tasks are
asked to run, and runs are cancelled.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import aiohttp

from tests.cluster.minutes import minute_of, now, reach
from tests.cluster.waiting import until
from tests.faults.population import Population
from tests.faults.processes import frozen
from tests.faults.proxy import Point
from tests.faults.trial import Trial

# The operator is killed while one of these is on its way.
_WRITES: Final = (
    "create jobs",
    "create jobs",
    "update scheduledtasks/status",
    "update scheduledtasks/status",
    "patch scheduledtasks",
    "patch jobs",
    "delete jobs",
    "create cronjobs",
    "patch cronjobs",
    "patch cronjobs/status",
)
_CANCELS: Final = 0.2  # so many of the wishes are to end runs
_BREATH: Final = 10.0
_CATCHES_UP: Final = 20.0
_PATIENCE: Final = 5.0  # for such a write to come


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is."""

    tasks: int
    kills: int
    asks: float  # for a run or its end, a second
    upheavals: int = 0  # of the control plane


@dataclass(slots=True)
class Chaos:
    """The trouble of one run."""

    trial: Trial
    size: Size
    seed: int
    events: Counter[str] = field(default_factory=Counter)

    async def __call__(self, population: Population) -> None:
        """Let it rage."""
        chance = random.Random(f"{self.seed} chaos")
        first = minute_of(now()) + timedelta(minutes=1, seconds=5)
        pace = self.size.kills // self.size.upheavals if self.size.upheavals else 0
        async with self._beside(population), asyncio.TaskGroup() as upheavals:
            for number in range(1, self.size.kills + 1):
                await self._kill(chance, number)
                if pace and number % pace == 0:
                    upheavals.create_task(self._upheave(chance))
                if number % 10 == 0:
                    self.trial.tell(f"killed {number} of {self.size.kills} times")
            # A native task has at least one slot in all this.
            await reach(first)

    @asynccontextmanager
    async def _beside(self, population: Population) -> AsyncIterator[None]:
        """Create the tasks meanwhile, and ask them to run."""
        creating = asyncio.create_task(population.create())
        asking = asyncio.create_task(self._ask(population))
        try:
            yield
            await creating
        finally:
            asking.cancel()
            creating.cancel()
            await asyncio.gather(asking, creating, return_exceptions=True)

    async def _ask(self, population: Population) -> None:
        chance = random.Random(f"{self.seed} requests")
        while True:
            await asyncio.sleep(chance.expovariate(self.size.asks))
            if chance.random() < _CANCELS:
                await population.cancel(chance)
            else:
                await population.ask(chance)

    async def _breathe(self, number: int) -> None:
        """Let every tenth operator work until nothing waits: none of the others might come so far.

        How far they come is a matter of the machine; and what the cluster prunes before anybody
        could look at it has no verdict but Unknown.
        """
        if number % 10 == 0:
            with contextlib.suppress(AssertionError, OSError, aiohttp.ClientError):
                await self.trial.stage.operator.ready()
                await asyncio.sleep(_BREATH)
                await until(self._idle, _CATCHES_UP, every=0.5)

    async def _idle(self) -> bool:
        metrics = await self.trial.stage.operator.metrics()
        return metrics["cronwright_work_queue_length", {}] == 0

    async def _kill(self, chance: random.Random, number: int) -> None:
        """Kill the operator, and start another one."""
        operator = self.trial.stage.operator
        self.trial.revive()
        await self._breathe(number)
        draw = chance.random()
        if draw < 0.1:
            self.events["operator frozen"] += 1
            async with frozen(operator.pid):
                await asyncio.sleep(chance.uniform(0.5, 8.0))
        if draw < 0.45:
            await asyncio.sleep(chance.uniform(0.0, 5.0))
            self.events["operator killed at any moment"] += 1
            self.trial.revive()
            operator.kill()
        else:
            what, point = chance.choice(_WRITES), chance.choice(list(Point))
            async with self.trial.stage.proxy.holding(what, point, _PATIENCE) as held:
                where = f"at {what}, {point.value}" if held else "at any moment"
                self.events[f"operator killed {where}"] += 1
                self.trial.revive()
                operator.kill()
        operator.start()

    async def _upheave(self, chance: random.Random) -> None:
        """Kill or freeze a part of the control plane, and put it right after a while."""
        components = self.trial.components
        name = chance.choice(["kube-apiserver", "etcd"])
        seconds = chance.uniform(0.0, 12.0)
        kills = chance.random() < 0.5
        how = "killed" if kills else "frozen"
        self.events[f"{name} {how}"] += 1
        self.trial.tell(f"{name} is {how} for {seconds:.0f} s")
        if kills:
            components.kill(name)
            await asyncio.sleep(seconds)
        else:
            async with frozen(components.pid(name)):
                await asyncio.sleep(seconds)
        await components.restore()
