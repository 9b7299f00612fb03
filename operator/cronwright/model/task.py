"""One ScheduledTask, read from the JSON that the API server serves.

controller/ and api/ read every object through `ScheduledTask.from_body`: what users wrote (`spec`)
and what the operator answered (`status`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError

from cronwright.errors import FieldError
from cronwright.model.base import ResourceModel
from cronwright.model.spec import TaskSpec
from cronwright.model.status import TaskStatus
from cronwright.schedule import Terms

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

    @property
    def terms(self) -> Terms:
        """Give what the task says about when it is due."""
        return self.spec.terms(f"{self.namespace}/{self.name}", self.created)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a task from its JSON; FieldError where it doesn't hold to the CRD's schema.

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
        remedy = f"write what `kubectl explain scheduledtask.{field} --recursive` names"
        raise FieldError(path, first["input"], first["msg"], remedy) from error
