"""What users write: one ScheduledTask, read from the JSON that the API server serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from cronwright.errors import FieldError
from cronwright.model.base import ResourceModel
from cronwright.model.duration import parse_duration
from cronwright.model.status import TaskStatus


class ConcurrencyPolicy(StrEnum):
    """What happens to a slot that comes due while an earlier run is still active."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"


class Logs(ResourceModel):
    tail_lines: int = Field(default=100)
    max_bytes: int = Field(default=4096)
    container: str | None = None


class TaskSpec(ResourceModel):
    schedule: str | None = None
    time_zone: str = "Etc/UTC"
    starting_deadline_seconds: int | None = None
    concurrency_policy: ConcurrencyPolicy = ConcurrencyPolicy.ALLOW
    suspend: bool = False
    job_template: dict[str, Any] | None = None
    container: dict[str, Any] | None = None
    timeout: str | None = None
    successful_jobs_history_limit: int = 3
    failed_jobs_history_limit: int = 1
    history_limit: int = 20
    logs: Logs = Field(default_factory=Logs)
    extensions: dict[str, Any] | None = None
    version: str | None = None

    @property
    def timeout_seconds(self) -> int | None:
        """Return `timeout` in seconds; FieldError where it is no duration."""
        return None if self.timeout is None else parse_duration(self.timeout, "spec.timeout")


M = TypeVar("M", bound=ResourceModel)

_CREATED = TypeAdapter(datetime)


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """One task as one read of the API server showed it."""

    name: str
    namespace: str
    uid: str
    generation: int
    resource_version: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created: datetime
    deleting: bool
    spec: TaskSpec
    status: TaskStatus

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a task from its JSON; FieldError where its types are not the CRD's.

        A schedule or a time zone is not judged here: that shows as a condition of the task.
        """
        meta = body["metadata"]
        return cls(
            name=meta["name"],
            namespace=meta["namespace"],
            uid=meta["uid"],
            generation=meta.get("generation", 0),
            resource_version=meta["resourceVersion"],
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
            created=_CREATED.validate_python(meta["creationTimestamp"]),
            deleting="deletionTimestamp" in meta,
            spec=_read(TaskSpec, body.get("spec") or {}, "spec"),
            status=_read(TaskStatus, body.get("status") or {}, "status"),
        )


def _read(model: type[M], value: object, field: str) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join([field, *map(str, first["loc"])])
        remedy = "write what `kubectl explain scheduledtask.spec` names"
        raise FieldError(path, first["input"], first["msg"], remedy) from error
