"""Puts together all that is known of one task: the `World` that `core.plan` decides on.

Everything comes from memory: the task store, the informers, the witness. `reconcile` calls it
first, and asks the API server nothing.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from cronwright.controller.intake import Intake
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.controller.witness import Testimony, Witness
from cronwright.core import checkpoint, retry
from cronwright.core.attempts import last_attempts
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.identity import RETRY, short_id
from cronwright.core.ledger import Sight
from cronwright.core.leftover import is_leftover
from cronwright.core.pod import PodFacts
from cronwright.core.run import Run
from cronwright.core.verdict import judge
from cronwright.core.world import World
from cronwright.kube.informer import Informer
from cronwright.model.task import ScheduledTask

_SETTLED: Final = 120.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts are kept."""

    tasks: TaskStore
    cronjobs: Informer[CronJobFacts]
    jobs: Informer[JobFacts]
    pods: Informer[PodFacts]
    witness: Witness
    intake: Intake
    # What each CronJob's generation was after our last write: a write whose status write failed
    # must not look like somebody else's.
    generations: dict[TaskKey, int]
    # Runs that have their record, of those whose Jobs may be tried again.
    closed: dict[TaskKey, frozenset[str]] = field(default_factory=dict)


def gather(sources: Sources, key: TaskKey, now: datetime) -> World | None:
    """Gather a task's world; None where the task is gone.

    FieldError where the stored task can't be read at all.
    """
    body = sources.tasks.get(key)
    if body is None:
        sources.closed.pop(key, None)
        return None
    task = ScheduledTask.from_body(body)
    known = {entry.id for entry in task.status.history}
    short = set(task.status.recorded)
    runs, recorded, leftovers = [], [], []
    put_off = sources.intake.put_off(key)
    testimonies = sources.witness.of(key)
    for job in _jobs(sources, key, testimonies):
        if is_leftover(job, task, put_off):
            leftovers.append(job)
        elif job.run_id in known or short_id(job.run_id) in short:
            recorded.append(job)
        else:
            runs.append(_run(sources, job, testimonies.get(job.uid) or Testimony()))
    closed = frozenset(job.run_id for job in recorded if RETRY in job.annotations)
    if closed != sources.closed.get(key, frozenset()):
        sources.closed[key] = closed
    return World(
        task=task,
        cronjob=sources.cronjobs.get(*key),
        runs=tuple(last_attempts(runs)),
        recorded=_standing(sources, recorded),
        leftovers=_standing(sources, leftovers),
        now=now,
        own_generation=sources.generations.get(
            key, task.status.cron_job.generation if task.status.cron_job else None
        ),
        sight=_sight(sources, now),
        put_off=put_off,
    )


def _sight(sources: Sources, now: datetime) -> Sight:
    since, until = (now - timedelta(seconds=age) for age in sources.jobs.seen())
    if sources.tasks.restored is None:
        return Sight(since, until)
    restored = now - timedelta(seconds=time.monotonic() - sources.tasks.restored)
    return Sight(max(since, restored), until, restored)


def is_settled(sources: Sources) -> bool:
    """Tell whether everything known is of one state: not while parts of it are set back.

    A task of the older state with Jobs of the newer one would have lost its runs.
    """
    restored = sources.tasks.restored
    if restored is None:
        return True
    age = time.monotonic() - restored
    informers = (sources.cronjobs, sources.jobs, sources.pods)
    return age > _SETTLED or all(min(each.seen()) < age for each in informers)


def is_behind(sources: Sources, world: World) -> bool:
    """Tell whether the status speaks of runs whose Jobs may stand and not be known yet.

    The list that an operator begins with may come from a server that is behind.
    """
    # A run that the status shows as active was let go, whatever an old Job says.
    seen = world.known - {job.run_id for job in world.leftovers}
    unseen = any(each.id not in seen for each in world.task.status.active)
    return unseen and sources.jobs.version < int(world.task.resource_version)


def active_jobs(sources: Sources, key: TaskKey, *, judged: bool) -> list[JobFacts]:
    """List a task's Jobs that have not ended; `judged` by their pods, else by their own word.

    A run that waits for its next attempt is active: its last Job stands for it.
    """
    going = (job for job in sources.jobs.select(key) if not job.deleting and not job.makes_room)
    jobs = [job for job in going if job.owner_uid]
    standing = [job for job in jobs if not job.finished]
    waiting = _waiting(sources, key, [job for job in jobs if RETRY in job.annotations])
    if not judged:
        return standing + [job for job in waiting if job.finished]
    testimonies = sources.witness.of(key)
    runs = [_run(sources, job, testimonies.get(job.uid) or Testimony()) for job in standing]
    return [run.job for run in runs if judge(run.job, run.pods) is None] + waiting


def checkpoint_now(sources: Sources, key: TaskKey) -> str | None:
    """Give the checkpoint that a run of a task finds if it starts now.

    A slot may be due in the moment in which a run has ended and nothing is written of it yet.
    """
    world = gather(sources, key, datetime.now(UTC))
    return checkpoint.latest(world.task, world.ended) if world else None


def _waiting(sources: Sources, key: TaskKey, jobs: list[JobFacts]) -> list[JobFacts]:
    if not jobs:
        return []
    testimonies, closed = sources.witness.of(key), sources.closed.get(key, frozenset())
    runs = [
        _run(sources, job, testimonies.get(job.uid) or Testimony())
        for job in jobs
        if job.run_id not in closed
    ]
    return [run.job for run in last_attempts(runs) if retry.waits(run.job, run.pods)]


def _jobs(sources: Sources, key: TaskKey, testimonies: dict[str, Testimony]) -> list[JobFacts]:
    # A label alone makes no child: whoever may create Jobs could forge a task's history.
    standing = [job for job in sources.jobs.select(key) if job.owner_uid is not None]
    here = {job.uid for job in standing}
    gone = [each.gone for uid, each in testimonies.items() if each.gone and uid not in here]
    return sorted([*standing, *gone], key=lambda job: (job.created, job.name))


def _standing(sources: Sources, jobs: Iterable[JobFacts]) -> tuple[JobFacts, ...]:
    return tuple(job for job in jobs if sources.jobs.get(job.namespace, job.name) is job)


def _run(sources: Sources, job: JobFacts, testimony: Testimony) -> Run:
    pods = dict(testimony.gone_pods)
    pods.update({pod.uid: pod for pod in sources.pods.select((job.namespace, job.uid))})
    pods.update({uid: pod for uid, pod in testimony.ended_pods.items() if uid in pods})
    return Run(
        job=job,
        pods=tuple(sorted(pods.values(), key=lambda pod: (pod.created, pod.name))),
        outputs=tuple(testimony.outputs.values()),
        settled=frozenset(testimony.settled),
        gone=testimony.gone is not None,
        words=dict(testimony.words),
    )
