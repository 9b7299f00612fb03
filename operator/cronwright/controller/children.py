"""The informers of a task's children: CronJobs, Jobs and Pods, found by their label.

What they see goes to the witness where the cluster may soon forget it, and to the queue where it
can matter to a decision. Most events of a run can't (a pod was scheduled, its container started):
leaving them out halves the work a run costs. One more reads the sizes of concurrency groups.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

from cronwright.controller.groups import Groups
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from cronwright.core import stall
from cronwright.core.facts import CronJobFacts, JobFacts, cronjob_facts, job_facts
from cronwright.core.group_sizes import CONFIG_MAP, GroupSizes, group_sizes
from cronwright.core.identity import TASK_LABEL
from cronwright.core.pod import PodFacts, Role, pod_facts
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.informer import Informer

Facts = TypeVar("Facts", CronJobFacts, JobFacts)


class Children:
    """The informers, feeding one queue."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        queue: WorkQueue[TaskKey],
        witness: Witness,
        groups: Groups,
        on_restored: Callable[[], Awaitable[None]],
    ) -> None:
        self._queue = queue
        self._witness = witness
        self._groups = groups
        where = namespace or None
        self.cronjobs: Informer[CronJobFacts] = Informer(
            client,
            paths.cronjobs(where),
            cronjob_facts,
            self._on_cronjob,
            label_selector=TASK_LABEL,
            on_restored=on_restored,
        )
        self.jobs: Informer[JobFacts] = Informer(
            client,
            paths.jobs(where),
            job_facts,
            self._on_job,
            label_selector=TASK_LABEL,
            on_restored=on_restored,
            index=lambda job: TaskKey(job.namespace, job.task),
        )
        self.pods: Informer[PodFacts] = Informer(
            client,
            paths.pods(where),
            pod_facts,
            self._on_pod,
            label_selector=TASK_LABEL,
            on_restored=on_restored,
            index=lambda pod: (pod.namespace, pod.job_uid),
        )
        self.sizes: Informer[GroupSizes] = Informer(
            client,
            paths.configmaps(where),
            group_sizes,
            groups.sizes_changed,
            field_selector=f"metadata.name={CONFIG_MAP}",
        )

    @property
    def all(self) -> tuple[Informer[Any], ...]:
        """List the informers."""
        return self.cronjobs, self.jobs, self.pods, self.sizes

    def _on_cronjob(self, old: CronJobFacts | None, new: CronJobFacts | None) -> None:
        seen = new or old
        if seen is not None and not _alike(old, new):
            self._queue.add(TaskKey(seen.namespace, seen.name))

    def _on_job(self, old: JobFacts | None, new: JobFacts | None) -> None:
        seen = new or old
        if seen is None:
            return
        self._groups.job_changed(old, new)
        if new is None:
            self._witness.job_gone(seen)
        if not (_alike(old, new) or _just_begun(old, new)):
            self._queue.add(TaskKey(seen.namespace, seen.task))

    def _on_pod(self, old: PodFacts | None, new: PodFacts | None) -> None:
        seen = new or old
        if seen is None or seen.job_uid is None:
            return
        if new is None or new.ended:
            self._witness.pod_seen(seen, gone=new is None)
        if new is None or _matters(old, new) or (old is None and self._comes_late(new)):
            self._queue.add(TaskKey(seen.namespace, seen.task))

    def _comes_late(self, pod: PodFacts) -> bool:
        """Tell whether a pod is not its Job's first, or came when it may have been missed."""
        jobs = self.jobs.select(TaskKey(pod.namespace, pod.task))
        first = len(self.pods.select((pod.namespace, pod.job_uid))) == 1
        return not first or any(
            job.uid == pod.job_uid and stall.comes_late(job, pod) for job in jobs
        )


def _alike(old: Facts | None, new: Facts | None) -> bool:
    return bool(old and new and replace(old, resource_version=new.resource_version) == new)


def _just_begun(old: JobFacts | None, new: JobFacts | None) -> bool:
    """Tell whether the Job controller has only noted a start that nobody counts from.

    A run that is bounded in time has a deadline in its Job as well.
    """
    if old is None or new is None or old.start_time or new.deadline is not None:
        return False
    return _alike(replace(old, start_time=new.start_time), new)


def _matters(old: PodFacts | None, new: PodFacts) -> bool:
    """Tell whether a pod's news can change a decision: an end, a deletion, a restart, a stall."""
    if old is None:
        return new.ended or new.deleting or _broken(new) is not None
    return _turns(old) != _turns(new) or stall.goes_on(old, new)


def _turns(pod: PodFacts) -> tuple[object, ...]:
    ends = [
        (each.restarts, each.ended)
        for each in pod.containers
        # An init container that succeeds, or a sidecar, changes nothing by its end.
        if each.role is Role.MAIN or (each.role is Role.INIT and each.exit_code)
    ]
    return pod.ended, pod.deleting, _broken(pod), ends


def _broken(pod: PodFacts) -> str | None:
    return pod.waiting.reason if pod.waiting and pod.waiting.broken else None
