"""Jobs of requests that nobody will let run: they came after all had been said of their request.

A create that was sent before a crash may arrive when the request has had its answer from the next
operator: it was skipped, cancelled, or taken back. The Job is born suspended, so nothing of it ran;
but it would be active for ever. `gather` tells such Jobs from runs, and `plan` has them deleted.
"""

from collections.abc import Iterable

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.model.run import PendingRun
from cronwright.model.task import ScheduledTask


def is_leftover(job: JobFacts, task: ScheduledTask, put_off: Iterable[PendingRun]) -> bool:
    """Tell whether a Job waits to be let go by nobody; `put_off` are runs not in the status yet."""
    if not job.halfway or is_asked_for(task, job):
        return False
    if identity.BACKFILL_PREFIX + job.annotations[identity.REQUEST] in task.annotations:
        return False
    return all(each.id != job.run_id for each in (*task.status.pending, *put_off))


def is_asked_for(task: ScheduledTask, job: JobFacts) -> bool:
    """Tell whether the request of a Job's run stands: whoever comes next may act on it again."""
    request = job.annotations.get(identity.REQUEST, "")
    stands = identity.RUN_REQUEST_PREFIX + request in task.annotations
    return stands and job.run_id == identity.request_run_id(task.uid, request)
