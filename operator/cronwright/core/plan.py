"""What is to be done about one task: a pure decision over everything that was gathered.

`controller/gather` fills the `World`, `decide` turns it into a `Plan`, `controller/reconcile`
carries the plan out and lets `status` say what came of it. Every action of the operator has its
reason here, and none of them happens twice for the same facts.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cronwright.core import cancel, checkpoint, demand, identity
from cronwright.core.accept import Readiness, accept
from cronwright.core.answer import Answer
from cronwright.core.attempts import Bounds, Orphan, bounds_of, orphans
from cronwright.core.backfill import TakenIn
from cronwright.core.backlog import Backlog, united
from cronwright.core.cancel import Cancels
from cronwright.core.capture import Capture
from cronwright.core.cronjob import RenderedCronJob
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.judgement import judge_runs, over, stalled
from cronwright.core.mode import Firing, digest
from cronwright.core.prune import prune
from cronwright.core.retry import Attempt, waits
from cronwright.core.run import first_start, trigger_of
from cronwright.core.slots import RECHECK, unsettled_slot
from cronwright.core.stall import Stall
from cronwright.core.verdict import Ending
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.model.run import PendingReason, PendingRun
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Timetable

AGAIN: Final = timedelta(seconds=5)


class Step(Enum):
    """What the CronJob needs."""

    KEEP = "keep"
    CREATE = "create"
    REPLACE = "replace"
    REPLACE_GUARDED = "replace guarded"  # never fires a slot that has passed
    WAIT = "wait"  # a due slot is not fired yet
    REFUSE = "refuse"  # the task can't be rendered


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in the order of the fields; `endings` are the records that are due."""

    step: Step
    readiness: Readiness
    timetable: Timetable | None
    firing: Firing | None
    digest: str  # what is to be followed, as `terms` writes it; empty where nothing is
    rendered: RenderedCronJob | None
    captures: tuple[Capture, ...]
    timeouts: tuple[JobFacts, ...]
    cancels: Cancels
    answers: tuple[Answer, ...]
    taken_in: TakenIn
    backlog: Backlog
    stall: Stall | None = None
    endings: Mapping[str, Ending] = field(default_factory=dict)  # by run id
    prunes: tuple[JobFacts, ...] = ()
    attempts: tuple[Attempt, ...] = ()  # of runs that wait
    orphans: tuple[Orphan, ...] = ()  # runs that waited, and whose Jobs are gone
    checkpoint: str | None = None  # what the status is to have
    left: str | None = None  # what a run that starts now finds: not all of it is read yet
    wake: datetime | None = None
    due: tuple[Attempt, ...] = ()  # those of `attempts` that are to begin

    def unforeseen(self, world: World) -> bool:
        """Tell whether an error that nobody foresaw is to be logged: until the status has it."""
        said = {each.message for each in world.task.status.conditions}
        return self.readiness.cause is not None and self.readiness.message not in said


def decide(world: World) -> Plan:
    """Decide everything about a task for this moment."""
    timetable, firing, rendered, readiness = accept(world)
    step = _step(world, firing, rendered) if firing and rendered else Step.REFUSE
    timeouts, timeout_wake = _timeouts(world)
    cancels = _cancels(world)
    bounds = _bounds(world, cancels.ids)
    judged = judge_runs(world, {j.uid for j in (*timeouts, *cancels.jobs)}, bounds)
    gone = orphans(world.task, world.known, bounds)
    attempts = (*judged.attempts, *(each.attempt for each in gone if each.ending is None))
    waits_not = cancels.ids | {each.active.id for each in gone if each.ending}
    asked = demand.decide(world, timetable, acts=step is Step.KEEP, cancelled=waits_not)
    prunes, prune_wake = prune(world.task, world.recorded, world.now)
    stall, stall_wake = stalled(world, judged.endings)
    wakes = [timeout_wake, prune_wake, stall_wake, *asked.wakes, *judged.wakes]
    for each in attempts:
        # One that is due and can't be started is tried again.
        wakes.append(bounds.wake(each) if each.due > world.now else world.now + AGAIN)
    if step is Step.WAIT:
        wakes.append(world.now + RECHECK)
    return Plan(
        step=step,
        readiness=readiness,
        timetable=timetable,
        firing=firing,
        digest=digest(world.task, firing),
        rendered=rendered,
        captures=tuple(judged.captures),
        timeouts=tuple(job for job in timeouts if job not in cancels.jobs),
        cancels=cancels,
        answers=asked.answers,
        taken_in=asked.taken_in,
        backlog=asked.backlog,
        stall=stall,
        endings=judged.endings,
        attempts=attempts,
        due=tuple(each for each in attempts if each.due <= world.now),
        checkpoint=checkpoint.latest(world.task, over(world, judged)),
        left=checkpoint.latest(world.task, world.ended),
        orphans=gone,
        prunes=(*prunes, *(job for job in world.leftovers if not job.deleting)),
        # A time that has passed brought us here: waking for it again would never end.
        wake=min((each for each in wakes if each is not None and each > world.now), default=None),
    )


def _step(world: World, firing: Firing, rendered: RenderedCronJob) -> Step:
    cronjob, task = world.cronjob, world.task
    if cronjob is None or cronjob.deleting or cronjob.owner_uid != task.uid:
        return Step.CREATE
    drifted = world.own_generation != cronjob.generation
    if cronjob.template_hash == rendered.hash and not drifted:
        return Step.KEEP
    if firing.managed or not moves_slots(cronjob, rendered.spec):
        # A slot that the controller still owes when it is suspended, the engine fires.
        return Step.REPLACE
    if unsettled_slot(cronjob, world.jobs, world.now) is not None:
        return Step.WAIT
    return Step.REPLACE_GUARDED


def moves_slots(cronjob: CronJobFacts, spec: Mapping[str, object]) -> bool:
    """Tell whether a change of spec makes the controller look for passed slots anew."""
    return (
        cronjob.schedule != spec["schedule"]
        or (cronjob.time_zone or "Etc/UTC") != spec["timeZone"]
        or cronjob.suspended != spec["suspend"]
    )


def _bounds(world: World, cancelled: Set[str]) -> Bounds:
    try:
        return bounds_of(world.task, world.jobs, cancelled, world.now)
    except FieldError:
        return Bounds(cancelled, None, (), world.now)


def _retries(world: World) -> list[PendingRun]:
    """List the runs that wait for an attempt, each since its last one began."""
    known = world.known
    here = [
        PendingRun(
            id=run.job.run_id,
            reason=PendingReason.RETRY,
            trigger=trigger_of(run.job),
            due=run.job.created,
        )
        for run in world.runs
        if waits(run.job, run.pods)
    ]
    shown = [each for each in world.task.status.pending if each.reason is PendingReason.RETRY]
    orphaned = [each.model_copy(update={"due": None}) for each in shown if each.id not in known]
    return here + orphaned


def _cancels(world: World) -> Cancels:
    ended = {each.id for each in world.task.status.history}
    ended |= {job.run_id for job in world.recorded}
    pending = united(world.task.status.pending, world.put_off)
    # What has begun may be shown as waiting still.
    begun = {run.job.run_id for run in world.runs if not run.job.halfway} | ended
    pending = [e for e in pending if e.reason is not PendingReason.RETRY and e.id not in begun]
    pending += _retries(world)
    return cancel.decide(world.task, world.running, pending, ended, world.now)


def _timeouts(world: World) -> tuple[tuple[JobFacts, ...], datetime | None]:
    """Find runs past the task's timeout, and when the next will be."""
    timeout = world.task.spec.timeout_seconds if _readable_timeout(world.task) else None
    if timeout is None:
        return (), None
    ends = {
        job.uid: start + timedelta(seconds=timeout)
        for job in world.running
        if job.start_time is not None
        and (start := first_start(job)) is not None
        and identity.ENDING not in job.annotations
    }
    late = tuple(job for job in world.running if ends.get(job.uid, world.now) < world.now)
    return late, min((end for end in ends.values() if end >= world.now), default=None)


def _readable_timeout(task: ScheduledTask) -> bool:
    try:
        return task.spec.timeout_seconds is not None
    except FieldError:
        return False
