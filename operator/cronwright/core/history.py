"""The history in a status: which runs are recorded now, and where their records stand.

`status` files what it says; the record of each run `record` makes.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cronwright.core.answer import Act
from cronwright.core.identity import short_id
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan
from cronwright.core.record import (
    cancelled_record,
    lost_record,
    record,
    skipped_record,
    waited_record,
)
from cronwright.core.world import World
from cronwright.model.run import PendingReason, RunRecord, Verdict

# Verdicts of a slot or request that started nothing: they are not a last run.
WITHOUT_RUN: Final = {Verdict.SKIPPED, Verdict.EXCLUDED}


def new_records(world: World, plan: Plan, outcome: Outcome) -> list[RunRecord]:
    """Make the records that the status doesn't have yet, in the order in which the runs ended."""
    logs = world.task.spec.logs
    # One that waited for its next attempt has a Job to tell of, or a name.
    cancelled = [each for each in plan.cancels.waiting if each.reason is not PendingReason.RETRY]
    # The Job of a request that is answered so, or waits no longer, was withdrawn, perhaps before a
    # crash: it never ran. Nor did one that is started now, and had a Job before.
    withdrawn = {a.run_id for a in outcome.answered if a.act in {Act.SKIP, Act.CANCEL}}
    withdrawn |= {each.id for each in cancelled} | {job.run_id for job in outcome.started}
    records = [
        record(run, plan.endings[run.job.run_id], logs)
        for run in world.runs
        if run.job.run_id in plan.endings
    ]
    status = world.task.status
    known = world.known | {each.id for each in status.history}
    known |= {job.run_id for job in outcome.started}
    known |= {each.active.id for each in plan.orphans}
    records += [
        waited_record(each.active, each.attempt.number - 1, each.ending)
        for each in plan.orphans
        if each.ending is not None
    ]
    records += [
        lost_record(each, world.now)
        for each in status.active
        if each.id not in known and short_id(each.id) not in status.recorded
    ]
    records = [each for each in records if each.id not in withdrawn]
    records += [
        skipped_record(each.run_id, each.reason, each.message, world.now)
        for each in outcome.answered
        if each.act is Act.SKIP
    ]
    records += [
        cancelled_record(each.pending, world.now)
        for each in outcome.answered
        if each.act is Act.CANCEL
    ]
    records += [cancelled_record(each, world.now) for each in cancelled]
    return sorted(records, key=_age)


def _age(entry: RunRecord) -> tuple[datetime, str]:
    assert entry.completion_time is not None  # noqa: S101 - every record has ended
    return entry.completion_time, entry.id


def filed(new: Sequence[RunRecord], old: Sequence[RunRecord], limit: int) -> list[RunRecord]:
    """Put new records into the history, newest first, as many as it may keep."""
    # Newest first by start; runs that end out of order are filed where they belong.
    entries = [*(each.model_copy(update={"log_tail": None}) for each in new), *old]
    entries.sort(key=lambda each: (each.start_time or each.completion_time, each.id), reverse=True)
    return entries[:limit]


def latest(new: Sequence[RunRecord], old: RunRecord | None) -> RunRecord | None:
    return max([*([old] if old else []), *new], key=_age, default=None)


def recorded_ids(
    world: World, records: Sequence[RunRecord], history: Sequence[RunRecord]
) -> list[str]:
    """List the runs that have left the history while their Jobs stand: none is recorded twice.

    Ids of Jobs that are gone stay until the next record: to drop them is not worth a write.
    """
    old = world.task.status
    shown = {each.id for each in history}
    if not records and shown == {each.id for each in old.history}:
        return old.recorded
    standing = {job.run_id for job in world.recorded} | {each.id for each in records if each.name}
    return sorted(short_id(each) for each in standing - shown)
