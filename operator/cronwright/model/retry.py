"""What users write about retries: `spec.retry`, read by `core.retry`."""

from typing import Annotated

from pydantic import Field

from cronwright.model.base import ResourceModel
from cronwright.model.duration import PATTERN


class Backoff(ResourceModel):
    """How long a run waits between two attempts."""

    initial: str = Field(
        default="10s", min_length=2, max_length=21, pattern=PATTERN,
        description="How long it waits after the first attempt.",
    )  # fmt: skip
    factor: float = Field(
        default=2.0, ge=1, le=10, description="By how much it waits longer each time."
    )
    max: str = Field(
        default="6m", min_length=2, max_length=21, pattern=PATTERN,
        description="How long it waits at most.",
    )  # fmt: skip


class Retry(ResourceModel):
    """Whether a failed run is tried again, and when."""

    limit: int = Field(
        ge=0, le=20,
        description="How many attempts may follow the first. Those that follow the loss of a Pod "
        "to its node (eviction, preemption, drain) don't count.",
    )  # fmt: skip
    backoff: Backoff | None = Field(
        default=None,
        description="How long to wait between attempts. Left out, the Job's own: 10s, twice as "
        "long each time, at most 6m.",
    )
    jitter: str | None = Field(
        default=None, min_length=2, max_length=21, pattern=PATTERN,
        description="By how much an attempt is put off at most, beside the backoff.",
    )  # fmt: skip
    on_exit_codes: list[Annotated[int, Field(ge=1, le=255)]] | None = Field(
        default=None, min_length=1, max_length=50,
        description="Only these exit codes are tried again. Left out, all are.",
    )  # fmt: skip
    on_reasons: list[Annotated[str, Field(min_length=1, max_length=64)]] | None = Field(
        default=None, min_length=1, max_length=20,
        description="Only failures of these reasons, as the record has them (OOMKilled, Error), "
        "are tried again. Beside onExitCodes either will do.",
    )  # fmt: skip

    @property
    def native(self) -> bool:
        """Whether the Job itself can do it."""
        return not (self.backoff or self.jitter or self.on_reasons)
