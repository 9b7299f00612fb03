"""Which Jobs may go: those whose record stands, beyond the user's limits and past their TTL.

`plan` asks it at every look; `controller/reconcile` deletes what it names, after the status.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cronwright.core.facts import JobFacts
from cronwright.core.leftover import is_asked_for
from cronwright.core.run import slot_of
from cronwright.model.base import bounded
from cronwright.model.task import ScheduledTask

# `status.recorded` names kept Jobs that have left the history: its size needs a bound.
KEPT_AT_MOST: Final = 200
# For so long after its run a Job that is the claim to a slot or a request stays. A create of the
# same name by another operator may still be on its way, and must find it taken: nobody begins to
# lead before the last leader has ceased to send, what was sent arrives within 10 s or never
# (`kube/transport`), and the API server works on it for 10 s at most (`kube/client`). 10 s more are
# for clocks that differ.
CLAIM_STANDS: Final = timedelta(seconds=30)


def prune(
    task: ScheduledTask, recorded: Iterable[JobFacts], now: datetime
) -> tuple[tuple[JobFacts, ...], datetime | None]:
    """Choose recorded Jobs beyond what the user keeps, the oldest first.

    Gives the time of the next look as well, where a Job has to stand for a while yet.
    """
    spec = task.spec
    done = [job for job in recorded if job.finished is not None and not job.deleting]
    # The CronJob controller leaves none that was replaced, either: it would look like a failure.
    prunes = [job for job in done if job.makes_room]
    done = [job for job in done if not job.makes_room]
    for succeeded, limit in (
        (True, spec.successful_jobs_history_limit),
        (False, spec.failed_jobs_history_limit),
    ):
        kind = [job for job in done if job.finished and job.finished.succeeded is succeeded]
        kind.sort(key=lambda job: (job.created, job.name))
        prunes += kind[: max(0, len(kind) - min(limit, KEPT_AT_MOST))]
    expiries = _expiries(task, done)
    prunes += [job for job in done if job not in prunes and expiries.get(job.uid, now) < now]
    holds = {job.uid: _held_until(job, task, now) for job in prunes}
    free = tuple(job for job in prunes if holds[job.uid] <= now)
    wakes = [time for time in (*expiries.values(), *holds.values()) if time > now]
    return free, min(wakes, default=None)


def _held_until(job: JobFacts, task: ScheduledTask, now: datetime) -> datetime:
    """Say until when a Job must stand because its name is a claim."""
    if not job.is_claim or job.finished is None:
        return now
    slot, until = slot_of(job), task.status.accounted_until
    if (slot and until and slot > until) or is_asked_for(task, job):
        # After a crash this slot or request is looked at again; what is written next frees its Job.
        return now + CLAIM_STANDS
    return job.finished.time + CLAIM_STANDS


def _expiries(task: ScheduledTask, done: Iterable[JobFacts]) -> dict[str, datetime]:
    """Compute when Jobs expire whose TTL the user wants shorter than the one that stands."""
    job = (task.spec.job_template or {}).get("spec")
    wanted = job.get("ttlSecondsAfterFinished") if isinstance(job, dict) else None
    if not isinstance(wanted, int):
        return {}
    return {
        job.uid: job.finished.time + timedelta(seconds=bounded(wanted))
        for job in done
        if job.finished is not None and (job.ttl is None or job.ttl > wanted)
    }
