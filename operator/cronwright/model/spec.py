"""What users write: the spec of a ScheduledTask.

The descriptions and bounds here go into the CRD (crd.py), so the API server has refused most of
what is wrong before `task` reads it. What is longer has a module of its own: `catch_up`, `logs`,
`parameter`, `retry`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from cronwright.model.base import ResourceModel, Seconds
from cronwright.model.catch_up import CatchUp
from cronwright.model.cel import CONTAINER, JOB_TEMPLATE, ONE_SCHEDULE, ONE_TEMPLATE, TIMEOUT
from cronwright.model.duration import PATTERN, PATTERN_WITH_DAYS, parse_duration
from cronwright.model.logs import Logs
from cronwright.model.parameter import PARAMETERS_AT_MOST, Parameter
from cronwright.model.retry import Retry
from cronwright.schedule import Dialect, RepeatedTime, SkippedTime, Terms


class ConcurrencyPolicy(StrEnum):
    """What happens to a slot that comes due while an earlier run is still active."""

    ALLOW = "Allow"
    FORBID = "Forbid"
    REPLACE = "Replace"
    QUEUE = "Queue"


class TaskSpec(ResourceModel):
    """What runs, when, and what is kept of it."""

    schedule: str | None = Field(
        default=None, min_length=1, max_length=256,
        description="When the task is due: a cron expression of 5 fields (minute, hour, day of "
        "month, month, day of week) as CronJob takes it, of 6 with seconds first, or of 7 with "
        "the year last; or a shorthand such as @daily or @every 90s. With none of schedule, "
        "schedules, every and at the task runs only when it is triggered.",
    )  # fmt: skip
    schedules: list[Annotated[str, Field(min_length=1, max_length=256)]] | None = Field(
        default=None, min_length=1, max_length=10,
        description="Up to 10 expressions in place of schedule; a time that two of them name is "
        "one slot.",
    )  # fmt: skip
    every: str | None = Field(
        default=None, min_length=2, max_length=27, pattern=PATTERN_WITH_DAYS,
        description="An interval in place of schedule, such as 90s, 1h30m or 2d, counted from "
        "startAt, or else from the task's creation.",
    )  # fmt: skip
    at: str | None = Field(
        default=None, min_length=1, max_length=64,
        description="One date-time in place of schedule: the task is due once. Written as "
        "2026-12-24T18:00:00Z, or without an offset, as wall time in timeZone.",
    )  # fmt: skip
    schedule_dialect: Dialect | None = Field(
        default=None,
        description="Whose reading of an expression counts: Kubernetes, Spring or Quartz takes "
        "it exactly as that system does. Left out, what they have in common is taken.",
    )
    time_zone: str = Field(
        default="Etc/UTC", min_length=1, max_length=64,
        description="The IANA name of the time zone that the schedule counts in, such as "
        "Europe/Berlin.",
    )  # fmt: skip
    repeated_time: RepeatedTime | None = Field(
        default=None,
        description="When a wall time is due that a change of clock repeats: Twice, First or "
        "Last. Left out, Twice; in the dialect Quartz, Last.",
    )
    skipped_time: SkippedTime | None = Field(
        default=None,
        description="What becomes of a wall time that a change of clock skips: Skip, or After, "
        "which is due as the change has passed. Left out, Skip.",
    )
    start_at: str | None = Field(
        default=None, min_length=1, max_length=64,
        description="The slots count from this date-time on, written as at is.",
    )  # fmt: skip
    end_at: str | None = Field(
        default=None, min_length=1, max_length=64,
        description="The slots count up to this date-time, written as at is.",
    )  # fmt: skip
    jitter: str | None = Field(
        default=None, min_length=2, max_length=27, pattern=PATTERN_WITH_DAYS,
        description="By how much a slot is put off at most, such as 5m, to spread load. The same "
        "slot of the same task is always put off by the same time.",
    )  # fmt: skip
    exclude: list[Annotated[str, Field(min_length=1, max_length=256)]] | None = Field(
        default=None, max_length=100,
        description="Calendars: slots that do not count. Each a date (2026-12-25), a range of "
        "them (2026-12-24/2027-01-01), or an expression whose days or times are left out "
        "(* * * * SAT,SUN).",
    )  # fmt: skip
    priority: int = Field(
        default=0,
        ge=-128,
        le=127,
        description="Who is started first when many are due at once: the greater number.",
    )
    starting_deadline_seconds: Seconds | None = Field(
        default=None,
        description="How many seconds late a run may start; a slot that is later than that is "
        "missed. Without it a slot may start late by any time in the mode Native, by 300 seconds "
        "in the mode Managed.",
    )  # fmt: skip
    concurrency_policy: ConcurrencyPolicy = Field(
        default=ConcurrencyPolicy.ALLOW,
        description="What happens to a slot that is due while a run is active: Allow starts it "
        "beside that run, Forbid skips it, Replace ends that run first, Queue lets it wait.",
    )
    max_queued: int = Field(
        default=10, ge=1, le=50,
        description="How many runs of the task wait at most, with Queue or a concurrencyGroup; "
        "what comes due beyond that is skipped.",
    )  # fmt: skip
    concurrency_group: str | None = Field(
        default=None, min_length=1, max_length=63, pattern="^[A-Za-z0-9][-A-Za-z0-9_.]*$",
        description="A group of tasks of the namespace that share a limit of active runs. What is "
        "due while the group is full waits. The limit stands in the ConfigMap "
        "cronwright-concurrency-groups, under the group's name, else in the operator's settings.",
    )  # fmt: skip
    catch_up: CatchUp = Field(
        default=CatchUp(),
        description="Which slots are made up for that passed their deadline while the operator or "
        "the API server was down.",
    )
    suspend: bool = Field(
        default=False,
        description="Whether no slot is to be run for now. Runs that are active go on, and the "
        "slots that pass meanwhile are not made up for.",
    )
    job_template: dict[str, Any] | None = Field(
        default=None,
        description="The Job of each run, as CronJob's jobTemplate. It is passed on whole. Write "
        "either this or container.",
        json_schema_extra=JOB_TEMPLATE,
    )
    container: dict[str, Any] | None = Field(
        default=None,
        description="In place of jobTemplate, the one container of each run, as a Pod's. It has "
        "one attempt and never restarts; its name is task unless it is given, and the end of its "
        "output is its message where it fails without one.",
        json_schema_extra=CONTAINER,
    )
    timeout: str | None = Field(
        default=None, min_length=2, max_length=21, pattern=PATTERN,
        description="How long a run may take in all, such as 90s or 1h30m. It then ends as "
        "TimedOut, after the Pod's grace period. Without it a run may take any time.",
        json_schema_extra=TIMEOUT,
    )  # fmt: skip
    retry: Retry | None = Field(
        default=None,
        description="Whether a failed run is tried again. With limit and onExitCodes alone the "
        "Job does it, and the task stays native; with more the operator does, a Job an attempt. "
        "Left out, jobTemplate's own backoffLimit counts, and a container is tried once.",
    )
    checkpoint: bool = Field(
        default=False,
        description="Whether what an attempt leaves as its checkpoint is handed to the next "
        "attempt and the next run. There is then a Job an attempt, the containers' "
        "terminationMessagePolicy is File, and a task that has a schedule is Managed.",
    )
    successful_jobs_history_limit: int = Field(
        default=3, ge=0, description="How many succeeded Jobs are left standing."
    )
    failed_jobs_history_limit: int = Field(
        default=1, ge=0, description="How many failed Jobs are left standing."
    )
    history_limit: int = Field(
        default=20, ge=0, le=50, description="How many runs status.history keeps."
    )
    logs: Logs = Field(
        default=Logs(), description="How much of a run's output is kept in the status."
    )
    parameters: tuple[Parameter, ...] | None = Field(
        default=None, max_length=PARAMETERS_AT_MOST,
        description="Named, typed inputs of a run, which it finds in its environment. A request "
        "may give their values, which are checked before the run starts and kept in its record.",
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
    )  # fmt: skip
    extensions: dict[str, Any] | None = Field(
        default=None,
        description="Free-form data, at most 8 KiB as JSON and 100 levels deep. It is "
        "stored, handed to each run as CRONWRIGHT_EXTENSIONS, and never interpreted.",
        json_schema_extra={"maxProperties": 64},
    )
    version: str | None = Field(
        default=None, min_length=1, max_length=63,
        description="The task's own version, in whatever form you number it. It is recorded with "
        "every run and handed to it as CRONWRIGHT_VERSION.",
    )  # fmt: skip

    model_config = ConfigDict(
        json_schema_extra={"x-kubernetes-validations": [*ONE_TEMPLATE, *ONE_SCHEDULE]}
    )

    def terms(self, seed: str, created: datetime | None) -> Terms:
        """Give what the spec says about when, for `schedule.read`.

        `seed` is "namespace/name"; it and `created` are left out where nothing depends on them,
        so that tasks with the same schedule share one timetable.
        """
        texts = (self.schedule or "", *(self.schedules or ()))
        hashed = self.jitter is not None or any("H" in text for text in texts)
        counted = self.every is not None or any(text.startswith("@") for text in texts)
        return Terms(
            schedule=self.schedule,
            schedules=tuple(self.schedules or ()),
            every=self.every,
            at=self.at,
            time_zone=self.time_zone,
            dialect=self.schedule_dialect,
            repeated_time=self.repeated_time,
            skipped_time=self.skipped_time,
            start_at=self.start_at,
            end_at=self.end_at,
            jitter=self.jitter,
            exclude=tuple(self.exclude or ()),
            seed=seed if hashed else "",
            created=created if counted else None,
        )

    @property
    def scheduled(self) -> bool:
        """Whether the task has slots at all."""
        return any((self.schedule, self.schedules, self.every, self.at))

    @property
    def job_an_attempt(self) -> bool:
        """Whether the operator makes each attempt, a Job of its own."""
        return self.checkpoint or (self.retry is not None and not self.retry.native)

    @property
    def timeout_seconds(self) -> int | None:
        """Return `timeout` in seconds; FieldError where it is no duration."""
        return None if self.timeout is None else parse_duration(self.timeout, "spec.timeout")
