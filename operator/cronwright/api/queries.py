"""What may stand in a query: the namespace, and of a list which part of it.

A parameter that isn't known is refused: a misspelt `namespace` would else act on another one.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from cronwright.api import names


class ScopeQuery(BaseModel):
    """The query of a request for one task."""

    model_config = ConfigDict(extra="forbid")
    namespace: str | None = Field(
        default=None, pattern=names.LABEL_PATTERN, max_length=names.LABEL_LENGTH,
        description="The task's namespace; else the server's default.",
    )  # fmt: skip


class DryRunQuery(ScopeQuery):
    """The query of a request that may be tried first."""

    dry_run: Literal["All"] | None = Field(
        default=None, alias="dryRun", description="All: only tell what would be done."
    )


class ListQuery(ScopeQuery):
    """The query of a list."""

    label_selector: str = Field(
        default="", max_length=4096, alias="labelSelector",
        description="Labels that the tasks must have, as kubectl takes them: team=shop,tier!=test.",
    )  # fmt: skip
    limit: int = Field(default=100, ge=1, le=500, description="How many tasks at most, 1 to 500.")
    token: str = Field(
        default="", max_length=4096, alias="continue",
        description="Where to go on: what the page before answered as continue.",
    )  # fmt: skip
