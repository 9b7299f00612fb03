"""Which slots are made up for after downtime: `spec.catchUp`, read by `core.catch_up`."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field

from cronwright.model.base import ResourceModel
from cronwright.model.duration import PATTERN, parse_duration


class CatchUpPolicy(StrEnum):
    """What becomes of slots that were missed while nobody could start them."""

    NONE = "None"
    LATEST = "Latest"
    ALL = "All"


class CatchUp(ResourceModel):
    """Which slots are made up for after downtime."""

    policy: CatchUpPolicy = Field(
        default=CatchUpPolicy.NONE,
        description="None: they are missed. Latest: the latest of them is run. All: as many of the "
        "latest as limit says are run, the oldest first.",
    )
    window: str | None = Field(
        default=None, min_length=2, max_length=21, pattern=PATTERN,
        description="How far back slots are made up for, such as 24h; without it any time.",
    )  # fmt: skip
    limit: int = Field(
        default=10, ge=1, le=50, description="How many slots are made up for at most, with All."
    )

    @property
    def most(self) -> int:
        """How many slots are made up for at most."""
        return {CatchUpPolicy.NONE: 0, CatchUpPolicy.LATEST: 1}.get(self.policy, self.limit)

    @property
    def reach(self) -> timedelta | None:
        """Return `window`; None where there is none, FieldError where it is no duration."""
        if self.window is None:
            return None
        return timedelta(seconds=parse_duration(self.window, "spec.catchUp.window"))
