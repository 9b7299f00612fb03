"""Native or managed: who fires a task's slots, and which CronJob follows from that.

`plan` asks it first. What one CronJob says as well, the CronJob controller fires; the rest the
operator fires itself (`controller/engine`), and the CronJob stands suspended as its template.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.terms import terms_of, text_of
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask
from cronwright.schedule import NativeForm, Timetable
from cronwright.schedule.native import NO_SCHEDULE

# The schedule is native, and runs are active or wait that the CronJob controller doesn't know.
RUNS_ACTIVE: Final = "RunsActive"
# `concurrencyPolicy` is Queue.
QUEUE: Final = "Queue"
# The task shares a limit with others.
CONCURRENCY_GROUP: Final = "ConcurrencyGroup"
# Slots are made up for: the CronJob controller makes up for the latest one or none.
CATCH_UP: Final = "CatchUp"
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
    *,
    waits: bool = False,
) -> Firing:
    """Choose who fires; `waits` says whether runs of the task wait.

    A managed task whose schedule has become native stays managed while a run of it is active
    that the CronJob controller does not know, or one waits: it would start a forbidden one beside
    it.
    """
    if timetable is None:
        return Firing(Mode.NATIVE, NO_SCHEDULE, "it runs only when it is triggered", None)
    if timetable.native is None:
        message = timetable.native_message
        return Firing(Mode.MANAGED, timetable.native_reason, message, None)
    wants = _wants(task)
    if wants is not None:
        return Firing(Mode.MANAGED, *wants, None)
    known = set(cronjob.active) if cronjob else set()
    unknown = any(job.uid not in known for job in running) or waits
    if task.status.mode is Mode.MANAGED and unknown:
        message = "five fields say it too; it becomes native once no run is active"
        return Firing(Mode.MANAGED, RUNS_ACTIVE, message, None)
    return Firing(Mode.NATIVE, timetable.native_reason, timetable.native_message, timetable.native)


def _wants(task: ScheduledTask) -> tuple[str, str] | None:
    """Say what the task asks for beside its times that no CronJob does."""
    spec = task.spec
    if spec.checkpoint:
        return CHECKPOINT, "a CronJob hands nothing from one run to the next"
    if spec.job_an_attempt:
        return RETRY, "a Job chooses neither when it tries again nor for which reasons"
    if spec.concurrency_policy is ConcurrencyPolicy.QUEUE:
        return QUEUE, "a CronJob lets no slot wait for a run to end"
    if spec.concurrency_group is not None:
        return CONCURRENCY_GROUP, "a CronJob shares no limit with others"
    if spec.catch_up.most:
        return CATCH_UP, "a CronJob does not choose which passed slots it makes up for"
    return None


def digest(task: ScheduledTask, firing: Firing | None) -> str:
    """Write down what is to be followed; nothing where nothing is."""
    if firing is None:
        return ""
    if firing.managed:
        return text_of(task.terms)
    return text_of(terms_of(firing.native)) if firing.native else ""
