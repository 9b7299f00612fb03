"""What a `World` tells of slots that a CronJob's controller fires: the ledger's `Facts`.

The controller fires the latest slot that is due, looks back no further than to the last one that
it fired, and with `Forbid` waits for the run that is active (kubernetes pkg/controller/cronjob,
`mostRecentScheduleTime` and `syncCronJob`). `account` asks here before it asks the ledger.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.firing import DEADLINE_SECONDS
from cronwright.core.ledger import Facts, Span
from cronwright.core.plan import Plan
from cronwright.core.retry import attempt_of
from cronwright.core.run import slot_of, trigger_of
from cronwright.core.world import World
from cronwright.model import reasons
from cronwright.model.run import RunRecord, Trigger

_FORBID: Final = "Forbid"
_REPLACE: Final = "Replace"


def own_cronjob(world: World) -> CronJobFacts | None:
    """Give the task's CronJob, as it was before the plan was carried out; None without one."""
    cronjob = world.cronjob
    if cronjob is None or cronjob.deleting or cronjob.owner_uid != world.task.uid:
        return None
    return cronjob


def facts_of(world: World, plan: Plan, cronjob: CronJobFacts | None, since: datetime) -> Facts:
    """Gather the facts about the slots after `since`; `cronjob` is the one that was to fire them.

    Without one nothing was.
    """
    runs, fired = slots_with_runs(world), [_fired_slot(job) for job in _jobs(world)]
    seen = world.sight.until or world.now
    unwatched = _unwatched(world, cronjob, since)
    if cronjob is None:
        return Facts(seen, runs, missed=reasons.NO_CRON_JOB, unwatched=unwatched)
    seconds = cronjob.starting_deadline
    missed = reasons.SUPERSEDED if seconds is None else reasons.DEADLINE_PASSED
    return Facts(
        seen=seen,
        runs=runs,
        fired=max((slot for slot in fired if slot), default=None),
        passed=cronjob.last_schedule_time,
        deadline=None if seconds is None else timedelta(seconds=seconds),
        busy=_busy(world, plan) if cronjob.concurrency_policy == _FORBID else (),
        unwatched=unwatched,
        missed=reasons.SUSPENDED if cronjob.suspended else missed,
    )


def slots_with_runs(world: World) -> frozenset[datetime]:
    """List the slots that have a run or wait for one, as far as anything tells of them."""
    status = world.task.status
    slots = {slot_of(job) for job in _jobs(world)}
    records = (each for each in status.history if each.trigger is not Trigger.MANUAL)
    slots |= {each.slot for each in records} | {each.slot for each in status.active}
    waiting = (*status.pending, *world.put_off)
    slots |= {each.slot for each in waiting if each.request is None}
    return frozenset(slot for slot in slots if slot)


def late_slots(world: World, cursor: datetime) -> tuple[datetime, ...]:
    """List slots up to the cursor whose Jobs are only seen now: they had a verdict without one."""
    status = world.task.status
    if status.active_count > len(status.active):
        return ()  # what is not listed looks the same
    known = {each.id for each in status.active}
    slots = [_fired_slot(run.job) for run in world.runs if run.job.run_id not in known]
    return tuple(slot for slot in slots if slot and slot <= cursor)


def late_claims(world: World, plan: Plan) -> tuple[datetime, ...]:
    """List slots that were missed, and have a Job of the operator's after all.

    What an operator sent before it died may arrive when another one has given the slot up. It is
    told from a slot that was fired by its Job's age: nobody sends one past the deadline.
    """
    status, given = world.task.status, world.task.spec.starting_deadline_seconds
    cursor = status.accounted_until
    if cursor is None or plan.timetable is None:
        return ()
    deadline = timedelta(seconds=DEADLINE_SECONDS if given is None else given)
    deadline += plan.timetable.longest_spread
    known = {each.id for each in status.active} | {each.id for each in status.pending}
    fired = [
        (slot_of(run.job), run.job.created)
        for run in world.runs
        if run.job.run_id not in known
        and trigger_of(run.job) is Trigger.SCHEDULE
        and attempt_of(run.job) == 1
    ]
    return tuple(slot for slot, made in fired if slot and slot <= cursor and made > slot + deadline)


def _jobs(world: World) -> tuple[JobFacts, ...]:
    return (*(run.job for run in world.runs), *world.recorded)


def _fired_slot(job: JobFacts) -> datetime | None:
    """Give the slot of a Job that the CronJob controller made; those of ours are out of order."""
    return None if identity.RUN_ID in job.annotations else slot_of(job)


def _unwatched(world: World, cronjob: CronJobFacts | None, since: datetime) -> datetime | None:
    """Say up to where slots may have had Jobs that were deleted before anybody saw them.

    A CronJob's controller keeps the newest ones that have ended, each kind up to its limit, and
    the TTL counts from a run's end: of later slots the Jobs still stood when the watch began.
    """
    watched = world.sight.since
    if watched is None or since >= watched:
        return None
    if cronjob is None or cronjob.concurrency_policy == _REPLACE:
        return watched  # a run that made room leaves no Job
    done = [job for job in _jobs(world) if job.finished]
    well = [job for job in done if job.finished and job.finished.succeeded]
    ends = [
        _pruned_until(well, cronjob.succeeded_limit, watched),
        _pruned_until([job for job in done if job not in well], cronjob.failed_limit, watched),
    ]
    ends.append(world.sight.restored)
    if cronjob.created > since:
        ends.append(cronjob.created)  # another one of this name may have stood before it
    if cronjob.ttl is not None:
        ends.append(watched - timedelta(seconds=cronjob.ttl))
    return min(max((each for each in ends if each), default=since), watched)


def _pruned_until(kept: Sequence[JobFacts], limit: int, watched: datetime) -> datetime | None:
    """Say when the oldest of one kind was started, where older ones were not kept."""
    if len(kept) < limit:
        return None
    return min((job.start_time or job.created for job in kept), default=watched)


def _busy(world: World, plan: Plan) -> tuple[Span, ...]:
    """List when runs were active that the controller knows of, those that overlap as one."""
    merged: list[Span] = []
    for span in sorted((*_spans_of_jobs(world, plan), *_spans_of_records(world))):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    return tuple(merged)


def _spans_of_jobs(world: World, plan: Plan) -> Iterator[Span]:
    """List the spans of Jobs; of one that somebody made by hand the controller only warns."""
    recorded = {job.uid for job in world.recorded}
    for job in _jobs(world):
        if identity.RUN_ID in job.annotations or trigger_of(job) is not Trigger.MANUAL:
            ending = plan.endings.get(job.run_id)
            if job.finished:
                yield Span(job.created, job.finished.time)
            elif job.uid not in recorded:
                yield Span(job.created, ending.time if ending else world.now)


def _spans_of_records(world: World) -> Iterator[Span]:
    for each in world.task.status.history:
        if each.start_time and each.completion_time and _counted(each, world.task.name):
            yield Span(each.start_time, each.completion_time)


def _counted(entry: RunRecord, task: str) -> bool:
    requested = entry.name == identity.request_job_name(task, entry.id)
    return entry.trigger is not Trigger.MANUAL or requested
