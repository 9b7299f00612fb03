"""The execution log: an entry for each state change of a run, found when the status changes.

`reconcile` asks `entries` what a new status says that the one before didn't; `controller/journal`
tells of it once the status is written.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from cronwright.core.entry import Entry, Happening, Subject
from cronwright.core.history import new_records
from cronwright.core.identity import slot_run_id, trace_id
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan
from cronwright.core.status import new_gaps
from cronwright.core.world import World
from cronwright.model.run import ActiveRun, PendingReason, PendingRun, RunRecord, Trigger, Verdict
from cronwright.model.status import Gap, TaskStatus
from cronwright.model.task import ScheduledTask

_WORDS: Final = {
    Verdict.TIMED_OUT: "run timed out",
    Verdict.UNKNOWN: "how the run ended is unknown",
}


def entries(world: World, plan: Plan, outcome: Outcome, status: TaskStatus) -> tuple[Entry, ...]:
    """List what a status says that the one before it didn't, in the order in which it happened.

    A run that started and ended between two looks has an entry for each.
    """
    old = world.task.status
    if status == old:
        return ()
    subject = Subject(world.task, status.mode, world.now)
    records = new_records(world, plan, outcome)
    known = {run.id for run in old.active}
    begun: list[ActiveRun | RunRecord] = [run for run in status.active if run.id not in known]
    begun += [each for each in records if each.name and each.id not in known]
    return (
        *(_not_started(subject, gap) for gap in new_gaps(plan, outcome, old)),
        *(_started(subject, run) for run in sorted(begun, key=_start)),
        *_waiting(subject, old, status),
        *_ended(subject, records),
    )


def _start(run: ActiveRun | RunRecord) -> tuple[datetime, str]:
    assert run.start_time is not None  # noqa: S101 - whatever has a Job has started
    return run.start_time, run.id


def _started(subject: Subject, run: ActiveRun | RunRecord) -> Entry:
    return Entry.make(
        subject,
        Happening.STARTED,
        trace_id=trace_id(run.id),
        run=run.name,
        slot=run.slot,
        message="run started",
        trigger=run.trigger,
        time=run.start_time,
    )


def _ended(subject: Subject, records: Iterable[RunRecord]) -> Iterable[Entry]:
    for each in records:
        event = Happening.ENDED if each.name else Happening.NOT_STARTED
        what = "run" if each.name else "slot" if each.slot else "request"
        words = _WORDS.get(each.verdict, f"{what} {each.verdict.lower()}")
        took = None
        if each.name and each.start_time and each.completion_time:
            took = (each.completion_time - each.start_time).total_seconds()
        yield Entry.make(
            subject,
            event,
            trace_id=trace_id(each.id),
            run=each.name,
            slot=each.slot,
            verdict=each.verdict,
            message=f"{words}{_because(each)}",
            trigger=each.trigger,
            time=each.completion_time,
            reason=each.reason,
            exit_code=each.exit_code,
            attempts=each.attempts or None,
            duration_seconds=took,
            captured=each.captured,
        )


def _waiting(subject: Subject, old: TaskStatus, status: TaskStatus) -> Iterable[Entry]:
    told = {(each.id, each.reason, each.attempt) for each in old.pending}
    names = {run.id: run.name for run in status.active}
    for each in status.pending:
        if (each.id, each.reason, each.attempt) in told:
            continue
        again = each.reason is PendingReason.RETRY
        yield Entry.make(
            subject,
            Happening.RETRY_DUE if again else Happening.WAITING,
            trace_id=trace_id(each.id),
            run=names.get(each.id),
            slot=each.slot,
            message=_why(subject.task, each),
            trigger=each.trigger,
            time=each.due,
            reason=each.reason,
            attempts=each.attempt - 1 if again else None,
        )


def _why(task: ScheduledTask, waiting: PendingRun) -> str:
    if waiting.reason is PendingReason.RETRY:
        return f"attempt {waiting.attempt - 1} failed; the next is due"
    if waiting.reason is PendingReason.CATCH_UP:
        return "run waits for its turn among those that are made up for"
    group = task.spec.concurrency_group
    return "run waits for others to end" + (
        f", or for a place in the group {group}" if group else ""
    )


def _because(record: RunRecord) -> str:
    # The record's message may be the container's own words: it stays in the status.
    if record.verdict is Verdict.SUCCEEDED:
        return ""
    code = f", exit code {record.exit_code}" if record.exit_code else ""
    return f": {record.reason}{code}" if record.reason else code


def _not_started(subject: Subject, gap: Gap) -> Entry:
    several = gap.first != gap.last
    words = "slot" if gap.count == 1 else f"{gap.count} slots"
    return Entry.make(
        subject,
        Happening.NOT_STARTED,
        trace_id=None if several else trace_id(slot_run_id(subject.task.uid, gap.first)),
        slot=gap.first,
        verdict=gap.verdict,
        message=f"{words} {gap.verdict.lower()}: {gap.reason}",
        trigger=Trigger.SCHEDULE,
        reason=gap.reason,
        slot_to=gap.last if several else None,
        count=gap.count,
    )
