"""What the operator answers: the status of a ScheduledTask and the records of its runs.

core/ folds facts into a `TaskStatus`; `render` gives the dict that controller/ compares with
the stored one, and writes only where the two differ. So reading what was rendered and
rendering it again must give the same dict.
"""

from enum import StrEnum
from typing import Any

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


class Mode(StrEnum):
    """Who fires the slots: the CronJob controller, or the operator itself."""

    NATIVE = "Native"
    MANAGED = "Managed"


class Captured(StrEnum):
    """How much of a run's outcome could be read before its pod was gone."""

    FULL = "Full"
    PARTIAL = "Partial"
    LOST = "Lost"


class RunRecord(ResourceModel):
    name: str | None = None
    id: str
    generation: int | None = None
    version: str | None = None
    slot: Time | None = None
    trigger: Trigger
    verdict: Verdict
    start_time: Time | None = None
    completion_time: Time | None = None
    attempts: int = 0
    exit_code: int | None = None
    reason: str | None = None
    message: str | None = None
    result: str | None = None
    captured: Captured | None = None
    log_tail: str | None = None


class ActiveRun(ResourceModel):
    name: str
    id: str
    slot: Time | None = None
    trigger: Trigger
    start_time: Time | None = None


class RequestRef(ResourceModel):
    id: str
    time: Time


class CronJobRef(ResourceModel):
    generation: int


class Condition(ResourceModel):
    type: str
    status: str
    reason: str
    message: str = ""
    last_transition_time: Time
    observed_generation: int | None = None


class TaskStatus(ResourceModel):
    observed_generation: int | None = None
    mode: Mode | None = None
    mode_reason: str | None = None
    schedule: str | None = None
    next_run_time: Time | None = None
    last_run_time: Time | None = None
    last_success_time: Time | None = None
    active: list[ActiveRun] = Field(default_factory=list)
    active_count: int = 0
    last_run: RunRecord | None = None
    last_failure: RunRecord | None = None
    history: list[RunRecord] = Field(default_factory=list)
    counts: dict[str, int] = Field(default_factory=dict)
    cron_job: CronJobRef | None = None
    conditions: list[Condition] = Field(default_factory=list)
    requests: list[RequestRef] = Field(default_factory=list)
    recorded: list[str] = Field(default_factory=list)

    def render(self) -> dict[str, Any]:
        """Return the status as the API server stores it: no nulls, nothing empty."""
        rendered = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {key: value for key, value in rendered.items() if value not in ("", [], {})}
