"""The chaos run: tasks of all kinds, everything goes wrong at once, and then it is checked.

The operator is killed again and again, half of the times in the middle of a write; the proxy
spoils requests; the control plane is killed and frozen. Then all is calm, and once nothing is
left to be done, the checker judges.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cronwright.kube import paths
from tests.cluster.minutes import minute_of, now, reach
from tests.faults.checker import Report, check
from tests.faults.evidence import gather, read_audit, read_printed
from tests.faults.population import Population
from tests.faults.processes import Components, frozen
from tests.faults.proxy import Point
from tests.faults.script import Chance
from tests.faults.settled import undone
from tests.faults.stage import Stage

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
_PATIENCE: Final = 5.0  # for such a write to come
_SETTLED_WITHIN: Final = 240.0


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is."""

    tasks: int
    kills: int
    asks: float  # for a run, a second
    upheavals: int = 0  # of the control plane


@dataclass(slots=True)
class Chaos:
    """One run."""

    stage: Stage
    size: Size
    seed: int
    script: Chance
    components: Components
    say: Callable[[str], None]
    _events: Counter[str] = field(default_factory=Counter)
    _began: float = field(default_factory=time.monotonic)

    async def run(self) -> Report:
        """Run, and judge."""
        audit = self.stage.cluster.directory / "audit.log"
        position = audit.stat().st_size
        witness = self.stage.folder / "witness"
        witness.mkdir()
        witness.chmod(0o777)
        population = Population(self.stage.tasks, self.size.tasks, str(witness))
        self._tell(
            f"{self.size.tasks} tasks; what the operator fires is due each {population.step} s"
        )
        self.stage.operator.start()
        await self._rage(population)
        await self._calm(population)
        return await self._judge(population, audit, position, witness)

    async def _rage(self, population: Population) -> None:
        chance = random.Random(f"{self.seed} chaos")
        first = minute_of(now()) + timedelta(minutes=1, seconds=5)
        creating = asyncio.create_task(population.create())
        asking = asyncio.create_task(self._ask(population))
        upheaval: asyncio.Task[None] | None = None
        try:
            for number in range(1, self.size.kills + 1):
                await self._kill(chance)
                if self.size.upheavals and number % (self.size.kills // self.size.upheavals) == 0:
                    if upheaval is not None:
                        await upheaval
                    upheaval = asyncio.create_task(self._upheave(chance))
                if number % 10 == 0:
                    self._tell(f"killed {number} of {self.size.kills} times")
            await creating
            # A native task has at least one slot in all this.
            await reach(first)
            if upheaval is not None:
                await upheaval
        finally:
            for task in (creating, asking, upheaval):
                if task is not None:
                    task.cancel()
            await asyncio.gather(creating, asking, return_exceptions=True)

    async def _ask(self, population: Population) -> None:
        chance = random.Random(f"{self.seed} requests")
        while True:
            await asyncio.sleep(chance.expovariate(self.size.asks))
            await population.ask(chance)

    async def _kill(self, chance: random.Random) -> None:
        """Kill the operator, and start another one."""
        operator = self.stage.operator
        draw = chance.random()
        if draw < 0.1:
            self._events["frozen"] += 1
            async with frozen(operator.pid):
                await asyncio.sleep(chance.uniform(0.5, 8.0))
        if draw < 0.45:
            await asyncio.sleep(chance.uniform(0.0, 5.0))
            self._events["killed at any moment"] += 1
            operator.kill()
        else:
            what, point = chance.choice(_WRITES), chance.choice(list(Point))
            async with self.stage.proxy.holding(what, point, _PATIENCE) as held:
                where = f"at {what}, {point.value}" if held else "at any moment"
                self._events[f"killed {where}"] += 1
                operator.kill()
        operator.start()

    async def _upheave(self, chance: random.Random) -> None:
        """Kill or freeze a part of the control plane, and put it right after a while."""
        name = chance.choice(["kube-apiserver", "etcd"])
        seconds = chance.uniform(0.0, 15.0)
        if chance.random() < 0.5:
            self._events[f"{name} killed"] += 1
            self._tell(f"{name} is dead for {seconds:.0f} s")
            self.components.kill(name)
            await asyncio.sleep(seconds)
        else:
            self._events[f"{name} frozen"] += 1
            self._tell(f"{name} is frozen for {seconds:.0f} s")
            async with frozen(self.components.pid(name)):
                await asyncio.sleep(seconds)
        await self.components.restore()

    async def _calm(self, population: Population) -> None:
        """Let everything work again, end all tasks, and wait until nothing is left to be done."""
        self.script.calm = True
        await self.components.restore()
        await self.stage.proxy.settled()
        await self.stage.operator.ready()
        await reach(_middle_of_a_minute())
        await population.end()
        self._tell("all is calm; waiting until nothing is left to be done")
        deadline = time.monotonic() + _SETTLED_WITHIN
        left = await undone(self.stage.tasks)
        while left and time.monotonic() < deadline:
            await asyncio.sleep(1)
            left = await undone(self.stage.tasks)
        for each in left[:20]:
            self._tell(f"not settled: {each}")

    async def _judge(
        self, population: Population, audit: Path, position: int, witness: Path
    ) -> Report:
        tasks = self.stage.tasks
        where = paths.cronjobs(self.stage.namespace)
        cronjobs = {
            body["metadata"]["name"]: body
            async for page in self.stage.client.list_pages(where)
            for body in page["items"]
        }
        events = read_audit(audit, self.stage.namespace, position)
        evidence = gather(
            events, (await tasks.all()).values(), await tasks.jobs(), datetime.now(UTC)
        )
        read_printed(witness, evidence)
        report = check(evidence, population.expected(cronjobs))
        report.figures.update({f"{what} (times)": n for what, n in self._events.items()})
        faults = self.stage.proxy.counts
        report.figures.update({f"requests that met {what}": n for what, n in faults.items()})
        return report

    def _tell(self, what: str) -> None:
        self.say(f"chaos {time.monotonic() - self._began:5.0f} s: {what}")


def _middle_of_a_minute() -> datetime:
    """Give the next moment at which the CronJob controller has fired and is not about to."""
    moment = now()
    if 15 <= moment.second <= 45:
        return moment
    return minute_of(moment + timedelta(seconds=15)) + timedelta(seconds=15)
