"""A run's end, from every combination of facts that the cluster is known to show."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.pod import PodFacts
from cronwright.core.verdict import judge, judge_gone
from cronwright.model.run import Verdict
from tests.core.world import NOON, finished, job, pod

TWO_LATER = NOON + timedelta(seconds=2)


def failed(of: JobFacts, number: int) -> PodFacts:
    return pod(of, "Failed", pod_name=f"attempt-{number}")


JOB = job()
RETRIED = job(backoff_limit=2)

ENDED = job(annotations={identity.ENDING: "cancel"})

CASES: dict[str, tuple[JobFacts, list[PodFacts], tuple[Verdict, str] | None]] = {
    "a Job without pods goes on": (JOB, [], None),
    "a running pod goes on": (JOB, [pod(JOB, "Running")], None),
    "a pod's success decides before the Job's condition": (
        JOB,
        [pod(JOB)],
        (Verdict.SUCCEEDED, "Completed"),
    ),
    "a pod's failure decides where no attempt is left": (
        JOB,
        [pod(JOB, "Failed")],
        (Verdict.FAILED, "Error"),
    ),
    "a failure with attempts left goes on": (
        RETRIED,
        [failed(RETRIED, n) for n in (1, 2)],
        None,
    ),
    "the last attempt's failure decides": (
        RETRIED,
        [failed(RETRIED, n) for n in (1, 2, 3)],
        (Verdict.FAILED, "Error"),
    ),
    "a success after failures decides": (
        RETRIED,
        [failed(RETRIED, 1), pod(RETRIED)],
        (Verdict.SUCCEEDED, "Completed"),
    ),
    "several pods wait for the Job": (job(single_pod=False), [pod(JOB)], None),
    "a failing pod that is being deleted waits for the Job": (
        JOB,
        [pod(JOB, "Failed", deleting=True)],
        None,
    ),
    "a run that is being ended waits for the Job": (
        job(annotations={identity.ENDING: "timeout"}),
        [pod(JOB, "Failed")],
        None,
    ),
    "the Job's success": (finished(JOB, "Complete"), [], (Verdict.SUCCEEDED, "Completed")),
    "the Job's failure takes the container's reason": (
        finished(JOB, "Failed", "BackoffLimitExceeded", "too many"),
        [pod(JOB, "Failed")],
        (Verdict.FAILED, "Error"),
    ),
    "the Job's failure without pods takes its own reason": (
        finished(JOB, "Failed", "BackoffLimitExceeded", "too many"),
        [],
        (Verdict.FAILED, "BackoffLimitExceeded"),
    ),
    "a pod's own reason comes before its container's": (
        finished(JOB, "Failed", "BackoffLimitExceeded"),
        [pod(JOB, "Failed", reason="Evicted", message="the node was low on memory")],
        (Verdict.FAILED, "Evicted"),
    ),
    "a deadline in the template": (
        finished(JOB, "Failed", "DeadlineExceeded"),
        [],
        (Verdict.TIMED_OUT, "DeadlineExceeded"),
    ),
    "the operator's own timeout": (
        finished(job(annotations={identity.ENDING: "timeout"}), "Failed", "DeadlineExceeded"),
        [],
        (Verdict.TIMED_OUT, "Timeout"),
    ),
    "a run that a newer one replaced": (
        finished(job(annotations={identity.ENDING: "replaced"}), "Failed", "DeadlineExceeded"),
        [],
        (Verdict.REPLACED, "ConcurrencyReplace"),
    ),
    "a run that was over when it was to be replaced": (
        finished(job(annotations={identity.ENDING: "replaced"}), "Complete"),
        [pod(JOB)],
        (Verdict.SUCCEEDED, "Completed"),
    ),
    "a cancelled run that failed by itself before its deadline failed": (
        finished(ENDED, "Failed", "BackoffLimitExceeded"),
        [pod(ENDED, "Failed")],
        (Verdict.FAILED, "Error"),
    ),
    "a cancelled run whose deadline the controller did not get to write down": (
        finished(ENDED, "Failed", "BackoffLimitExceeded"),
        [pod(ENDED, "Failed", deleting=True)],
        (Verdict.CANCELLED, "CancelRequested"),
    ),
    "a cancelled run, its first attempt failed by itself, of its last nothing is known": (
        finished(replace(ENDED, backoff_limit=1), "Failed", "BackoffLimitExceeded"),
        [pod(ENDED, "Failed", pod_name="a"), pod(ENDED, "Failed", pod_name="b", deleting=True)],
        (Verdict.CANCELLED, "CancelRequested"),
    ),
    "a cancelled run of which one pod too many failed by itself, and another was then stopped": (
        finished(ENDED, "Failed", "BackoffLimitExceeded"),
        [pod(ENDED, "Failed", pod_name="a"), pod(ENDED, "Failed", pod_name="b", deleting=True)],
        (Verdict.FAILED, "Error"),
    ),
    "a cancelled run that was restarted in place too often before": (
        finished(ENDED, "Failed", "BackoffLimitExceeded"),
        [pod(ENDED, "Failed", restarts=1, deleting=True)],
        (Verdict.FAILED, "Error"),
    ),
    "a cancelled run of whose pods nothing is known": (
        finished(ENDED, "Failed", "BackoffLimitExceeded"),
        [],
        (Verdict.CANCELLED, "CancelRequested"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_standing_job(case: str) -> None:
    of, pods, expected = CASES[case]
    ending = judge(of, pods)
    assert (ending and (ending.verdict, ending.reason)) == expected


def test_the_end_is_the_containers_not_the_conditions() -> None:
    ending = judge(finished(JOB, "Complete"), [pod(JOB)])
    assert ending is not None
    assert ending.time == TWO_LATER


def test_a_gone_job_waits_for_its_pods() -> None:
    running = [pod(JOB, "Running", deleting=True)]
    assert judge_gone(running, replaced=True, asked=None, now=NOON) is None


@pytest.mark.parametrize(
    ("pods", "replaced", "asked", "expected"),
    [
        ([pod(JOB)], True, None, Verdict.SUCCEEDED),
        ([pod(JOB, deleting=True)], True, None, Verdict.REPLACED),
        ([pod(JOB, "Failed", deleting=True)], False, None, Verdict.CANCELLED),
        ([pod(JOB, "Failed", deleting=True)], False, "timeout", Verdict.TIMED_OUT),
        ([], False, "cancel", Verdict.CANCELLED),
        ([], True, None, Verdict.REPLACED),
    ],
)
def test_a_gone_job(
    pods: list[PodFacts], replaced: bool, asked: str | None, expected: Verdict
) -> None:
    ending = judge_gone(pods, replaced=replaced, asked=asked, now=NOON)
    assert ending is not None
    assert ending.verdict is expected


def test_restarts_in_place_are_the_jobs_to_count() -> None:
    restarted = [pod(JOB, "Failed", restarts=2)]
    assert judge(JOB, restarted) is None
    assert judge(replace(finished(JOB, "Failed", "BackoffLimitExceeded")), restarted) is not None
