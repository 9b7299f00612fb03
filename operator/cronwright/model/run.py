"""A run of a task, as the status tells of it: while it waits, while it is active, once it ended.

`status` carries these records; `core/run` makes them, and `core/verdict` says how a run ended.
"""

from enum import StrEnum

from pydantic import Field

from cronwright.model.base import ResourceModel, Time


class Verdict(StrEnum):
    """How a slot, or a run without one, ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    REPLACED = "Replaced"
    SKIPPED = "Skipped"
    EXCLUDED = "Excluded"
    MISSED = "Missed"
    UNKNOWN = "Unknown"


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "Schedule"
    MANUAL = "Manual"
    CATCH_UP = "CatchUp"


class PendingReason(StrEnum):
    """Why a run waits."""

    QUEUED = "Queued"
    RETRY = "Retry"
    CATCH_UP = "CatchUp"


class Captured(StrEnum):
    """How much of a run's outcome could be read before its pod was gone."""

    FULL = "Full"
    PARTIAL = "Partial"
    LOST = "Lost"


class RunRecord(ResourceModel):
    """What is known of one run that has ended, or of one slot that had none."""

    name: str | None = Field(default=None, description="The run's Job, its first if it had more.")
    id: str = Field(
        description="The run's id. Of a Job that the operator made: the UUIDv5 of the task's UID "
        "and the slot or request. Of any other: the Job's UID. Without dashes it is the trace id."
    )
    generation: int | None = Field(
        default=None, description="The task's generation that the run was made from."
    )
    version: str | None = Field(
        default=None, description="The task's version that the run was made from."
    )
    slot: Time | None = Field(
        default=None, description="The time that the run was due; a manual run has none."
    )
    trigger: Trigger = Field(description="What started the run.")
    verdict: Verdict = Field(description="How it ended.")
    start_time: Time | None = Field(default=None, description="When the run started.")
    completion_time: Time | None = Field(default=None, description="When the run ended.")
    attempts: int = Field(default=0, description="How many Pods, or restarts of one, it took.")
    exit_code: int | None = Field(default=None, description="The exit code of the last attempt.")
    reason: str | None = Field(
        default=None, description="Why it ended so, in one word, such as OOMKilled."
    )
    message: str | None = Field(default=None, description="Why it ended so, for people.")
    result: str | None = Field(
        default=None,
        description="What the container wrote as its termination message, at most 1 KiB.",
    )
    parameters: dict[str, str] | None = Field(
        default=None,
        description="The values of the task's parameters that the run had, as it found them in "
        "its environment; of many or long ones as much as fits into 512 bytes.",
    )
    captured: Captured | None = Field(
        default=None,
        description="How much of the outcome could be read before its Pod was gone: Full, "
        "Partial or Lost.",
    )
    log_tail: str | None = Field(
        default=None,
        description="The end of the last attempt's output, as spec.logs bounds it; never in "
        "history.",
    )


class ActiveRun(ResourceModel):
    """A run that has not ended."""

    name: str = Field(description="The run's Job.")
    id: str = Field(description="The run's id, as in its record.")
    slot: Time | None = Field(
        default=None, description="The time that the run was due; a manual run has none."
    )
    trigger: Trigger = Field(description="What started the run.")
    start_time: Time | None = Field(default=None, description="When the run started.")


class PendingRun(ResourceModel):
    """A run that is to start later."""

    id: str = Field(description="The run's id, as its record will have it.")
    reason: PendingReason = Field(
        description="Why it waits: Queued, for other runs to end; Retry, for its next attempt; "
        "CatchUp, for its turn among those that are made up for."
    )
    trigger: Trigger = Field(description="What asked for the run.")
    slot: Time | None = Field(
        default=None, description="The time that the run was due; a manual run has none."
    )
    request: str | None = Field(
        default=None, description="The id of the request or backfill that asked for it, if one did."
    )
    attempt: int = Field(default=1, description="Which attempt of the run is to start.")
    due: Time | None = Field(
        default=None,
        description="When it was due, jitter included, or asked for; of a retry, when it is due.",
    )
    parameters: dict[str, str] | None = Field(
        default=None,
        description="The values that its request gives for the task's parameters.",
    )
