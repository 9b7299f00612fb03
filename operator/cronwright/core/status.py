"""The task's status, folded from what it was, what was gathered and what came of the plan.

`controller/reconcile` calls `fold` last and writes the result only where it differs from what
stands. A scheduled run changes it twice: when its Job is seen, and when it has ended.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cronwright.core import size
from cronwright.core.answer import Act
from cronwright.core.backlog import remaining
from cronwright.core.condition import conditions_of
from cronwright.core.firing import ACTIVE_AT_MOST
from cronwright.core.gaps import extend, taken_back
from cronwright.core.history import WITHOUT_RUN, filed, latest, new_records, recorded_ids
from cronwright.core.ledger import Span, excluded
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan, Step
from cronwright.core.request_time import REMEMBERED
from cronwright.core.run import active_run
from cronwright.core.statistics import statistics_of
from cronwright.core.world import World
from cronwright.model.run import ActiveRun, PendingReason, PendingRun, RunRecord, Verdict
from cronwright.model.status import CronJobRef, Gap, RequestRef, TaskStatus

_ACTED: Final = {Act.START, Act.QUEUE, Act.TAKEN, Act.SKIP, Act.CANCEL}


def fold(world: World, plan: Plan, outcome: Outcome) -> TaskStatus:
    """Fold everything into the status that should stand."""
    old, spec = world.task.status, world.task.spec
    records = new_records(world, plan, outcome)
    over = {each.id for each in records}
    active = [each for each in _active(world, plan, outcome) if each.id not in over]
    history = filed(records, old.history, spec.history_limit)
    last_run = latest([r for r in records if r.verdict not in WITHOUT_RUN], old.last_run)
    failures = [r for r in records if r.verdict not in {*WITHOUT_RUN, Verdict.SUCCEEDED}]
    settled = plan.step is not Step.WAIT
    progress = outcome.progress
    pending, _ = _remaining(plan, outcome)
    gaps = new_gaps(plan, outcome, old)
    old_gaps, old_counts = _taken_back(outcome, old)
    # A task that is refused after a restart is not followed, and goes on from there one day.
    kept = None if outcome.readiness.ok else old
    status = size.fit(
        TaskStatus(
            observed_generation=world.task.generation if settled else old.observed_generation,
            mode=plan.firing.mode if plan.firing else old.mode,
            mode_reason=plan.firing.reason if plan.firing else old.mode_reason,
            schedule=_schedule(world, plan),
            timetable=progress.digest if progress else kept and kept.timetable,
            next_run_time=progress.next_due if progress else None,
            accounted_until=progress.until if progress else kept and kept.accounted_until,
            last_run_time=_newest(
                [*(r.start_time for r in active), *(r.start_time for r in records)],
                old.last_run_time,
            ),
            last_success_time=_newest(
                [r.completion_time for r in records if r.verdict is Verdict.SUCCEEDED],
                old.last_success_time,
            ),
            # The oldest: one that has been listed stays so, and its start is told once.
            active=active[:ACTIVE_AT_MOST],
            active_count=len(active),
            pending=[*pending, *_pending(plan, outcome)],
            checkpoint=plan.checkpoint,
            last_run=last_run,
            last_failure=latest(failures, old.last_failure),
            history=history,
            gaps=extend(gaps, old_gaps),
            counts=_counts(records, gaps, old_counts),
            cron_job=_reference(outcome, old),
            conditions=conditions_of(world, plan, outcome.readiness, last_run),
            requests=_requests(world, outcome),
            backfills=list(plan.taken_in.progress),
        )
    )
    # After the fit: a run that had to leave the history for its size is recorded all the same.
    recorded = recorded_ids(world, records, status.history)
    # Computed anew only with a record: an upgrade, or a history cut short, is not worth a write.
    statistics = statistics_of(status.history) if records else old.statistics
    status = status.model_copy(update={"recorded": recorded, "statistics": statistics})
    return old if _only_attempts_began(status, old) else status


def _active(world: World, plan: Plan, outcome: Outcome) -> list[ActiveRun]:
    going = {
        run.job.run_id: active_run(run.job)
        for run in world.runs
        if run.job.run_id not in plan.endings
    }
    going |= {job.run_id: active_run(job) for job in outcome.started}
    going |= {each.active.id: each.active for each in plan.orphans if each.ending is None}
    return sorted(going.values(), key=lambda each: (each.start_time, each.name))


def _remaining(plan: Plan, outcome: Outcome) -> tuple[list[PendingRun], list[Gap]]:
    started = {job.run_id for job in outcome.started}
    return remaining(plan.backlog, started, outcome.put_off)


def _pending(plan: Plan, outcome: Outcome) -> list[PendingRun]:
    waiting = [each.pending for each in plan.attempts if each.run_id not in outcome.begun]
    return sorted(waiting, key=lambda each: (each.due, each.id))


def _only_attempts_began(status: TaskStatus, old: TaskStatus) -> bool:
    """Tell whether nothing has changed but that runs have begun the attempt they waited for.

    That is not worth a write: the entry goes when the run's next end is written.
    """
    entries = [each for each in old.pending if each not in status.pending]
    going = {each.id for each in status.active}
    return (
        bool(entries)
        and all(each.reason is PendingReason.RETRY and each.id in going for each in entries)
        and status.model_copy(update={"pending": old.pending}) == old
    )


def _newest(new: Sequence[datetime | None], old: datetime | None) -> datetime | None:
    return max((each for each in (*new, old) if each is not None), default=None)


def _schedule(world: World, plan: Plan) -> str | None:
    """Show the schedule as it is followed: a CronJob's in its own five fields.

    Of one that can't be read what is wrong is shown, unless an earlier one is followed still.
    """
    if plan.firing is None:
        return world.task.status.schedule or world.task.spec.schedule
    if plan.timetable is None:
        return None
    return plan.firing.native.schedule if plan.firing.native else plan.timetable.resolved


def new_gaps(plan: Plan, outcome: Outcome, old: TaskStatus) -> list[Gap]:
    """List the slots that have passed without a run since the status was last written.

    What calendars took out is counted only when the status is written for a slot that was not.
    """
    _, left_out = _remaining(plan, outcome)
    gaps = [*outcome.gaps, *plan.backlog.gaps, *left_out]
    progress, timetable = outcome.progress, plan.timetable
    if progress is None:
        return gaps
    start, end = old.accounted_until, progress.until
    if timetable and start and start < end and old.timetable == progress.digest:
        taken_out = excluded(timetable, Span(start, end))
        gaps += [taken_out] if taken_out else []
    return gaps


def _taken_back(outcome: Outcome, old: TaskStatus) -> tuple[list[Gap], dict[str, int]]:
    """Take back the verdicts of slots whose Jobs came very late: each has its run's."""
    gaps, counts = old.gaps, dict(old.counts)
    for slot in outcome.late:
        gaps, verdict = taken_back(gaps, slot)
        if verdict is not None:
            counts[verdict] = counts.get(verdict, 1) - 1
    return gaps, counts


def _counts(
    records: Sequence[RunRecord], gaps: Sequence[Gap], old: dict[str, int]
) -> dict[str, int]:
    counts = dict(old)
    for each in records:
        counts[each.verdict] = counts.get(each.verdict, 0) + 1
    for gap in gaps:
        counts[gap.verdict] = counts.get(gap.verdict, 0) + gap.count
    return {str(verdict): counts[verdict] for verdict in Verdict if counts.get(verdict)}


def _reference(outcome: Outcome, old: TaskStatus) -> CronJobRef | None:
    if outcome.written and outcome.cronjob is not None:
        return CronJobRef(generation=outcome.cronjob.generation)
    return old.cron_job


def _requests(world: World, outcome: Outcome) -> list[RequestRef]:
    acted = [each.remembered for each in outcome.answered if each.act in _ACTED]
    old = world.task.status.requests
    if not acted:
        return old  # what has expired goes with the next request, not in a write of its own
    fresh = [each for each in old if each.time > world.now - REMEMBERED]
    return [*fresh, *(RequestRef(id=each, time=world.now) for each in acted)]
