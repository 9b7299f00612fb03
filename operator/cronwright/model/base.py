"""What all models of the resource share: immutable, camelCase outside, snake_case inside."""

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

# Longer than anything waits. Some centuries more, and neither datetime nor the nanoseconds of
# Kubernetes' own controllers have room for it.
_CENTURY: Final = 100 * 366 * 86_400


class ResourceModel(BaseModel):
    """Read the part of a manifest that this operator knows; leave the rest alone.

    Unknown fields are the API server's to refuse: it prunes what the CRD doesn't name, and a
    stored object may come from a newer version.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        extra="ignore",
        frozen=True,
    )


def render_time(time: datetime) -> str:
    """Write a time as Kubernetes does: UTC, whole seconds, `Z`."""
    # isoformat, for strftime takes twice as long and a status has some sixty times.
    return time.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(render_time, return_type=str)]


def bounded(seconds: int) -> int:
    """Take a number of seconds that is only too large, or below zero, for the nearest sound one."""
    return max(0, min(seconds, _CENTURY))


Seconds = Annotated[int, Field(ge=0), AfterValidator(bounded)]
