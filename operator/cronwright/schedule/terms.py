"""What a task says about when, as plain values: what `timetable.read` takes.

The resource's model is a layer above; whoever has a task puts its fields in here as they stand.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Dialect(StrEnum):
    """Whose reading of an expression counts."""

    KUBERNETES = "Kubernetes"
    SPRING = "Spring"
    QUARTZ = "Quartz"


class RepeatedTime(StrEnum):
    """When a wall time is due that a change of clock repeats."""

    TWICE = "Twice"
    FIRST = "First"
    LAST = "Last"


class SkippedTime(StrEnum):
    """What becomes of a wall time that a change of clock skips."""

    SKIP = "Skip"
    AFTER = "After"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Hold the fields of a task's spec that say when it is due.

    `seed` is "namespace/name", which `H` and the jitter are hashed from. `created` is what `every`
    counts from where there is no `start_at`.
    """

    schedule: str | None = None
    schedules: tuple[str, ...] = ()
    every: str | None = None
    at: str | None = None
    time_zone: str = "Etc/UTC"
    dialect: Dialect | None = None
    repeated_time: RepeatedTime | None = None
    skipped_time: SkippedTime | None = None
    start_at: str | None = None
    end_at: str | None = None
    jitter: str | None = None
    exclude: tuple[str, ...] = ()
    seed: str = ""
    created: datetime | None = None
