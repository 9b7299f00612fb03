"""A run: its Job, its pods and its output, and what its Job says of how it came to be.

`controller/gather` puts it together, `verdict` says how it ended, `record` what stays of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.pod import ContainerFacts, LogKey, PodFacts
from cronwright.model.run import ActiveRun, Trigger


@dataclass(frozen=True, slots=True)
class Output:
    """What was read of one container's log."""

    log_key: LogKey
    text: str
    complete: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A Job with all that is known of it; pods oldest first, the gone ones as last seen."""

    job: JobFacts
    pods: tuple[PodFacts, ...]
    outputs: tuple[Output, ...] = ()
    settled: frozenset[LogKey] = frozenset()  # logs that are not waited for
    gone: bool = False
    words: Mapping[str, str] = field(default_factory=dict)  # of Events, by the UID of their object
    earlier: tuple[JobFacts, ...] = ()  # the Jobs of its earlier attempts that are known

    def after(self, earlier: tuple[JobFacts, ...]) -> "Run":
        """Give the same run with the Jobs of its earlier attempts."""
        return replace(self, earlier=earlier) if earlier else self

    def counting(self, container: str | None) -> tuple[PodFacts, ContainerFacts] | None:
        """Find the last attempt: its pod, and the container whose end counts.

        `container` is the one that the task names, if any.
        """
        for pod in reversed(self.pods):
            found = pod.counting(container, self.job.main_container)
            if found is not None:
                return pod, found
        return None

    def heard(self, container: str | None) -> tuple[PodFacts, ContainerFacts] | None:
        """Find the last attempt's container whose output is kept."""
        for pod in reversed(self.pods):
            found = pod.heard(container, self.job.main_container)
            if found is not None:
                return pod, found
        return None


def slot_of(job: JobFacts) -> datetime | None:
    """Read a Job's slot: the annotation that the CronJob controller leaves, in any zone."""
    return _time(job.annotations.get(identity.SCHEDULED_TIMESTAMP))


def _time(stamp: str | None) -> datetime | None:
    """Read an annotation; None also for what nobody can read: who makes Jobs may write anything."""
    try:
        return datetime.fromisoformat(stamp).astimezone(UTC) if stamp else None
    except (ValueError, OverflowError):
        return None


def due_of(job: JobFacts) -> datetime | None:
    """Read the time that a run was due; of a backfill's it is another run's slot as well."""
    return _time(job.annotations.get(identity.SLOT)) or slot_of(job)


def trigger_of(job: JobFacts) -> Trigger:
    """Say what started a Job: a slot, or somebody (`kubectl create job --from`, a request)."""
    noted = job.annotations.get(identity.TRIGGER)
    if noted in set(Trigger):
        return Trigger(noted)
    return Trigger.SCHEDULE if identity.SCHEDULED_TIMESTAMP in job.annotations else Trigger.MANUAL


def first_start(job: JobFacts) -> datetime | None:
    """Say when a run's first attempt started; None where its only one has not yet."""
    return _time(job.annotations.get(identity.FIRST_START)) or job.start_time


def active_run(job: JobFacts) -> ActiveRun:
    """Make the entry of a run that goes on.

    Its start is the Job's creation: the Job's own startTime comes an instant later, and would
    cost a second write for the same fact.
    """
    return ActiveRun(
        name=job.annotations.get(identity.FIRST_JOB, job.name),
        id=job.run_id,
        slot=due_of(job),
        trigger=trigger_of(job),
        start_time=first_start(job) if identity.FIRST_START in job.annotations else job.created,
    )
