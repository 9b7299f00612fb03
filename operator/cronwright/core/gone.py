"""How a run ended whose Job was deleted before its end was known: replaced, or cancelled.

`plan` asks it. A run that makes room is deleted before the next one is created, whoever fires
them; without a pod that has to end first, the news of the one comes before that of the other.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.run import Run
from cronwright.core.verdict import Ending, judge, judge_gone
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.task import ScheduledTask

_PATIENCE: Final = timedelta(seconds=30)


def ending_of_gone(
    run: Run, task: ScheduledTask, jobs: Iterable[JobFacts], now: datetime
) -> Ending | None:
    """Say how a run whose Job is gone ended; None while it can't be told. `jobs` still stand."""
    decided = judge(run.job, run.pods) if run.job.finished else None
    if decided is not None:
        return decided
    replaced = task.spec.concurrency_policy is ConcurrencyPolicy.REPLACE and any(
        other.created >= run.job.created and other.run_id != run.job.run_id for other in jobs
    )
    if not replaced and is_replacing(task, now):
        return None
    asked = run.job.annotations.get(identity.ENDING)
    return judge_gone(run.pods, replaced=replaced, asked=asked, now=now)


def is_replacing(task: ScheduledTask, now: datetime) -> bool:
    """Tell whether a Job that is deleted now may be making room for one that is not seen yet.

    The status shows a slot as next until its Job is seen.
    """
    slot = task.status.next_run_time
    if slot is None or task.spec.concurrency_policy is not ConcurrencyPolicy.REPLACE:
        return False
    return slot <= now <= slot + _PATIENCE
