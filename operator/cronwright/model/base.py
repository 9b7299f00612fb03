"""What all models of the resource share: immutable, camelCase outside, snake_case inside."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.alias_generators import to_camel


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
