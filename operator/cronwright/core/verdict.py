"""How a run ended, judged from facts alone.

A run is decided as soon as its pod's end leaves no attempt: the Job's own condition comes a
second or more later, and a CronJob under load keeps people waiting for it. Where the pod's end
can't decide alone (several pods, a failure policy), the Job's condition does. `plan` asks here;
`run` makes the record of the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.pod import PodFacts, Role
from cronwright.model.run import Verdict


@dataclass(frozen=True, slots=True)
class Ending:
    """A verdict with its cause."""

    verdict: Verdict
    reason: str
    message: str
    time: datetime


# What the operator notes on a Job that it ends, and what its run's record says of that.
_ENDINGS = {
    "timeout": (Verdict.TIMED_OUT, "Timeout", ""),
    "cancel": (Verdict.CANCELLED, "CancelRequested", ""),
    identity.REPLACED: (Verdict.REPLACED, "ConcurrencyReplace", "a newer run took its place"),
}


def made_room(time: datetime) -> Ending:
    """Give the end of a run whose place a newer one took."""
    return Ending(*_ENDINGS[identity.REPLACED], time)


def judge(job: JobFacts, pods: Sequence[PodFacts]) -> Ending | None:
    """Say how a Job that stands ended; None while it has not.

    `pods` are all that were seen of it, the gone ones as they last were, oldest first.
    """
    if job.finished is not None:
        return _by_condition(job, pods)
    if job.single_pod and not job.deleting and identity.ENDING not in job.annotations:
        return _by_pods(job, pods)
    return None


def _by_condition(job: JobFacts, pods: Sequence[PodFacts]) -> Ending:
    finished = job.finished
    assert finished is not None  # noqa: S101 - judge() has looked
    time = _pods_end(pods) or job.completion_time or finished.time
    if finished.succeeded:
        return Ending(Verdict.SUCCEEDED, "Completed", "", time)
    asked = _ENDINGS.get(job.annotations.get(identity.ENDING, ""))
    if asked is not None and _ended_by_us(job, pods):
        # The operator ends a run by shortening the Job's deadline: the annotation says why.
        return Ending(*asked, time)
    if finished.reason == "DeadlineExceeded":
        return Ending(Verdict.TIMED_OUT, finished.reason, finished.message, time)
    reason, message = _cause(job, pods)
    return Ending(Verdict.FAILED, reason or finished.reason, message or finished.message, time)


def _ended_by_us(job: JobFacts, pods: Sequence[PodFacts]) -> bool:
    """Tell whether a Job that was told to end failed because of it.

    Its controller may have deleted the pod for the deadline and not have got to write that down:
    it then finds a pod that has failed, one too many. Only what failed by itself denies it.
    """
    reason = job.finished.reason if job.finished else ""
    by_itself = sum(pod.phase == "Failed" and not pod.deleting for pod in pods)
    by_itself += sum(map(_restarts, pods))
    within = by_itself <= job.backoff_limit
    return reason == "DeadlineExceeded" or (reason == "BackoffLimitExceeded" and within)


def _by_pods(job: JobFacts, pods: Sequence[PodFacts]) -> Ending | None:
    succeeded = [pod for pod in pods if pod.phase == "Succeeded"]
    if succeeded and not succeeded[-1].deleting:
        return Ending(Verdict.SUCCEEDED, "Completed", "", _pods_end(pods) or succeeded[-1].created)
    failed = [pod for pod in pods if pod.phase == "Failed"]
    if any(not pod.ended for pod in pods) or len(failed) <= job.backoff_limit:
        return None
    if any(pod.deleting for pod in failed) or any(_restarts(pod) for pod in failed):
        return None  # drained or restarted in place: the Job counts these its own way
    end = _pods_end(pods)
    if end is None:
        return None  # refused by the node before it started: the Job's condition explains it
    reason, message = _cause(job, pods)
    return Ending(Verdict.FAILED, reason or "Error", message, end)


def judge_gone(
    pods: Sequence[PodFacts], *, replaced: bool, asked: str | None, now: datetime
) -> Ending | None:
    """Say how a Job ended that was deleted before its end was known; None while its pods run.

    A pod that had ended before it was told to go speaks for itself; one that was stopped by
    the deletion tells nothing of the task, whatever code it left with.
    """
    if any(not pod.ended for pod in pods):
        return None
    by_itself = [pod for pod in pods if pod.phase == "Succeeded" and not pod.deleting]
    time = _pods_end(pods) or now
    if by_itself:
        return Ending(Verdict.SUCCEEDED, "Completed", "", time)
    if asked is None and replaced:
        asked = identity.REPLACED
    if asked in _ENDINGS:
        return Ending(*_ENDINGS[asked], time)
    return Ending(Verdict.CANCELLED, "JobDeleted", "its Job was deleted while it ran", time)


def _restarts(pod: PodFacts) -> int:
    return sum(container.restarts for container in pod.containers)


def _pods_end(pods: Sequence[PodFacts]) -> datetime | None:
    """The moment at which the last container of the last attempt ended.

    Sidecars are ended after that, each within the grace period: that is no work of the run's.
    """
    ends = [
        each.ended
        for pod in pods
        for each in pod.containers
        if each.ended is not None and each.role is not Role.SIDECAR
    ]
    return max(ends, default=None)


def _cause(job: JobFacts, pods: Sequence[PodFacts]) -> tuple[str | None, str]:
    """What made the last attempt fail: the pod's own reason, else its failing container's.

    Of several that failed it is the one that counts. How sidecars ended decides nothing.
    """
    if not pods:
        return None, ""
    last = pods[-1]
    if last.reason:
        return last.reason, last.message or ""
    others = (each for each in last.containers if each.role is not Role.SIDECAR)
    for container in (last.counting(job.main_container), *others):
        if container is not None and container.exit_code:
            what = "init container" if container.role is Role.INIT else "container"
            message = f'{what} "{container.name}" exited with {container.exit_code}'
            return container.reason or "Error", message
    return None, last.message or ""
