"""Cancelling runs: annotations on a task that ask for the graceful end of one run, or of all.

`plan` asks it at every look; `controller/reconcile` ends what runs, as it ends what is past its
timeout, and `status` records what only waited. The Job's own annotation remembers why it ends, so
nothing is forgotten by a crash in between.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from cronwright.core import identity
from cronwright.core.answer import Act, Answer
from cronwright.core.facts import JobFacts
from cronwright.core.request_time import is_meant, refusal, times_of
from cronwright.model.run import PendingRun
from cronwright.model.task import ScheduledTask


@dataclass(frozen=True, slots=True)
class Cancels:
    """The Jobs to be ended, the runs that wait no longer, and the answers to who asked."""

    jobs: tuple[JobFacts, ...] = ()
    waiting: tuple[PendingRun, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """Name the runs that wait no longer."""
        return frozenset(each.id for each in self.waiting)


def decide(
    task: ScheduledTask,
    running: Sequence[JobFacts],
    pending: Sequence[PendingRun],
    ended: Set[str],
    now: datetime,
) -> Cancels:
    """Decide what the annotations of a task cancel; `ended` has ids of runs with a record."""
    asked = times_of(task, identity.CANCEL_PREFIX)
    if not asked:
        return Cancels()
    # Of a request that stands, what was never let run is for `requests` to answer.
    asked_for = _requested(task)
    running = [job for job in running if not (job.halfway and job.run_id in asked_for)]
    jobs, waiting = dict[str, JobFacts](), dict[str, PendingRun]()
    answers: list[Answer] = []
    for target, time in asked.items():
        refused = refusal(time, now)
        if time is None or refused:
            answers.append(_answer(task, target, Act.REFUSE, refused))
            continue
        found = [job for job in running if is_meant(job.run_id, job.created, target, time)]
        queued = [each for each in pending if is_meant(each.id, each.due, target, time)]
        jobs |= {job.uid: job for job in found if identity.ENDING not in job.annotations}
        waiting |= {each.id: each for each in queued}
        if target == identity.CANCEL_ALL:
            # It waits for the requests of before to be answered, by which they are cancelled.
            if all(other is None or other > time for other in asked_for.values()):
                answers.append(_answer(task, target, Act.FORGET))
        elif found or queued or target in ended:
            answers.append(_answer(task, target, Act.FORGET))
        elif target not in asked_for:  # else it waits for that request to be answered
            message = "no run of this id is active or waits; status.active and status.pending "
            answers.append(_answer(task, target, Act.REFUSE, message + "have their ids"))
    return Cancels(tuple(jobs.values()), tuple(waiting.values()), tuple(answers))


def _requested(task: ScheduledTask) -> dict[str, datetime | None]:
    """Give the time of each request that stands, by the id of its run."""
    return {
        identity.request_run_id(task.uid, request_id): time
        for request_id, time in times_of(task, identity.RUN_REQUEST_PREFIX).items()
    }


def _answer(task: ScheduledTask, target: str, act: Act, message: str = "") -> Answer:
    run_id = identity.request_run_id(task.uid, identity.CANCEL_PREFIX + target)
    return Answer(target, act, run_id, message, prefix=identity.CANCEL_PREFIX)
