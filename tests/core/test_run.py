"""Records of runs: what was captured of them, and what their containers said."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core import identity
from cronwright.core.record import lost_record, record
from cronwright.core.run import Output, Run, active_run
from cronwright.core.tail import cut
from cronwright.core.verdict import Ending
from cronwright.model.logs import Logs
from cronwright.model.run import Captured, Trigger, Verdict
from tests.core.world import NOON, job, pod

JOB = job(annotations={identity.SCHEDULED_TIMESTAMP: "2026-03-02T13:00:00+01:00"})
END = Ending(Verdict.SUCCEEDED, "Completed", "", NOON + timedelta(seconds=2))


def ended(message: str | None = None, code: int = 0) -> dict[str, object]:
    times = {"startedAt": "2026-03-02T12:00:00Z", "finishedAt": "2026-03-02T12:00:02Z"}
    end = {"exitCode": code, "reason": "Completed" if code == 0 else "Error", **times}
    return {"terminated": {**end, "message": message} if message else end}


def test_a_slot_is_read_in_any_zone() -> None:
    entry = record(Run(JOB, (pod(JOB),)), END, Logs())
    assert (entry.slot, entry.trigger) == (NOON, Trigger.SCHEDULE)


def test_a_job_without_a_slot_was_started_by_hand() -> None:
    by_hand = job(annotations={})
    entry = record(Run(by_hand, (pod(by_hand),)), END, Logs())
    assert (entry.slot, entry.trigger, entry.id) == (None, Trigger.MANUAL, by_hand.uid)


def test_an_end_before_the_start_is_not_shown() -> None:
    early = Ending(Verdict.SUCCEEDED, "Completed", "", NOON - timedelta(seconds=1))
    assert record(Run(JOB, ()), early, Logs()).completion_time == NOON


def test_what_was_read_is_the_tail() -> None:
    last = pod(JOB)
    run = Run(JOB, (last,), (Output((last.uid, "task", 0), "done\n", complete=True),))
    entry = record(run, END, Logs())
    assert (entry.captured, entry.log_tail, entry.attempts) == (Captured.FULL, "done\n", 1)


def test_an_incomplete_tail_says_so() -> None:
    last = pod(JOB)
    run = Run(JOB, (last,), (Output((last.uid, "task", 0), "…", complete=False),))
    assert record(run, END, Logs()).captured is Captured.PARTIAL


def test_the_tail_of_an_earlier_restart_is_only_part_of_the_truth() -> None:
    last = pod(JOB, "Failed", restarts=1)
    run = Run(JOB, (last,), (Output((last.uid, "task", 0), "first", complete=True),))
    entry = record(run, END, Logs())
    assert (entry.captured, entry.log_tail, entry.attempts) == (Captured.PARTIAL, "first", 2)


def test_an_unreadable_log_leaves_the_termination_message() -> None:
    run = Run(JOB, (pod(JOB, "Failed", ended("last words", code=1)),))
    entry = record(run, END, Logs())
    assert (entry.captured, entry.log_tail, entry.result) == (Captured.PARTIAL, "last words", None)


def test_a_log_that_is_gone_is_lost() -> None:
    assert record(Run(JOB, (pod(JOB),)), END, Logs()).captured is Captured.LOST
    assert record(Run(job(pods_ended=1), ()), END, Logs()).captured is Captured.LOST


def test_a_container_that_never_ran_had_nothing_to_say() -> None:
    waiting = pod(JOB, "Pending", {"waiting": {"reason": "ErrImagePull"}})
    assert record(Run(JOB, (waiting,)), END, Logs()).captured is Captured.FULL
    assert record(Run(JOB, ()), END, Logs()).captured is Captured.FULL
    never = Run(job(suspended=True), (), gone=True)
    assert record(never, END, Logs()).captured is Captured.FULL


def test_a_job_that_went_before_its_pod_was_seen_may_have_had_one() -> None:
    assert record(Run(JOB, (), gone=True), END, Logs()).captured is Captured.LOST


def test_a_container_whose_end_nobody_saw_has_no_exit_code() -> None:
    kubelet = "The container could not be located when the pod was terminated"
    unseen = {"reason": "ContainerStatusUnknown", "exitCode": 137, "message": kubelet}
    last = pod(JOB, "Failed", {"terminated": unseen}, policy="File")
    entry = record(Run(JOB, (last,)), END, Logs())
    assert (entry.exit_code, entry.captured, entry.log_tail) == (None, Captured.FULL, None)
    assert kubelet not in (entry.message or "")


@pytest.mark.parametrize(
    ("message", "code", "policy", "result", "note"),
    [
        ("42 rows", 0, "FallbackToLogsOnError", "42 rows", None),
        ('{"result": "42"}', 0, "FallbackToLogsOnError", "42", None),
        ('{"result": {"rows": 42}}', 0, "File", '{"rows": 42}', None),
        ('{"result": "42", "message": "fine"}', 0, "File", "42", "fine"),
        ('{"result": "trap"}', 1, "FallbackToLogsOnError", None, None),
        ('{"result": "partial"}', 1, "File", "partial", None),
        ('{"rows": 42}', 0, "File", '{"rows": 42}', None),
        ("[1]", 0, "File", "[1]", None),
    ],
)
def test_results(
    message: str, code: int, policy: str, result: str | None, note: str | None
) -> None:
    phase = "Failed" if code else "Succeeded"
    run = Run(JOB, (pod(JOB, phase, ended(message, code), policy=policy),))
    entry = record(run, END, Logs())
    assert (entry.result, entry.message) == (result, note)


def test_the_named_container_counts() -> None:
    from dataclasses import replace

    last = pod(JOB)
    other = replace(last.containers[0], name="proxy", exit_code=9)
    run = Run(JOB, (replace(last, containers=(other, *last.containers)),))
    entry = record(run, END, Logs(container="task"))
    assert entry.exit_code == 0


def test_a_vanished_run_is_unknown() -> None:
    entry = lost_record(active_run(JOB), NOON)
    assert (entry.verdict, entry.captured, entry.slot) == (Verdict.UNKNOWN, Captured.LOST, NOON)


@given(st.text(), st.integers(8, 2000))
def test_a_cut_text_fits(text: str, limit: int) -> None:
    assert len(json.dumps(cut(text, limit), ensure_ascii=False).encode()) - 2 <= limit
