"""Runs that do not get going: when that is worth telling, and in whose words.

`plan` asks at every look, `condition` makes `Stalled` of the answer. What the pod itself doesn't
say, `controller/inquire` asks the cluster's Events for. A stall that stands in the status keeps
its words: it costs one write when it appears, and one when it goes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.core.facts import JobFacts
from cronwright.core.pod import PodFacts
from cronwright.core.run import Run
from cronwright.core.tail import cut
from cronwright.core.waiting import PREPARING, Waiting
from cronwright.model import conditions
from cronwright.model.status import Condition

# A cluster that grows when pods find no room takes its time; an image or a volume, more.
_TO_BE_PLACED: Final = timedelta(seconds=30)
_TO_BE_PREPARED: Final = timedelta(seconds=55)
_AT_ONCE: Final = timedelta(0)
_SKEW: Final = timedelta(seconds=5)  # between the clocks of those who set the times
_MESSAGE_BYTES: Final = 600


@dataclass(frozen=True, slots=True)
class Stall:
    """A run that does not get going.

    `message` is None until the Events of the object with that UID have been asked for more.
    """

    job: JobFacts
    uid: str
    reason: str
    message: str | None


@dataclass(frozen=True, slots=True)
class _Cause:
    uid: str
    reason: str
    head: str
    words: str | None  # the pod's own; None where only Events may have any
    remedy: str
    due: datetime


def stall_of(
    runs: Sequence[Run], shown: Condition | None, now: datetime
) -> tuple[Stall | None, datetime | None]:
    """Find the first run that stalls, and when to look at the others again.

    `runs` are those that go on, `shown` is the condition as it stands.
    """
    found: Stall | None = None
    wakes: list[datetime] = []
    for run in runs:
        for cause in _causes(run):
            if cause.due > now:
                wakes.append(cause.due)
            elif found is None:
                found = Stall(run.job, cause.uid, cause.reason, _message(cause, run, shown))
    return found, min(wakes, default=None)


def goes_on(old: PodFacts, new: PodFacts) -> bool:
    """Tell whether a pod no longer waits for what may have been told of."""
    if old.waiting is None or (new.waiting and new.waiting.reason == old.waiting.reason):
        return False
    starts = [each.started for each in new.containers if each.started is not None]
    since = new.waiting.since if new.waiting else max(starts, default=None)
    return since is None or since - old.waiting.since >= _patience(old.waiting) - _SKEW


def comes_late(job: JobFacts, pod: PodFacts) -> bool:
    """Tell whether a Job got its pod so late that this may have been told of."""
    return pod.created - (job.start_time or job.created) >= _TO_BE_PLACED - _SKEW


def _causes(run: Run) -> Iterator[_Cause]:
    job = run.job
    if run.gone or job.deleting or job.suspended or job.finished is not None:
        return
    if not run.pods and not job.pods_ended:
        yield _Cause(
            uid=job.uid,
            reason=conditions.POD_NOT_CREATED,
            head=f'run "{job.name}": its Job has no pod',
            words=None,
            remedy=f"kubectl describe job {job.name} may tell more",
            due=(job.start_time or job.created) + _TO_BE_PLACED,
        )
    for pod in run.pods:
        if pod.waiting is not None:
            yield _Cause(
                uid=pod.uid,
                reason=conditions.POD_NOT_STARTING,
                head=f'run "{job.name}": its pod "{pod.name}" is in {pod.waiting.reason}',
                words=pod.waiting.message or ("" if pod.waiting.broken else None),
                remedy=f"kubectl describe pod {pod.name} may tell more",
                due=pod.waiting.since + _patience(pod.waiting),
            )


def _patience(waiting: Waiting) -> timedelta:
    if waiting.broken:
        return _AT_ONCE
    return _TO_BE_PREPARED if waiting.reason in PREPARING else _TO_BE_PLACED


def _message(cause: _Cause, run: Run, shown: Condition | None) -> str | None:
    if shown is not None and shown.message.startswith(cause.head):
        return shown.message
    words = run.words.get(cause.uid) if cause.words is None else cause.words
    if words is None:
        return None
    return cut(f"{cause.head}: {words or cause.remedy}", _MESSAGE_BYTES)
