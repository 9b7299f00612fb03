"""What is to be done about one task: a pure decision over everything that was gathered.

`controller/gather` fills the `World`, `decide` turns it into a `Plan`, `controller/reconcile`
carries the plan out and lets `status` say what came of it. Every action of the operator has its
reason here, and none of them happens twice for the same facts.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from cronwright.core import identity, requests
from cronwright.core.cronjob import RenderedCronJob, render
from cronwright.core.facts import CronJobFacts, JobFacts, PodFacts
from cronwright.core.requests import Act, Answer
from cronwright.core.run import Run
from cronwright.core.slots import Timetable, slot_at_hand, unsettled_slot
from cronwright.core.verdict import Ending, judge, judge_gone
from cronwright.errors import FieldError
from cronwright.model import conditions
from cronwright.model.extensions import check_extensions
from cronwright.model.task import ConcurrencyPolicy, ScheduledTask

# `status.recorded` names kept Jobs that have left the history: its size needs a bound.
KEPT_AT_MOST: Final = 200
RECHECK: Final = timedelta(seconds=0.5)
# A Job past its deadline deletes its pods at once: whoever wants their last words listens before.
DEADLINE_LEAD: Final = timedelta(seconds=2)


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
        return (*(run.job for run in self.runs if not run.gone), *self.recorded)


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
class Capture:
    """One attempt's log to be read; `follow` keeps reading until the container ends."""

    pod: PodFacts
    container: str
    restarts: int
    follow: bool = False
    previous: bool = False

    @property
    def attempt(self) -> tuple[str, int]:
        """Identify the attempt."""
        return self.pod.uid, self.restarts


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in the order of the fields; `endings` are the records that are due."""

    step: Step
    readiness: Readiness
    timetable: Timetable | None
    rendered: RenderedCronJob | None
    captures: tuple[Capture, ...]
    timeouts: tuple[JobFacts, ...]
    answers: tuple[Answer, ...]
    endings: Mapping[str, Ending] = field(default_factory=dict)  # by run id
    prunes: tuple[JobFacts, ...] = ()
    wake: datetime | None = None


READY: Final = Readiness(ok=True, reason=conditions.RECONCILED, message="the CronJob stands")


def decide(world: World) -> Plan:
    """Decide everything about a task for this moment."""
    timetable, rendered, readiness = _accept(world.task)
    step = _step(world, rendered) if rendered else Step.REFUSE
    timeouts, timeout_wake = _timeouts(world)
    endings, captures, waiting = _judge_runs(world, {job.uid for job in timeouts})
    answers, answer_wake = _answers(world) if step is Step.KEEP else ((), None)
    prunes, prune_wake = _prunes(world)
    wakes = [timeout_wake, prune_wake, answer_wake, *waiting]
    if step is Step.WAIT:
        wakes.append(world.now + RECHECK)
    return Plan(
        step=step,
        readiness=readiness,
        timetable=timetable,
        rendered=rendered,
        captures=captures,
        timeouts=timeouts,
        answers=answers,
        endings=endings,
        prunes=prunes,
        # A time that has passed brought us here: waking for it again would never end.
        wake=min((each for each in wakes if each is not None and each > world.now), default=None),
    )


def _accept(
    task: ScheduledTask,
) -> tuple[Timetable | None, RenderedCronJob | None, Readiness]:
    """Judge what the CRD can't: the zone, the schedule, the shape of the template."""
    try:
        timetable = None
        if task.spec.schedule is not None:
            timetable = Timetable.read(task.spec.schedule, task.spec.time_zone)
        check_extensions(task.spec.extensions)
        schedule = timetable.expression.native if timetable else None
        return timetable, render(task, schedule), READY
    except FieldError as error:
        reason = {
            "spec.schedule": conditions.INVALID_SCHEDULE,
            "spec.timeZone": conditions.INVALID_TIME_ZONE,
        }.get(error.field, conditions.INVALID_SPEC)
        return None, None, Readiness(ok=False, reason=reason, message=str(error))


def _step(world: World, rendered: RenderedCronJob) -> Step:
    cronjob, task = world.cronjob, world.task
    if cronjob is None or cronjob.deleting or cronjob.owner_uid != task.uid:
        return Step.CREATE
    drifted = world.own_generation != cronjob.generation
    if cronjob.template_hash == rendered.hash and not drifted:
        return Step.KEEP
    if not moves_slots(cronjob, rendered.spec):
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


def _judge_runs(
    world: World, late: Set[str]
) -> tuple[dict[str, Ending], tuple[Capture, ...], list[datetime | None]]:
    endings: dict[str, Ending] = {}
    captures: list[Capture] = []
    wakes: list[datetime | None] = []
    for run in world.runs:
        ending = _ending(run, world)
        capture = _capture(run, world, ended=ending is not None, late=run.job.uid in late)
        if capture is not None:
            captures.append(capture)
        elif ending is not None:
            endings[run.job.run_id] = ending
        if ending is None:
            wakes.append(_listen_time(run.job, world.now))
    return endings, tuple(captures), wakes


def _ending(run: Run, world: World) -> Ending | None:
    if not run.gone:
        return judge(run.job, run.pods)
    decided = judge(run.job, run.pods) if run.job.finished else None
    replaced = world.task.spec.concurrency_policy is ConcurrencyPolicy.REPLACE and any(
        other.created >= run.job.created and other.uid != run.job.uid for other in world.jobs
    )
    asked = run.job.annotations.get(identity.ENDING)
    return decided or judge_gone(run.pods, replaced=replaced, asked=asked, now=world.now)


def _capture(run: Run, world: World, *, ended: bool, late: bool) -> Capture | None:
    """Choose the log to read of a run: of its end, or of a container about to be taken away."""
    last = run.attempt(world.task.spec.logs.container)
    if last is None:
        return None
    pod, main = last
    if main.started is not None and (pod.uid, main.restarts) not in run.settled:
        threatened = late or pod.deleting or run.gone or identity.ENDING in run.job.annotations
        listen = _listen_time(run.job, world.now)
        if main.running and (threatened or (listen is not None and listen <= world.now)):
            return Capture(pod, main.name, main.restarts, follow=True)
        if not main.running and (ended or pod.ended or threatened):
            return Capture(pod, main.name, main.restarts)
    if main.restarts > 0 and (pod.uid, main.restarts - 1) not in run.settled and not pod.ended:
        # A Job deletes a pod that has restarted too often: each end is read while it can be.
        return Capture(pod, main.name, main.restarts - 1, previous=True)
    return None


def _listen_time(job: JobFacts, now: datetime) -> datetime | None:
    if job.deadline is None or job.start_time is None or job.suspended:
        return None
    listen = job.start_time + timedelta(seconds=job.deadline) - DEADLINE_LEAD
    return max(listen, job.start_time) if listen < now + timedelta(days=1) else None


def _running(world: World) -> tuple[JobFacts, ...]:
    return tuple(run.job for run in world.runs if not run.gone and judge(run.job, run.pods) is None)


def _answers(world: World) -> tuple[tuple[Answer, ...], datetime | None]:
    """Answer requests, and say when to look again at those that have to wait for a slot."""
    recorded = {job.run_id for job in world.recorded}
    recorded |= {entry.id for entry in world.task.status.history}
    answers = requests.answer(world.task, _running(world), recorded, world.now)
    acts = [each for each in answers if each.act in {Act.START, Act.SKIP}]
    if acts and world.cronjob and slot_at_hand(world.cronjob, world.jobs, world.now):
        return tuple(each for each in answers if each not in acts), world.now + RECHECK
    return answers, None


def _timeouts(world: World) -> tuple[tuple[JobFacts, ...], datetime | None]:
    """Find runs past the task's timeout, and when the next will be."""
    timeout = world.task.spec.timeout_seconds if _readable_timeout(world.task) else None
    if timeout is None:
        return (), None
    ends = {
        job.uid: job.start_time + timedelta(seconds=timeout)
        for job in _running(world)
        if job.start_time is not None and identity.ENDING not in job.annotations
    }
    late = tuple(job for job in _running(world) if ends.get(job.uid, world.now) < world.now)
    return late, min((end for end in ends.values() if end >= world.now), default=None)


def _readable_timeout(task: ScheduledTask) -> bool:
    try:
        return task.spec.timeout_seconds is not None
    except FieldError:
        return False


def _prunes(world: World) -> tuple[tuple[JobFacts, ...], datetime | None]:
    """Choose recorded Jobs beyond what the user keeps, the oldest first."""
    spec = world.task.spec
    done = [job for job in world.recorded if job.finished is not None and not job.deleting]
    prunes: list[JobFacts] = []
    for succeeded, limit in (
        (True, spec.successful_jobs_history_limit),
        (False, spec.failed_jobs_history_limit),
    ):
        kind = [job for job in done if job.finished and job.finished.succeeded is succeeded]
        kind.sort(key=lambda job: (job.created, job.name))
        prunes += kind[: max(0, len(kind) - min(limit, KEPT_AT_MOST))]
    expiries = _expiries(world, done)
    prunes += [
        job for job in done if job not in prunes and expiries.get(job.uid, world.now) < world.now
    ]
    wake = min((time for time in expiries.values() if time >= world.now), default=None)
    return tuple(prunes), wake


def _expiries(world: World, done: Iterable[JobFacts]) -> dict[str, datetime]:
    """Compute when Jobs expire whose TTL the user wants shorter than the one that stands."""
    template = world.task.spec.job_template or {}
    wanted = (template.get("spec") or {}).get("ttlSecondsAfterFinished")
    if not isinstance(wanted, int):
        return {}
    return {
        job.uid: job.finished.time + timedelta(seconds=wanted)
        for job in done
        if job.finished is not None and job.ttl is not None and job.ttl > wanted
    }
