"""What a standby remembers, and when it has caught up."""

from datetime import datetime
from typing import Any, cast

import pytest

from cronwright.controller import standby as module
from cronwright.controller.gather import Sources
from cronwright.controller.intake import Intake
from cronwright.controller.queue import WorkQueue
from cronwright.controller.standby import BehindError, Standby
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.controller.witness import Witness
from cronwright.core.facts import JobFacts
from cronwright.core.identity import short_id
from cronwright.core.pod import PodFacts
from cronwright.kube.client import Client
from cronwright.kube.store import ObjectKey, Store
from tests.core.world import NOON, finished, job, pod

KEY = TaskKey("team", "report")
JOB = finished(job(), "Complete")


class Watched:
    """Stand in for the informers: records as they were put, and a version."""

    def __init__(self, **more: Any) -> None:
        self._store: Store[Any] = Store(lambda *_: None, **more)
        self.version = 0

    def seen(self) -> tuple[float, float]:
        return 0.0, 0.0

    def get(self, namespace: str, name: str) -> Any:
        return self._store.get(ObjectKey(namespace, name))

    def select(self, value: Any) -> list[Any]:
        return self._store.select(value)

    def put(self, record: Any) -> None:
        self._store.put(record)

    def remove(self, record: Any) -> None:
        self._store.remove(record)

    def all(self) -> list[Any]:
        return list(self._store)


class Listed:
    """Stand in for the API server's lists: versions by path."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.asked = 0

    async def list_pages(self, path: str, *_: Any) -> Any:
        self.asked += 1
        for name, version in self.versions.items():
            if path.endswith(name.partition("/")[0]):
                metadata = {"namespace": "team", "name": "report", "resourceVersion": str(version)}
                yield {
                    "metadata": {"resourceVersion": "20"},
                    "items": [{"metadata": metadata | {"name": name.partition("/")[2]}}],
                }


class Bench:
    """A standby with its surroundings."""

    def __init__(self) -> None:
        self.tasks, self.witness, self.lists = TaskStore(), Witness(), Listed()
        self.jobs = Watched(index=lambda each: TaskKey(each.namespace, each.task))
        self.pods = Watched(index=lambda each: (each.namespace, each.job_uid))
        sources = Sources(
            tasks=self.tasks,
            cronjobs=cast("Any", Watched()),
            jobs=cast("Any", self.jobs),
            pods=cast("Any", self.pods),
            witness=self.witness,
            generations={},
            intake=Intake(),
        )
        self.queue: WorkQueue[TaskKey] = WorkQueue()
        self.standby = Standby(cast("Client", self.lists), sources, self.queue, "", _now)

    def task(self, version: int = 7, **status: Any) -> None:
        """Let the watch tell of the task, with a status."""
        self.tasks.put({**_body(version), "status": status})

    def starts(self, of: JobFacts, *pods: PodFacts) -> None:
        self.jobs.put(of)
        for each in pods:
            self.pods.put(each)
            self.witness.pod_seen(each, gone=False)

    def goes(self, of: JobFacts) -> None:
        self.jobs.remove(of)
        self.witness.job_gone(of)

    @property
    def remembered(self) -> set[str]:
        return set(self.witness.of(KEY))


def _now() -> datetime:
    return NOON


def _body(version: int) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "report",
            "namespace": "team",
            "uid": "11111111-1111-4111-8111-111111111111",
            "generation": 1,
            "resourceVersion": str(version),
            "creationTimestamp": "2026-03-01T12:00:00Z",
        },
        "spec": {"schedule": "*/5 * * * *", "container": {"image": "busybox"}},
    }


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _recorded(of: JobFacts) -> dict[str, Any]:
    return {"recorded": [short_id(of.run_id)]}


async def test_what_has_no_record_yet_is_remembered(bench: Bench) -> None:
    bench.task()
    bench.starts(JOB, pod(JOB))
    await bench.standby.look(KEY)
    assert bench.remembered == {JOB.uid}

    bench.goes(JOB)
    await bench.standby.look(KEY)
    assert bench.witness.of(KEY)[JOB.uid].gone == JOB
    assert list(bench.witness.of(KEY)[JOB.uid].ended_pods) == [pod(JOB).uid]


async def test_what_the_leader_has_recorded_is_forgotten(bench: Bench) -> None:
    bench.task()
    bench.starts(JOB, pod(JOB))
    bench.task(8, **_recorded(JOB))
    await bench.standby.look(KEY)
    assert bench.remembered == set()


@pytest.mark.parametrize("heard_first", ["the Job's end", "the status"])
async def test_a_pruned_run_is_not_taken_for_one_without_a_record(
    bench: Bench, heard_first: str
) -> None:
    bench.task(8, **_recorded(JOB))
    bench.starts(JOB, pod(JOB))
    await bench.standby.look(KEY)
    # The leader prunes the Job and then drops its id from the status: two watches tell of it.
    if heard_first == "the status":
        bench.task(9)
        await bench.standby.look(KEY)
        bench.goes(JOB)
    else:
        bench.goes(JOB)
        await bench.standby.look(KEY)
        bench.task(9)
    await bench.standby.look(KEY)
    assert bench.remembered == set()


async def test_what_nobody_records_is_forgotten_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.task()
    bench.starts(JOB)
    bench.goes(JOB)
    await bench.standby.look(KEY)
    assert bench.remembered == {JOB.uid}
    assert bench.queue._later.keys() == {KEY}  # it comes again by itself

    monkeypatch.setattr(module, "_KEPT_SECONDS", 0.0)
    await bench.standby.look(KEY)
    assert bench.remembered == set()
    assert bench.standby._gone_since == {}


async def test_of_a_task_that_is_gone_nothing_is_left(bench: Bench) -> None:
    bench.task()
    bench.starts(JOB, pod(JOB))
    bench.task(8, **_recorded(JOB))
    await bench.standby.look(KEY)
    bench.tasks.remove(KEY, _body(8)["metadata"]["uid"])
    bench.goes(job("report-2"))
    await bench.standby.look(KEY)
    bench.goes(JOB)
    await bench.standby.look(KEY)
    assert (bench.remembered, bench.witness._recorded) == (set(), {})


@pytest.mark.parametrize(
    ("task_version", "job_version", "standing"),
    [
        pytest.param(6, 20, (), id="a task has changed"),
        pytest.param(7, 8, (), id="a Job has changed"),
        pytest.param(7, 20, (job("pruned", resource_version="19"),), id="a Job is gone"),
    ],
)
async def test_it_catches_up_before_it_leads(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    task_version: int,
    job_version: int,
    standing: tuple[JobFacts, ...],
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    bench.lists.versions = {"scheduledtasks/report": 7, "jobs/report-1": 9}
    bench.task(task_version)
    bench.jobs.version = job_version
    for each in standing:
        bench.jobs.put(each)
    with pytest.raises(BehindError):
        await bench.standby.catch_up()
    assert bench.lists.asked == 2 * module._LISTS

    bench.task(7)
    bench.jobs.version = 9
    for each in standing:
        bench.jobs.remove(each)
    bench.jobs.put(job("report-1", resource_version="9"))
    bench.jobs.put(job("new", resource_version="21"))
    await bench.standby.catch_up()
    assert bench.lists.asked == 2 * module._LISTS + 2


async def test_it_knows_the_tasks_whatever_jobs_there_are(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0.0)
    bench.lists.versions = {"scheduledtasks/report": 7, "jobs/report-1": 9}
    bench.task(6)
    with pytest.raises(BehindError):
        await bench.standby.know_tasks()
    bench.task(7)
    await bench.standby.know_tasks()
    assert bench.lists.asked == module._LISTS + 1
