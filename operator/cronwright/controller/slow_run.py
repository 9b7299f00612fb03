"""Tells in an Event of a run that takes longer than its task's usually do, once for each run.

`reconcile` asks it at each look, once the status is written. `core.statistics` decides; the
Event's name is the run's, so a restart tells of none a second time.
"""

import logging
from datetime import datetime

from cronwright.controller.event import warning
from cronwright.controller.tasks import TaskKey
from cronwright.core.plan import Plan
from cronwright.core.statistics import SlowRun, slow_runs
from cronwright.core.world import World
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, ApiError
from cronwright.model import API_VERSION, KIND
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask

logger = logging.getLogger(__name__)

_REASON = "SlowRun"


class SlowRuns:
    """Tell of slow runs; `factor` times the 95th percentile is slow, 0 tells of none."""

    def __init__(self, client: Client, factor: float) -> None:
        self._client = client
        self._factor = factor
        self._told: dict[TaskKey, set[str]] = {}

    async def tell(self, world: World, plan: Plan, status: TaskStatus) -> datetime | None:
        """Tell of the task's runs that are slow by now; give the time of the next look."""
        key = TaskKey(world.task.namespace, world.task.name)
        going = [run for run in world.runs if run.job.run_id not in plan.endings]
        slow, due = slow_runs(going, status.statistics, self._factor, world.now)
        before = self._told.pop(key, set())
        told = {
            each.run_id
            for each in slow
            if each.run_id in before or await self._report(world.task, each, world.now)
        }
        if told:
            self._told[key] = told
        return due

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._told.pop(key, None)

    async def _report(self, task: ScheduledTask, slow: SlowRun, now: datetime) -> bool:
        about = {"apiVersion": API_VERSION, "kind": KIND, "name": task.name}
        about |= {"namespace": task.namespace, "uid": task.uid}
        event = warning(f"{task.name}.slow.{slow.run_id}", about, _REASON, slow.message, now)
        try:
            await self._client.create(paths.events(task.namespace), event)
        except AlreadyExists:
            return True
        except ApiError as error:
            # Nothing depends on it; the next look tries again.
            where = {"namespace": task.namespace, "task": task.name, "error": str(error)}
            logger.info("slow run not told of", extra=where)
            return False
        return True
