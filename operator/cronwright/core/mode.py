"""Native or managed: who fires a task's slots, and which CronJob follows from that.

`plan` asks it first. What one CronJob says as well, the CronJob controller fires; the rest the
operator fires itself (`controller/engine`), and the CronJob stands suspended as its template.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask
from cronwright.schedule import NativeForm, Timetable
from cronwright.schedule.native import NO_SCHEDULE

RUNS_ACTIVE: Final = "RunsActive"
# A Job does not try again so: after a backoff of its own choosing, for reasons, with jitter.
RETRY: Final = "Retry"
# A CronJob hands nothing from one run to the next.
CHECKPOINT: Final = "Checkpoint"


@dataclass(frozen=True, slots=True)
class Firing:
    """Who fires, why, and the form that a CronJob takes for it."""

    mode: Mode
    reason: str
    message: str
    native: NativeForm | None

    @property
    def managed(self) -> bool:
        """Whether the operator fires."""
        return self.mode is Mode.MANAGED


def choose(
    task: ScheduledTask,
    timetable: Timetable | None,
    cronjob: CronJobFacts | None,
    running: Iterable[JobFacts],
) -> Firing:
    """Choose who fires.

    A managed task whose schedule has become native stays managed while a run of it is active
    that the CronJob controller does not know: it would start a forbidden one beside it.
    """
    if timetable is None:
        return Firing(Mode.NATIVE, NO_SCHEDULE, "it runs only when it is triggered", None)
    if timetable.native is None:
        message = timetable.native_message
        return Firing(Mode.MANAGED, timetable.native_reason, message, None)
    if task.spec.checkpoint:
        message = "a CronJob hands nothing from one run to the next"
        return Firing(Mode.MANAGED, CHECKPOINT, message, None)
    if task.spec.job_an_attempt:
        message = "a Job chooses neither when it tries again nor for which reasons"
        return Firing(Mode.MANAGED, RETRY, message, None)
    known = set(cronjob.active) if cronjob else set()
    if task.status.mode is Mode.MANAGED and any(job.uid not in known for job in running):
        message = "five fields say it too; it becomes native once no run is active"
        return Firing(Mode.MANAGED, RUNS_ACTIVE, message, None)
    return Firing(Mode.NATIVE, timetable.native_reason, timetable.native_message, timetable.native)


def digest(task: ScheduledTask) -> str:
    """Digest all that says when a task is due: two of the same digest have the same slots."""
    terms = {key: value for key, value in asdict(task.terms).items() if value}
    text = json.dumps([terms, task.spec.suspend], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
