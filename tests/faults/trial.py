"""A trial: tasks of all kinds, something that goes wrong, then calm, and the checker's word."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cronwright.kube import paths
from tests.cluster.minutes import minute_of, now, reach
from tests.faults.checker import Report, check
from tests.faults.evidence import gather, read_audit, read_printed
from tests.faults.population import PACE, Population
from tests.faults.processes import Components
from tests.faults.settled import undone
from tests.faults.stage import Stage

_SETTLED_WITHIN: Final = 240.0

Trouble = Callable[[Population], Awaitable[None]]


@dataclass(slots=True)
class Trial:
    """One trial; `say` is told how it goes."""

    stage: Stage
    components: Components
    say: Callable[[str], None]
    pace: float = PACE  # of the Jobs that the operator makes, a second
    ended: int = 0  # how often the operator did so by itself
    _began: float = field(default_factory=time.monotonic)

    async def run(self, tasks: int, trouble: Trouble) -> Report:
        """Start an operator, let the trouble begin, and judge what has come of it."""
        audit = self.stage.cluster.directory / "audit.log"
        position = audit.stat().st_size
        witness = self.stage.folder / "witness"
        witness.mkdir()
        witness.chmod(0o777)
        population = Population(self.stage.tasks, tasks, str(witness), self.pace)
        self.tell(f"{tasks} tasks; what the operator fires is due each {population.step} s")
        self.stage.operator.start()
        kubelet = asyncio.create_task(self._keep_running())
        try:
            await trouble(population)
            await self._calm(population)
        finally:
            kubelet.cancel()
        report = await self._judge(population, audit, position, witness)
        report.figures["operator ended by itself"] = self.ended
        faults = self.stage.proxy.counts
        report.figures.update({f"requests that met {what}": n for what, n in faults.items()})
        return report

    def revive(self) -> None:
        """Start the operator again if it has ended: by what Kopf takes for fatal, such as a 410."""
        if self.stage.operator.revive():
            self.ended += 1
            self.tell("the operator has ended by itself, and is started again")

    async def _keep_running(self) -> None:
        while True:
            self.revive()
            await asyncio.sleep(0.5)

    def tell(self, what: str) -> None:
        """Say how it goes."""
        self.say(f"{time.monotonic() - self._began:5.0f} s: {what}")

    async def _calm(self, population: Population) -> None:
        """Let everything work again, end all tasks, and wait until nothing is left to be done."""
        self.stage.proxy.script.rest()
        await self.components.restore()
        await self.stage.proxy.settled()
        await self.stage.operator.ready()
        await reach(_middle_of_a_minute())
        await population.end()
        self.tell("all is calm; waiting until nothing is left to be done")
        deadline = time.monotonic() + _SETTLED_WITHIN
        left = await undone(self.stage.tasks)
        while left and time.monotonic() < deadline:
            await asyncio.sleep(1)
            left = await undone(self.stage.tasks)
        for each in left[:20]:
            self.tell(f"not settled: {each}")

    async def _judge(
        self, population: Population, audit: Path, position: int, witness: Path
    ) -> Report:
        tasks = self.stage.tasks
        cronjobs = {
            body["metadata"]["name"]: body
            async for page in self.stage.client.list_pages(paths.cronjobs(self.stage.namespace))
            for body in page["items"]
        }
        evidence = gather(
            read_audit(audit, self.stage.namespace, position),
            (await tasks.all()).values(),
            await tasks.jobs(),
            datetime.now(UTC),
        )
        read_printed(witness, evidence)
        return check(evidence, population.expected(cronjobs))


def _middle_of_a_minute() -> datetime:
    """Give the next moment at which the CronJob controller has fired and is not about to."""
    moment = now()
    if 15 <= moment.second <= 45:
        return moment
    return minute_of(moment + timedelta(seconds=15)) + timedelta(seconds=15)
