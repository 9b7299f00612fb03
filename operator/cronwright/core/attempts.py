"""The attempts of a task's runs: which run waits for its next one, and which waits no more.

`plan` judges each run by its last Job and asks here what follows where that failed. A run that
waits is over without a Job to end where it was cancelled, its time is up, or a newer run has
taken its place.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cronwright.core.facts import JobFacts
from cronwright.core.retry import Attempt, attempt_of, from_status
from cronwright.core.run import Run
from cronwright.core.verdict import Ending, made_room
from cronwright.model.run import ActiveRun, PendingReason, PendingRun, Verdict
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask


@dataclass(frozen=True, slots=True)
class Bounds:
    """What ends a run that waits."""

    cancelled: Collection[str]  # run ids
    timeout: int | None
    replaced_by: Sequence[JobFacts]  # with concurrencyPolicy Replace: the Jobs of the task
    now: datetime

    def end(self, attempt: Attempt) -> Ending | None:
        """Say how a run ends that waits; None where it goes on waiting."""
        if attempt.run_id in self.cancelled:
            message = "it waited for its next attempt"
            return Ending(Verdict.CANCELLED, "CancelRequested", message, self.now)
        if self.timeout is not None:
            end = attempt.first_start + timedelta(seconds=self.timeout)
            if end <= self.now:
                return Ending(Verdict.TIMED_OUT, "Timeout", "it waited for its next attempt", end)
        newer = [
            job.created
            for job in self.replaced_by
            if job.run_id != attempt.run_id
            and attempt_of(job) == 1
            and job.created > attempt.first_start
        ]
        if newer:
            return made_room(min(newer))
        return None

    def wake(self, attempt: Attempt) -> datetime:
        """Say when to look again at a run that waits."""
        if self.timeout is None:
            return attempt.due
        return min(attempt.due, attempt.first_start + timedelta(seconds=self.timeout))


@dataclass(frozen=True, slots=True)
class Orphan:
    """A run that the status says waits, and whose Jobs are gone."""

    active: ActiveRun
    attempt: Attempt
    ending: Ending | None


def orphans(task: ScheduledTask, known: Collection[str], bounds: Bounds) -> tuple[Orphan, ...]:
    """Find the runs that wait and have no Job; `known` has the ids of runs that have one."""
    active = {each.id: each for each in task.status.active}
    found = []
    for pending in orphaned(task.status.pending, known):
        entry = active.get(pending.id)
        if entry is not None and entry.start_time is not None and pending.due is not None:
            attempt = from_status(pending, entry)
            found.append(Orphan(entry, attempt, bounds.end(attempt)))
    return tuple(found)


def orphaned(pending: Iterable[PendingRun], known: Collection[str]) -> list[PendingRun]:
    """Find the entries of runs that wait for their next attempt and have no Job.

    They are active, as those are whose last Job stands.
    """
    waiting = (each for each in pending if each.reason is PendingReason.RETRY)
    return [each for each in waiting if each.id not in known]


def bounds_of(
    task: ScheduledTask, jobs: Iterable[JobFacts], cancelled: Collection[str], now: datetime
) -> Bounds:
    """Put together what ends a task's runs that wait; FieldError where its timeout is none."""
    replaces = task.spec.concurrency_policy is ConcurrencyPolicy.REPLACE
    return Bounds(
        cancelled=cancelled,
        timeout=task.spec.timeout_seconds,
        replaced_by=tuple(jobs) if replaces else (),
        now=now,
    )


def last_attempts(runs: Iterable[Run]) -> list[Run]:
    """Make one of the Jobs of each run: its last attempt, which knows the earlier ones."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.job.run_id, []).append(run)
    found = []
    for group in groups.values():
        group.sort(key=lambda run: (attempt_of(run.job), run.job.created))
        *earlier, last = group
        found.append(last.after(tuple(run.job for run in earlier if not run.gone)))
    return found
