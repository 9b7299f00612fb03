"""What was seen of runs that the cluster may no longer show: last states, and logs read.

The informers and `collect` feed it, `gather` reads it. A run's entries go as soon as its record
stands in the status, so at rest it is empty.
"""

from collections import defaultdict
from collections.abc import Set
from dataclasses import dataclass, field

from cronwright.controller.tasks import TaskKey
from cronwright.core.facts import JobFacts
from cronwright.core.pod import LogKey, PodFacts
from cronwright.core.run import Output


@dataclass(slots=True)
class Testimony:
    """What was seen of one Job."""

    gone: JobFacts | None = None
    ended_pods: dict[str, PodFacts] = field(default_factory=dict)
    gone_pods: dict[str, PodFacts] = field(default_factory=dict)
    outputs: dict[LogKey, Output] = field(default_factory=dict)
    settled: set[LogKey] = field(default_factory=set)
    words: dict[str, str] = field(default_factory=dict)  # of Events, by the UID of their object


class Witness:
    """Remember, for runs without a record, what can't be looked up again."""

    def __init__(self) -> None:
        self._seen: defaultdict[TaskKey, dict[str, Testimony]] = defaultdict(dict)
        self._recorded: dict[TaskKey, set[str]] = {}

    def of(self, key: TaskKey) -> dict[str, Testimony]:
        """Give what was seen of a task's Jobs, by their UIDs."""
        return self._seen.get(key, {})

    def job_gone(self, job: JobFacts) -> None:
        """Remember a Job that was deleted, as it last was, unless its record was seen before."""
        key = TaskKey(job.namespace, job.task)
        marked = self._recorded.get(key, set())
        if job.uid not in marked:
            self._testimony(key, job.uid).gone = job
        elif marked := marked - {job.uid}:
            self._recorded[key] = marked
        else:
            del self._recorded[key]

    def pod_seen(self, pod: PodFacts, *, gone: bool) -> None:
        """Remember a pod that has ended or is gone.

        The first sight of its end is kept apart: a pod that is deleted later looks as if the
        deletion had stopped it.
        """
        if pod.job_uid is None:
            return
        testimony = self._testimony(TaskKey(pod.namespace, pod.task), pod.job_uid)
        if pod.ended and not pod.deleting:
            testimony.ended_pods.setdefault(pod.uid, pod)
        if gone:
            testimony.gone_pods[pod.uid] = pod

    def mark_recorded(self, key: TaskKey, uids: Set[str], standing: Set[str]) -> set[str]:
        """Note which of a task's Jobs have their records; give all of which that was noted.

        A standby hears of Jobs and of the status by different watches: when a Job goes, its record
        may have left the status already. So the mark stays for as long as the Job stands.
        """
        marked = (self._recorded.pop(key, set()) | set(uids)) & standing
        if marked:
            self._recorded[key] = marked
        return marked

    def settle(self, key: TaskKey, job_uid: str, log_key: LogKey, output: Output | None) -> None:
        """Remember what was read of a log; None where it could not be had."""
        testimony = self._testimony(key, job_uid)
        testimony.settled.add(log_key)
        if output is not None:
            testimony.outputs[log_key] = output

    def note_words(self, key: TaskKey, job_uid: str, uid: str, words: str) -> None:
        """Remember what Events say of a Job or of a pod of its; empty where they say nothing."""
        self._testimony(key, job_uid).words[uid] = words

    def forget(self, key: TaskKey, uids: Set[str]) -> None:
        """Forget those Jobs of a task."""
        seen = self._seen.get(key)
        if seen is None:
            return
        for uid in seen.keys() & uids:
            del seen[uid]
        if not seen:
            del self._seen[key]

    def _testimony(self, key: TaskKey, job_uid: str) -> Testimony:
        return self._seen[key].setdefault(job_uid, Testimony())
