"""The execution log: an entry for each state change of a run, found when the status changes.

`reconcile` asks `entries` what a new status says that the one before didn't; `controller/journal`
tells of it once the status is written. An entry holds names, times and verdicts, and nothing
that a container printed.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from cronwright.core.identity import slot_run_id, trace_id
from cronwright.core.plan import Plan, World
from cronwright.core.status import Outcome, new_gaps, new_records
from cronwright.model.base import Time
from cronwright.model.run import ActiveRun, Captured, PendingReason, RunRecord, Trigger, Verdict
from cronwright.model.status import Gap, Mode, TaskStatus
from cronwright.model.task import ScheduledTask

# A run that ended so is worth a look; what the policy or somebody asked for is not.
_WORTH_A_LOOK: Final = {Verdict.FAILED, Verdict.TIMED_OUT, Verdict.MISSED, Verdict.UNKNOWN}
_WORDS: Final = {
    Verdict.TIMED_OUT: "run timed out",
    Verdict.UNKNOWN: "how the run ended is unknown",
}


class Subject(NamedTuple):
    """What an entry is about: a task, its mode by its new status, and the time of the look."""

    task: ScheduledTask
    mode: Mode | None
    now: datetime


class Happening(StrEnum):
    """What happened."""

    STARTED = "Started"
    ENDED = "Ended"
    NOT_STARTED = "NotStarted"
    RETRY_DUE = "RetryDue"


def _render_instant(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(_render_instant, return_type=str)]


class Entry(BaseModel):
    """One line of the execution log."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timestamp: Instant = Field(description="When the operator noted it, in UTC.")
    level: Literal["info", "warning"] = Field(
        description="warning where the verdict is Failed, TimedOut, Missed or Unknown."
    )
    trace_id: str | None = Field(
        description="The run's id without dashes, which the run has in its TRACEPARENT; "
        "null for several slots in a row.",
        # Said, and not checked here: a line about what somebody has forged is better than none.
        json_schema_extra={"pattern": "^[0-9a-f]{32}$"},
    )
    task_name: str = Field(description="The task.")
    namespace: str = Field(description="The task's namespace.")
    run: str | None = Field(description="The run's Job; null where none was made.")
    slot: Time | None = Field(
        description="The time that the run was due; null for a manual one. The first of several "
        "slots in a row."
    )
    verdict: Verdict | None = Field(description="How it ended; null for a start.")
    message: str = Field(description="What happened, for people.")
    event: Happening = Field(
        description="What happened: Started, Ended, or NotStarted for slots and requests that "
        "had no run; RetryDue where a run waits for its next attempt."
    )
    mode: Mode | None = Field(default=None, description="Who fires the task's slots.")
    trigger: Trigger | None = Field(default=None, description="What started the run.")
    time: Time | None = Field(
        default=None,
        description="When the run started or ended, or is due again, by the cluster's clock, to "
        "the second.",
    )
    reason: str | None = Field(default=None, description="Why it ended so, in one word.")
    exit_code: int | None = Field(
        default=None, description="The exit code of the run's last attempt."
    )
    attempts: int | None = Field(default=None, description="How many attempts the run took.")
    duration_seconds: float | None = Field(
        default=None, description="How long the run took, from its start to its end."
    )
    captured: Captured | None = Field(
        default=None, description="How much of the outcome could be read: Full, Partial or Lost."
    )
    slot_to: Time | None = Field(default=None, description="The last of several slots in a row.")
    count: int | None = Field(default=None, description="How many slots had no run.")

    def render(self) -> str:
        """Write the entry as one line of JSON: the fields up to `event` always, others if known."""
        return self.model_dump_json(exclude_unset=True)

    @classmethod
    def make(cls, subject: Subject, event: Happening, **fields: Any) -> Self:
        """Make an entry; fields that are None are left out."""
        fields["mode"] = subject.mode
        known = {key: value for key, value in fields.items() if value is not None}
        verdict = known.get("verdict")
        return cls(
            timestamp=subject.now,
            level="warning" if verdict in _WORTH_A_LOOK else "info",
            task_name=subject.task.name,
            namespace=subject.task.namespace,
            event=event,
            **{"trace_id": None, "run": None, "slot": None, "verdict": None, **known},
        )


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
        *_retry_due(subject, old, status),
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


def _retry_due(subject: Subject, old: TaskStatus, status: TaskStatus) -> Iterable[Entry]:
    told = {(each.id, each.attempt) for each in old.pending}
    names = {run.id: run.name for run in status.active}
    for each in status.pending:
        if each.reason is PendingReason.RETRY and (each.id, each.attempt) not in told:
            yield Entry.make(
                subject,
                Happening.RETRY_DUE,
                trace_id=trace_id(each.id),
                run=names.get(each.id),
                slot=each.slot,
                message=f"attempt {each.attempt - 1} failed; the next is due",
                trigger=each.trigger,
                time=each.due,
                attempts=each.attempt - 1,
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
