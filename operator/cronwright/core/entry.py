"""A line of the execution log, with its schema: the docs' table and JSON Schema are made from it.

`journal` makes them. A line holds names, times and verdicts, and nothing that a container printed.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from cronwright.model.base import Time
from cronwright.model.run import Captured, Trigger, Verdict
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask

# A run that ended so is worth a look; what the policy or somebody asked for is not.
_WORTH_A_LOOK: Final = {Verdict.FAILED, Verdict.TIMED_OUT, Verdict.MISSED, Verdict.UNKNOWN}


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
    WAITING = "Waiting"
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
    verdict: Verdict | None = Field(description="How it ended; null where it has not.")
    message: str = Field(description="What happened, for people.")
    event: Happening = Field(
        description="What happened: Started, Ended, or NotStarted for slots and requests that "
        "had no run; Waiting where one waits for its turn, RetryDue where a run waits for its "
        "next attempt."
    )
    mode: Mode | None = Field(default=None, description="Who fires the task's slots.")
    trigger: Trigger | None = Field(default=None, description="What started the run.")
    time: Time | None = Field(
        default=None,
        description="When the run started or ended, by the cluster's clock, to the second; when "
        "one that waits was due or asked for, or is due again.",
    )
    reason: str | None = Field(
        default=None,
        description="Why it ended so, in one word; of one that waits, why: Queued, CatchUp or "
        "Retry.",
    )
    exit_code: int | None = Field(
        default=None, description="The exit code of the run's last attempt."
    )
    attempts: int | None = Field(default=None, description="How many attempts the run took so far.")
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
