"""What the operator answers: the status of a ScheduledTask; `run` has the records of its runs.

core/ folds facts into a `TaskStatus`; `render` gives the dict that controller/ compares with
the stored one, and writes only where the two differ. So reading what was rendered and
rendering it again must give the same dict.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

from cronwright.model.base import ResourceModel, Time
from cronwright.model.run import ActiveRun, PendingRun, RunRecord, Verdict


class Mode(StrEnum):
    """Who fires the slots: the CronJob controller, or the operator itself."""

    NATIVE = "Native"
    MANAGED = "Managed"


class Gap(ResourceModel):
    """Slots that had no run, for one cause and close together."""

    first: Time = Field(
        alias="from",
        description="The first of the slots; others between the two may have had runs.",
    )
    last: Time = Field(alias="to", description="The last of the slots.")
    verdict: Verdict = Field(description="How they ended: Missed, Skipped, Excluded or Unknown.")
    reason: str = Field(description="Why, in one word.")
    count: int = Field(description="How many slots they are; 0 where that can't be told any more.")


class RequestRef(ResourceModel):
    """A request for a run, or for a backfill, that was answered a short while ago."""

    id: str = Field(
        description="The request's id, from its annotation; of a backfill the annotation's whole "
        "key, backfill.cronwright.dev/ID."
    )
    time: Time = Field(description="When it was answered.")


class BackfillProgress(ResourceModel):
    """A backfill whose slots are not all taken in yet."""

    id: str = Field(description="The backfill's id, from its annotation.")
    taken: int = Field(default=0, description="How many of its slots were taken in so far.")
    slot: Time | None = Field(default=None, description="The last of them.")


class CronJobRef(ResourceModel):
    """The CronJob as the operator left it."""

    generation: int = Field(
        description="The CronJob's generation after the last write; any other one is drift."
    )


class Statistics(ResourceModel):
    """What the kept history says in numbers."""

    runs: int = Field(
        description="How many runs of the history succeeded, failed or timed out; what somebody "
        "else ended is not counted."
    )
    timed_runs: int = Field(
        description="How many of them ended by themselves; the percentiles are of these."
    )
    p50_seconds: int | None = Field(
        default=None, description="Half of the runs took at most so many seconds."
    )
    p95_seconds: int | None = Field(
        default=None, description="95% of the runs took at most so many seconds."
    )
    success_rate: float = Field(description="The share of the runs that succeeded, 0 to 1.")
    failure_streak: int = Field(
        description="How many of the latest runs in a row failed or timed out."
    )


class ConditionStatus(StrEnum):
    """Whether a condition holds."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Condition(ResourceModel):
    """One aspect of the task's state, as tools for Kubernetes read it."""

    type: str = Field(description="Ready, LastRunSucceeded, Suspended or Stalled.")
    status: ConditionStatus = Field(description="Whether it holds: True, False or Unknown.")
    reason: str = Field(description="Why, in one word that stays the same over releases.")
    message: str = Field(description="Why, for people.")
    last_transition_time: Time = Field(description="Since when it has this status.")
    observed_generation: int | None = Field(
        default=None, description="The task's generation that this was found for."
    )


class TaskStatus(ResourceModel):
    """What the operator found and did; written by it alone."""

    observed_generation: int | None = Field(
        default=None, description="The task's generation that this status answers."
    )
    mode: Mode | None = Field(
        default=None,
        description="Who fires the slots: Native, the CronJob controller, also while the "
        "operator is away; Managed, the operator.",
    )
    mode_reason: str | None = Field(default=None, description="Why the task has this mode.")
    schedule: str | None = Field(
        default=None, description="The schedule as it is followed, with H resolved."
    )
    timetable: str | None = Field(
        default=None,
        description="What says when the task is due, as of accountedUntil: where it differs after "
        "a restart, the task was edited meanwhile.",
    )
    next_run_time: Time | None = Field(
        default=None, description="When the next run is due, jitter included."
    )
    accounted_until: Time | None = Field(
        default=None,
        description="Up to here each slot has its run or its verdict, or stands in pending; absent "
        "while the task is suspended or has no schedule.",
    )
    last_run_time: Time | None = Field(default=None, description="When the last run started.")
    last_success_time: Time | None = Field(
        default=None, description="When the last run that succeeded ended."
    )
    active: list[ActiveRun] = Field(
        default_factory=list, description="The runs that have not ended, the oldest 50 of them."
    )
    active_count: int = Field(
        default=0,
        description="How many runs have not ended, those that active has no room for included.",
    )
    pending: list[PendingRun] = Field(
        default_factory=list,
        description="The runs that are to start later, at most 50: queued ones, retries, and "
        "slots that are made up for.",
    )
    checkpoint: str | None = Field(
        default=None,
        description="What the last attempt that left one left as its checkpoint, at most 2 KiB; "
        "the next attempt or run finds it as CRONWRIGHT_CHECKPOINT.",
    )
    last_run: RunRecord | None = Field(default=None, description="The last run that ended.")
    last_failure: RunRecord | None = Field(
        default=None, description="The last run that ended otherwise than Succeeded."
    )
    history: list[RunRecord] = Field(
        default_factory=list,
        description="The runs that ended, newest first, at most spec.historyLimit of them.",
    )
    gaps: list[Gap] = Field(
        default_factory=list,
        description="Slots that had no run, newest first, at most 20 ranges.",
    )
    statistics: Statistics | None = Field(
        default=None,
        description="What the kept history says in numbers; computed when a run is recorded.",
    )
    counts: dict[str, int] = Field(
        default_factory=dict,
        description="How many runs ended, and slots had no run, with each verdict so far.",
    )
    cron_job: CronJobRef | None = Field(
        default=None, description="The CronJob as the operator left it."
    )
    conditions: list[Condition] = Field(
        default_factory=list,
        description="Ready and LastRunSucceeded, and while they are true, Suspended and Stalled.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    )
    requests: list[RequestRef] = Field(
        default_factory=list,
        description="The requests of the last 10 minutes, and the backfills that were taken in "
        "whole by then, none of which is answered twice.",
    )
    backfills: list[BackfillProgress] = Field(
        default_factory=list,
        description="The backfills whose slots are not all taken in yet.",
    )
    recorded: list[str] = Field(
        default_factory=list,
        description="The first 12 hexadecimal digits of the ids of runs whose Jobs still stand "
        "but which have left the history, so that none is recorded twice.",
    )

    def render(self) -> dict[str, Any]:
        """Return the status as the API server stores it: no nulls, no empty lists or mappings."""
        rendered = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {key: value for key, value in rendered.items() if value not in ("", [], {})}
