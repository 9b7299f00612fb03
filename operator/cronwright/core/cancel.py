"""Requests to cancel: annotations on the task, each acted on once.

The HTTP API and people write `cancel.cronwright.dev/<run id>`, or `…/all`; `plan` takes from here
which runs end, `controller/reconcile` ends their Jobs, and only then takes the annotation off. The
Job carries the reason from the same patch on, so a crash in between forgets nothing.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.requests import refusal, requested_at
from cronwright.model.status import Verdict
from cronwright.model.task import ScheduledTask

ALL: Final = "all"
ENDING: Final = "cancel"  # what a Job's annotation says of why it is ended

_SECOND: Final = timedelta(seconds=1)  # creation times are cut to the second


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One request to cancel that was acted on; `refusal` says why it did nothing."""

    id: str
    value: str
    refusal: str = ""

    @property
    def annotation(self) -> str:
        """Name the annotation that carried it."""
        return identity.CANCEL_PREFIX + self.id

    @property
    def digest(self) -> str:
        """Tell this very request from a later one for the same run."""
        return hashlib.sha256(f"{self.id} {self.value}".encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Cancelling:
    """What is cancelled now: Jobs to end, runs that wait, and the requests that said so."""

    requests: tuple[Cancellation, ...] = ()
    jobs: tuple[JobFacts, ...] = ()
    waiting: frozenset[str] = frozenset()  # run ids


def cancel(
    task: ScheduledTask,
    running: Collection[JobFacts],
    waiting: Collection[str],
    ended: Collection[JobFacts],
    now: datetime,
) -> Cancelling:
    """Say what a task's requests to cancel end.

    `waiting` has the ids of runs that wait, `ended` the Jobs of those that have no record yet.
    A run that was asked for and has not begun is cancelled once it has: until then its request to
    cancel stays.
    """
    wanted = {
        identity.request_run_id(task.uid, key.removeprefix(identity.RUN_REQUEST_PREFIX))
        for key in task.annotations
        if key.startswith(identity.RUN_REQUEST_PREFIX)
    }
    requests: list[Cancellation] = []
    jobs: dict[str, JobFacts] = {}
    waits: set[str] = set()
    for key, value in task.annotations.items():
        if not key.startswith(identity.CANCEL_PREFIX):
            continue
        run_id = key.removeprefix(identity.CANCEL_PREFIX)
        time = requested_at(value)
        meant = _meant(run_id, running, time)
        waits_meant = set(waiting) if run_id == ALL else {run_id} & set(waiting)
        if run_id in wanted and not meant:
            continue
        reason = ""
        if not _acted_on(run_id, task, (*meant, *ended)):
            reason = refusal(time, now, "with the present time")
            if not reason and run_id != ALL and not meant and not waits_meant:
                reason = "no run of this id is active or waits; status.active has those that are"
        if not reason:
            jobs |= {job.uid: job for job in meant if identity.ENDING not in job.annotations}
            waits |= waits_meant
        requests.append(Cancellation(run_id, value, reason))
    return Cancelling(tuple(requests), tuple(jobs.values()), frozenset(waits))


def _meant(run_id: str, running: Iterable[JobFacts], time: datetime | None) -> list[JobFacts]:
    """List the Jobs that a request is about: of all, those that were there when it was made."""
    if run_id != ALL:
        return [job for job in running if job.run_id == run_id]
    return [job for job in running if time is not None and job.created < time + _SECOND]


def _acted_on(run_id: str, task: ScheduledTask, jobs: Iterable[JobFacts]) -> bool:
    """Tell whether a crash has only kept the annotation from being taken off."""
    asked = [job for job in jobs if job.run_id == run_id]
    ending = any(job.annotations.get(identity.ENDING) == ENDING for job in asked)
    return ending or _cancelled(run_id, task)


def _cancelled(run_id: str, task: ScheduledTask) -> bool:
    last = task.status.last_run
    records = [*task.status.history, *([last] if last else [])]
    return any(each.id == run_id and each.verdict is Verdict.CANCELLED for each in records)
