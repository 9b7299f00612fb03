"""What is remembered of runs that the cluster no longer shows."""

from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from tests.core.world import job, pod

KEY = TaskKey("team", "report")
JOB = job()


def test_the_first_sight_of_an_end_is_kept() -> None:
    witness = Witness()
    ended = pod(JOB)
    witness.pod_seen(ended, gone=False)
    witness.pod_seen(pod(JOB, deleting=True), gone=True)
    seen = witness.of(KEY)[JOB.uid]
    assert seen.ended_pods == {ended.uid: ended}
    assert seen.gone_pods[ended.uid].deleting


def test_only_runs_without_a_record_are_remembered() -> None:
    witness = Witness()
    other = job("report-2")
    witness.job_gone(JOB)
    witness.job_gone(other)
    witness.forget(KEY, {JOB.uid})
    assert set(witness.of(KEY)) == {other.uid}
    witness.forget(KEY, {other.uid})
    assert witness.of(KEY) == {}


def test_asking_leaves_no_trace() -> None:
    witness = Witness()
    assert witness.of(KEY) == {}
    witness.forget(KEY, {JOB.uid})
