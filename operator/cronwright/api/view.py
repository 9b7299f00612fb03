"""How a task is shown: its state in one word, and what the operator knows of its runs.

`task_routes` answers with these. They are made of the JSON as it is stored, so records of a
newer operator are shown whole; `TaskView` and `TaskSummary` say what they hold.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cronwright.api.names import NAME_LABEL
from cronwright.api.timing import next_run_times, sentence
from cronwright.core.identity import BACKFILL_PREFIX, RUN_REQUEST_PREFIX
from cronwright.model.conditions import READY
from cronwright.model.run import ActiveRun, PendingReason, PendingRun, RunRecord, Verdict
from cronwright.model.spec import TaskSpec
from cronwright.model.status import Condition, Gap, Mode, Statistics, TaskStatus

_WITHOUT: Final = {Verdict.MISSED, Verdict.UNKNOWN}
_STATUS: Final = {name: field.description for name, field in TaskStatus.model_fields.items()}


class Word(StrEnum):
    """A task's state in one word."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class _View(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


class TaskSummary(_View):
    """A task in a list."""

    id: str = Field(description="The task's id: its resource's name.")
    name: str = Field(description="The name that it was given beside its id; else the id.")
    namespace: str = Field(description="Its namespace.")
    uid: str = Field(description="The UID of this very task; another of the same id has another.")
    labels: dict[str, str] = Field(description="Its labels.")
    created_at: datetime = Field(description="When it was registered.")
    status: Word = Field(
        description="pending before the first run, while a run or a backfill is requested that "
        "the operator has not answered, and while a run waits, but for a retry whose time has "
        "come; running while one is active; success where the last run succeeded; failed where it "
        "failed, timed out, was cancelled or replaced, or nothing is known of it, or where a later "
        "slot was missed, or nothing is known of that."
    )
    ready: bool | None = Field(
        description="Whether the operator has accepted it; null until the operator saw it."
    )
    schedule: str | None = Field(description="Its schedule as it was written.")
    time_zone: str = Field(description="The zone that the schedule counts in.")
    suspend: bool = Field(description="Whether no slot is run for now.")
    mode: Mode | None = Field(description=_STATUS["mode"])
    next_run_time: datetime | None = Field(description=_STATUS["next_run_time"])
    last_run_time: datetime | None = Field(description=_STATUS["last_run_time"])
    last_success_time: datetime | None = Field(description=_STATUS["last_success_time"])
    active_count: int = Field(description=_STATUS["active_count"])
    last_result: str | None = Field(description="The verdict of the last run.")


class TaskView(TaskSummary):
    """A task with its spec and the records of its runs."""

    spec: TaskSpec = Field(description="What runs, and when, with the defaults filled in.")
    sentence: str | None = Field(
        description="When it is due, in words; null where it only runs when it is asked to, or "
        "its times can't be read."
    )
    next_run_times: list[datetime] = Field(
        description="The next five times at which it is due; none while it is suspended."
    )
    gaps: list[Gap] = Field(description=_STATUS["gaps"])
    active: list[ActiveRun] = Field(description=_STATUS["active"])
    pending: list[PendingRun] = Field(description=_STATUS["pending"])
    last_run: RunRecord | None = Field(description=_STATUS["last_run"])
    last_failure: RunRecord | None = Field(description=_STATUS["last_failure"])
    history: list[RunRecord] = Field(description=_STATUS["history"])
    statistics: Statistics | None = Field(description=_STATUS["statistics"])
    counts: dict[str, int] = Field(description=_STATUS["counts"])
    conditions: list[Condition] = Field(description=_STATUS["conditions"])


class TaskList(_View):
    """A page of tasks."""

    items: list[TaskSummary] = Field(description="The tasks, in the order of their ids.")
    token: str | None = Field(
        alias="continue", description="What to send as continue for the next page; null at the end."
    )


def task_summary(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a stored task as a `TaskSummary` shows it."""
    metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
    labels = metadata.get("labels") or {}
    return {
        "id": metadata["name"],
        "name": labels.get(NAME_LABEL, metadata["name"]),
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "labels": labels,
        "createdAt": metadata["creationTimestamp"],
        "status": status_word(metadata.get("annotations") or {}, status, now),
        "ready": _ready(status),
        "schedule": _schedule(spec),
        "timeZone": spec.get("timeZone"),
        "suspend": spec.get("suspend", False),
        "mode": status.get("mode"),
        "nextRunTime": status.get("nextRunTime"),
        "lastRunTime": status.get("lastRunTime"),
        "lastSuccessTime": status.get("lastSuccessTime"),
        "activeCount": status.get("activeCount", 0),
        "lastResult": (status.get("lastRun") or {}).get("verdict"),
    }


def task_view(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a stored task as a `TaskView` shows it."""
    status = body.get("status") or {}
    return {
        **task_summary(body, now),
        "spec": body.get("spec") or {},
        "sentence": sentence(body),
        "nextRunTimes": next_run_times(body, now),
        "gaps": status.get("gaps", []),
        "active": status.get("active", []),
        "pending": status.get("pending", []),
        "lastRun": status.get("lastRun"),
        "lastFailure": status.get("lastFailure"),
        "history": status.get("history", []),
        "statistics": status.get("statistics"),
        "counts": status.get("counts", {}),
        "conditions": status.get("conditions", []),
    }


def status_word(annotations: Mapping[str, str], status: Mapping[str, Any], now: datetime) -> Word:
    """Say in one word how a task does.

    What waits counts before what runs: whoever asked for a run sees `pending` until it starts.
    Slots that were Missed, or of which nothing is known, count as runs that failed; those that were
    Skipped or Excluded change nothing.
    """
    asked = any(key.startswith((RUN_REQUEST_PREFIX, BACKFILL_PREFIX)) for key in annotations)
    if asked or any(_waits(each, now) for each in status.get("pending", ())):
        return Word.PENDING
    if status.get("activeCount") or status.get("active"):
        return Word.RUNNING
    last = status.get("lastRun")
    if _lacks_a_run(status, last):
        return Word.FAILED
    if last is None:
        return Word.PENDING
    return Word.SUCCESS if last.get("verdict") == Verdict.SUCCEEDED else Word.FAILED


def _waits(entry: Mapping[str, Any], now: datetime) -> bool:
    """Tell whether a run waits still: an attempt that has begun stays until its end is written."""
    begun = entry["reason"] == PendingReason.RETRY and datetime.fromisoformat(entry["due"]) <= now
    return not begun


def _lacks_a_run(status: Mapping[str, Any], last: Mapping[str, Any] | None) -> bool:
    """Tell whether a slot that should have had a run, and had none, came after the last run's.

    RFC 3339 times in UTC are in order as texts.
    """
    gaps = [each for each in status.get("gaps", ()) if each["verdict"] in _WITHOUT]
    ends = [each["to"] for each in gaps if each["count"]]
    since = (last.get("slot") or last.get("startTime") or "") if last else ""
    return max(ends, default="") > since


def _schedule(spec: Mapping[str, Any]) -> str | None:
    if spec.get("schedules"):
        return " | ".join(spec["schedules"])
    if spec.get("every"):
        return f"@every {spec['every']}"
    return spec.get("schedule") or spec.get("at")


def _ready(status: Mapping[str, Any]) -> bool | None:
    found = [each["status"] for each in status.get("conditions", ()) if each["type"] == READY]
    return found[0] == "True" if found else None
