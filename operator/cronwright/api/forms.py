"""The forms in which a caller may write a task, as models: what each field takes.

`submission` chooses the form and reads with it, `openapi` publishes it. Where the CRD would
leave a mistake for later (a schedule, a time zone), these refuse it at once.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from cronwright.api import names
from cronwright.core.backfill import DEFAULT_LIMIT, LIMIT_AT_MOST, Order
from cronwright.core.retry import written
from cronwright.model.duration import parse_duration
from cronwright.model.extensions import check_extensions
from cronwright.model.logs import Logs
from cronwright.model.parameter import PARAMETERS_AT_MOST, Parameter
from cronwright.model.retry import Backoff, Retry
from cronwright.model.spec import TaskSpec
from cronwright.schedule import load_zone

_STRICT: Final = ConfigDict(extra="forbid", validate_by_name=False)

_CHECKS: Final[Mapping[str, Callable[[Any], object]]] = {
    "time_zone": load_zone,
    "timeout": lambda value: parse_duration(value, "spec.timeout"),
    "extensions": check_extensions,
    "retry": written,
}


class StrictLogs(Logs):
    """`spec.logs`, with no field that isn't known."""

    model_config = _STRICT


class StrictParameter(Parameter):
    """One of `spec.parameters`, with no field that isn't known."""

    model_config = _STRICT


class StrictBackoff(Backoff):
    """`spec.retry.backoff`, with no field that isn't known."""

    model_config = _STRICT


class StrictRetry(Retry):
    """`spec.retry`, with no field that isn't known."""

    model_config = _STRICT
    backoff: StrictBackoff | None = Field(
        default=None, description=Retry.model_fields["backoff"].description
    )


class StrictSpec(TaskSpec):
    """The spec of a ScheduledTask, with no field that isn't known."""

    model_config = _STRICT
    logs: StrictLogs = Field(
        default=StrictLogs(), description=TaskSpec.model_fields["logs"].description
    )
    parameters: tuple[StrictParameter, ...] | None = Field(
        default=None,
        max_length=PARAMETERS_AT_MOST,
        description=TaskSpec.model_fields["parameters"].description,
    )

    retry: StrictRetry | None = Field(
        default=None, description=TaskSpec.model_fields["retry"].description
    )

    @field_validator(*_CHECKS)
    @classmethod
    def _check(cls, value: Any, info: ValidationInfo) -> Any:
        if value is not None and info.field_name:
            _CHECKS[info.field_name](value)
        return value


class ManifestMetadata(BaseModel):
    """The metadata of a task, as far as a caller may say it."""

    model_config = _STRICT
    name: str | None = Field(
        default=None,
        description="The task's name: at most 52 small letters, digits and dashes. Without an id "
        "it is the id; beside one it becomes the label cronwright.dev/name.",
    )
    namespace: str | None = Field(
        default=None, pattern=names.LABEL_PATTERN, max_length=names.LABEL_LENGTH,
        description="The task's namespace; else the query's, else the server's default.",
    )  # fmt: skip
    labels: dict[str, str] | None = Field(default=None, description="Labels of the task.")
    annotations: dict[str, str] | None = Field(default=None, description="Annotations of the task.")

    @field_validator("name")
    @classmethod
    def _check_name(cls, value: str | None) -> str | None:
        return None if value is None else names.task_name(value)


def _identifier(value: object) -> object:
    # A Snowflake may come as a number; True is an int to Python, and to nobody else.
    if isinstance(value, str | int) and not isinstance(value, bool):
        return names.task_id(value)
    return value


class TaskMetadata(ManifestMetadata):
    """The same, with an id."""

    id: Annotated[
        str | None, BeforeValidator(_identifier, json_schema_input_type=str | int | None)
    ] = Field(
        default=None,
        description="The task's id, which is its resource's name: a UUID, or a Snowflake in "
        "decimal. Given again with the same content, it is the same task.",
    )


class TaskWithSpec(TaskMetadata):
    """A task with its spec in one place."""

    spec: StrictSpec = Field(description="What runs, and when.")


class FlatTask(StrictSpec, TaskMetadata):
    """A task with the fields of its spec beside its name."""


class TaskManifest(BaseModel):
    """A ScheduledTask as `kubectl apply` takes it, in JSON."""

    model_config = _STRICT
    api_version: Literal["cronwright.dev/v1alpha1"] = Field(
        alias="apiVersion", description="The group and version, cronwright.dev/v1alpha1."
    )
    kind: Literal["ScheduledTask"] = Field(description="The kind, ScheduledTask.")
    metadata: ManifestMetadata = Field(
        default=ManifestMetadata(), description="What names the task, and where it belongs."
    )
    spec: StrictSpec = Field(description="What runs, and when.")


class RunRequest(BaseModel):
    """A request for a run."""

    model_config = _STRICT
    id: str | None = Field(
        default=None, pattern=names.REQUEST_PATTERN, max_length=names.LABEL_LENGTH,
        description="The request's id: 1 to 63 letters, digits, dashes, underscores and dots. "
        "The same id starts one run; left out, it is a new UUID.",
    )  # fmt: skip
    parameters: dict[str, Any] | None = Field(
        default=None,
        description="Values for the task's parameters by their names; what is left out takes its "
        "default.",
    )


class BackfillRequest(BaseModel):
    """A request for runs of slots that have passed."""

    model_config = _STRICT
    id: str | None = Field(
        default=None, pattern=names.REQUEST_PATTERN, max_length=names.LABEL_LENGTH,
        description="The backfill's id, as a run request's. The same id starts the same runs "
        "once; left out, it is a new UUID.",
    )  # fmt: skip
    first: str = Field(
        alias="from", description="The first instant of the span, such as 2026-01-31T00:00:00Z."
    )
    last: str | None = Field(
        default=None, alias="to", description="Its last instant; left out, now."
    )
    limit: int = Field(
        default=DEFAULT_LIMIT, ge=1, le=LIMIT_AT_MOST,
        description="How many slots at most, 1 to 100.",
    )  # fmt: skip
    order: Order = Field(default=Order.OLDEST_FIRST, description="OldestFirst, or NewestFirst.")
