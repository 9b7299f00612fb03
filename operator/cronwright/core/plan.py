"""What is to be done about one task: a pure decision over everything that was gathered.

`controller/gather` fills the `World`, `decide` turns it into a `Plan`, `controller/reconcile`
carries the plan out and lets `status` say what came of it. Every action of the operator has its
reason here, and none of them happens twice for the same facts.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cronwright.core import checkpoint, identity, requests
from cronwright.core.attempts import Bounds, Orphan, bounds_of, orphans
from cronwright.core.cancel import Cancelling, cancel
from cronwright.core.capture import Capture, capture_of, listen_time
from cronwright.core.cronjob import RenderedCronJob, render
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.mode import Firing, choose, digest
from cronwright.core.prune import prune
from cronwright.core.requests import Act, Answer
from cronwright.core.retry import Attempt, next_attempt, waits
from cronwright.core.run import Run, first_start
from cronwright.core.slots import slot_at_hand, timetable_of, unsettled_slot
from cronwright.core.verdict import Ending, judge, judge_gone
from cronwright.errors import FieldError
from cronwright.model import conditions
from cronwright.model.extensions import check_extensions
from cronwright.model.task import ConcurrencyPolicy, ScheduledTask
from cronwright.schedule import Timetable

RECHECK: Final = timedelta(seconds=0.5)
AGAIN: Final = timedelta(seconds=5)
_SCHEDULE_FIELDS: Final = (
    "spec.schedule", "spec.every", "spec.at", "spec.startAt", "spec.endAt", "spec.jitter",
    "spec.exclude",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """One task and all that is known of its children."""

    task: ScheduledTask
    cronjob: CronJobFacts | None
    runs: tuple[Run, ...]  # without a record yet
    recorded: tuple[JobFacts, ...]  # Jobs that stand and have their record
    now: datetime
    own_generation: int | None  # the CronJob's after our last write, also one not yet in the status

    @property
    def jobs(self) -> tuple[JobFacts, ...]:
        """List the Jobs that stand."""
        earlier = (job for run in self.runs for job in run.earlier)
        return (*(run.job for run in self.runs if not run.gone), *earlier, *self.recorded)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the condition Ready is to say."""

    ok: bool
    reason: str
    message: str


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
    digest: str  # of the times of a managed task; empty for others
    rendered: RenderedCronJob | None
    captures: tuple[Capture, ...]
    timeouts: tuple[JobFacts, ...]
    cancelling: Cancelling
    answers: tuple[Answer, ...]
    endings: Mapping[str, Ending] = field(default_factory=dict)  # by run id
    prunes: tuple[JobFacts, ...] = ()
    attempts: tuple[Attempt, ...] = ()  # of runs that wait
    orphans: tuple[Orphan, ...] = ()  # runs that waited, and whose Jobs are gone
    checkpoint: str | None = None
    wake: datetime | None = None


def decide(world: World) -> Plan:
    """Decide everything about a task for this moment."""
    timetable, firing, rendered, readiness = _accept(world)
    step = _step(world, firing, rendered) if firing and rendered else Step.REFUSE
    running = _running(world)
    ended = [run.job for run in world.runs if run.job not in running]
    waiting_ids = _waiting(world)
    cancelling = cancel(world.task, running, waiting_ids, ended, world.now)
    timeouts, timeout_wake = _timeouts(world, {job.uid for job in cancelling.jobs})
    late = {job.uid for job in (*timeouts, *cancelling.jobs)}
    bounds = _bounds(world, cancelling.waiting)
    judged = _judge_runs(world, late, bounds)
    gone = orphans(world.task, _known(world), bounds)
    attempts = (*judged.attempts, *(each.attempt for each in gone if each.ending is None))
    answers, answer_wake = _answers(world) if step is Step.KEEP else ((), None)
    prunes, prune_wake = prune(world.task, world.recorded, world.now)
    wakes = [timeout_wake, prune_wake, answer_wake, *judged.wakes]
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
        digest=digest(world.task) if firing and firing.managed else "",
        rendered=rendered,
        captures=tuple(judged.captures),
        timeouts=timeouts,
        cancelling=cancelling,
        answers=answers,
        endings=judged.endings,
        attempts=attempts,
        checkpoint=checkpoint.latest(world.task, _over(world, judged)),
        orphans=gone,
        prunes=prunes,
        # A time that has passed brought us here: waking for it again would never end.
        wake=min((each for each in wakes if each is not None and each > world.now), default=None),
    )


def _accept(
    world: World,
) -> tuple[Timetable | None, Firing | None, RenderedCronJob | None, Readiness]:
    """Judge what the CRD can't: the zone, the schedule, the shape of the template."""
    task = world.task
    try:
        timetable = timetable_of(task.terms) if task.spec.scheduled else None
        check_extensions(task.spec.extensions)
        firing = choose(task, timetable, world.cronjob, _active(world))
        fired = timetable.resolved if timetable and firing.managed else None
        return timetable, firing, render(task, firing.native, fired), _ready(firing, timetable)
    except FieldError as error:
        reason = conditions.INVALID_SPEC
        if error.field.startswith(_SCHEDULE_FIELDS):
            reason = conditions.INVALID_SCHEDULE
        if error.field == "spec.timeZone":
            reason = conditions.INVALID_TIME_ZONE
        return None, None, None, Readiness(ok=False, reason=reason, message=str(error))


def _ready(firing: Firing, timetable: Timetable | None) -> Readiness:
    """Say what the task does, in words: whoever reads the condition sees what was understood."""
    words = f"{timetable.sentence}; " if timetable else ""
    who = "the operator fires" if firing.managed else "the CronJob stands"
    why = f", because {firing.message}" if firing.managed else ""
    return Readiness(ok=True, reason=conditions.RECONCILED, message=f"{words}{who}{why}")


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


@dataclass(slots=True)
class _Judged:
    endings: dict[str, Ending] = field(default_factory=dict)
    captures: list[Capture] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    wakes: list[datetime | None] = field(default_factory=list)


def _judge_runs(world: World, late: Set[str], bounds: Bounds) -> _Judged:
    judged = _Judged()
    for run in world.runs:
        ending = _ending(run, world)
        capture = capture_of(
            run,
            world.task.spec.logs.container,
            world.now,
            ended=ending is not None,
            late=run.job.uid in late,
        )
        if capture is not None:
            judged.captures.append(capture)
        if ending is None:
            judged.wakes.append(listen_time(run.job, world.now))
            continue
        attempt = next_attempt(run.job, run.pods, ending)
        if attempt is not None:
            ending = bounds.end(attempt)
        if attempt is not None and ending is None:
            judged.attempts.append(_as_shown(attempt, world.task))
        elif ending is not None and capture is None:
            judged.endings[run.job.run_id] = ending
    return judged


def _over(world: World, judged: _Judged) -> list[Run]:
    """List the runs whose last attempt has ended, with nothing left to be read of it."""
    ids = {*judged.endings, *(each.run_id for each in judged.attempts)}
    return [run for run in world.runs if run.job.run_id in ids]


def _as_shown(attempt: Attempt, task: ScheduledTask) -> Attempt:
    """Keep to the due time that the status shows: a pod that is gone tells less of its end."""
    shown = next((each for each in task.status.pending if each.id == attempt.run_id), None)
    if shown is None or shown.attempt != attempt.number or shown.due is None:
        return attempt
    return replace(attempt, due=shown.due)


def _ending(run: Run, world: World) -> Ending | None:
    if not run.gone:
        return judge(run.job, run.pods)
    decided = judge(run.job, run.pods) if run.job.finished else None
    replaced = world.task.spec.concurrency_policy is ConcurrencyPolicy.REPLACE and any(
        other.created >= run.job.created and other.run_id != run.job.run_id for other in world.jobs
    )
    asked = run.job.annotations.get(identity.ENDING)
    return decided or judge_gone(run.pods, replaced=replaced, asked=asked, now=world.now)


def _running(world: World) -> tuple[JobFacts, ...]:
    return tuple(run.job for run in world.runs if not run.gone and judge(run.job, run.pods) is None)


def _active(world: World) -> tuple[JobFacts, ...]:
    """List the last Jobs of runs that go on, those that wait for an attempt included."""
    waiting = tuple(run.job for run in world.runs if waits(run.job, run.pods))
    return (*_running(world), *waiting)


def _known(world: World) -> set[str]:
    return {run.job.run_id for run in world.runs} | {job.run_id for job in world.recorded}


def _waiting(world: World) -> set[str]:
    here = {run.job.run_id for run in world.runs if waits(run.job, run.pods)}
    known = _known(world)
    return here | {each.id for each in world.task.status.pending if each.id not in known}


def _bounds(world: World, cancelled: Set[str]) -> Bounds:
    try:
        return bounds_of(world.task, world.jobs, cancelled, world.now)
    except FieldError:
        return Bounds(cancelled, None, (), world.now)


def _answers(world: World) -> tuple[tuple[Answer, ...], datetime | None]:
    """Answer requests, and say when to look again at those that have to wait for a slot."""
    recorded = {job.run_id for job in world.recorded}
    recorded |= {entry.id for entry in world.task.status.history}
    answers = requests.answer(world.task, _active(world), recorded, world.now)
    acts = [each for each in answers if each.act in {Act.START, Act.SKIP}]
    if acts and world.cronjob and slot_at_hand(world.cronjob, world.jobs, world.now):
        return tuple(each for each in answers if each not in acts), world.now + RECHECK
    return answers, None


def _timeouts(world: World, cancelled: Set[str]) -> tuple[tuple[JobFacts, ...], datetime | None]:
    """Find runs past the task's timeout, and when the next will be."""
    timeout = world.task.spec.timeout_seconds if _readable_timeout(world.task) else None
    if timeout is None:
        return (), None
    ends = {
        job.uid: start + timedelta(seconds=timeout)
        for job in _running(world)
        if job.start_time is not None
        and (start := first_start(job)) is not None
        and identity.ENDING not in job.annotations
        and job.uid not in cancelled
    }
    late = tuple(job for job in _running(world) if ends.get(job.uid, world.now) < world.now)
    return late, min((end for end in ends.values() if end >= world.now), default=None)


def _readable_timeout(task: ScheduledTask) -> bool:
    try:
        return task.spec.timeout_seconds is not None
    except FieldError:
        return False
