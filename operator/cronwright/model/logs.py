"""How much of a run's output is kept, and whose: `spec.logs`, which `core.run` keeps to."""

from pydantic import Field

from cronwright.model.base import ResourceModel


class Logs(ResourceModel):
    """Bounds on the output that is kept, and whose it is."""

    tail_lines: int = Field(
        default=100, ge=1, le=1000, description="How many of the last lines are kept at most."
    )
    max_bytes: int = Field(
        default=4096, ge=1, le=16384,
        description="How many bytes of them are kept at most, as the status encodes them; the "
        "oldest lines give way.",
    )  # fmt: skip
    container: str | None = Field(
        default=None, min_length=1, max_length=63,
        description="The container whose output is kept, and if it is one of `containers`, whose "
        "exit code and result count. Left out, the one that the annotation "
        "kubectl.kubernetes.io/default-container names, else the first.",
    )  # fmt: skip
