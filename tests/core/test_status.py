"""Statuses folded: what changes, what stays, and that nothing is counted twice."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core import identity, size
from cronwright.core.account import accounted
from cronwright.core.answer import Act, Answer
from cronwright.core.gaps import GAPS_AT_MOST
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Step, decide
from cronwright.core.run import Output, Run
from cronwright.core.status import fold
from cronwright.core.terms import LONGEST, terms_of, text_of
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.run import RunRecord, Verdict
from cronwright.model.status import Gap, TaskStatus
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, TASK_UID, cronjob, finished, job, pod, task, world

JOB = job()


def folded(of: World, **outcome: Any) -> TaskStatus:
    plan = decide(of)
    made = Outcome(plan.readiness, of.cronjob, written=plan.step is Step.KEEP, **outcome)
    return fold(of, plan, accounted(of, plan, made, followed=False))


def ended(of: Any = JOB, phase: str = "Succeeded", text: str = "done\n") -> Run:
    last = pod(of, phase)
    read = last.log_key(last.containers[0])
    return Run(of, (last,), (Output(read, text, complete=True),), frozenset({read}))


def stood(spec: dict[str, Any] | None = None) -> ScheduledTask:
    """Make a task whose slots are accounted for until five minutes before noon."""
    of = task(spec)
    text = text_of(terms_of(cronjob(of)))
    status = {"observedGeneration": 1, "mode": "Native", "timetable": text}
    return task(spec, status={**status, "accountedUntil": "2026-03-02T11:55:00Z"})


def again(status: TaskStatus, spec: dict[str, Any] | None = None) -> ScheduledTask:
    return task(spec, status=status.render())


def test_a_new_task_is_ready_and_says_when_it_runs() -> None:
    fresh = cronjob(task(), created=NOON - timedelta(minutes=1), last_schedule_time=None)
    status = folded(world(task(), standing=fresh))
    rendered = status.render()
    assert rendered["nextRunTime"] == "2026-03-02T12:00:00Z", "the due slot has no Job yet"
    assert rendered["accountedUntil"] == "2026-03-02T11:59:00Z"
    assert rendered["mode"] == "Native"
    assert rendered["cronJob"] == {"generation": 1}
    assert [(c["type"], c["status"], c["reason"]) for c in rendered["conditions"]] == [
        ("Ready", "True", "Reconciled")
    ]


def test_the_same_world_folds_to_the_same_status() -> None:
    of = stood()
    first = folded(world(of, Run(JOB, ()), standing=cronjob(of)))
    later = world(
        again(first), Run(JOB, ()), standing=cronjob(of), now=NOON + timedelta(seconds=30)
    )
    assert folded(later).render() == first.render()


def test_a_start_and_an_end_are_two_changes() -> None:
    of = stood()
    fired = cronjob(of, last_schedule_time=NOON, active=(JOB.uid,))
    started = folded(world(of, Run(JOB, ()), standing=cronjob(of)))
    assert [each.name for each in started.active] == [JOB.name]
    assert started.next_run_time == NOON + timedelta(minutes=5)
    known = replace(JOB, start_time=NOON + timedelta(seconds=1))
    running = world(again(started), Run(known, (pod(known, "Running"),)), standing=fired)
    assert folded(running).render() == started.render(), "what happens meanwhile is no write"
    end = folded(world(again(started), ended(known), standing=fired))
    assert (end.active, end.counts) == ([], {"Succeeded": 1})
    assert end.last_run is not None
    assert end.last_run.log_tail == "done\n"
    assert end.history[0].log_tail is None
    settled = world(again(end), standing=fired, recorded=(finished(known, "Complete"),))
    assert folded(settled).render() == end.render(), "the Job's condition is no write"


def test_a_failure_is_kept_beside_a_later_success() -> None:
    of = stood()
    failed = folded(world(of, ended(phase="Failed", text="boom\n"), standing=cronjob(of)))
    second = job("report-2", created=NOON + timedelta(seconds=1))
    status = folded(world(again(failed), ended(second), standing=cronjob(of)))
    assert status.last_failure is not None
    assert status.last_run is not None
    assert (status.last_failure.exit_code, status.last_failure.log_tail) == (3, "boom\n")
    assert status.last_run.name == "report-2"
    assert status.counts == {"Succeeded": 1, "Failed": 1}
    condition = next(c for c in status.conditions if c.type == "LastRunSucceeded")
    assert condition.reason == "Succeeded"


def test_a_run_that_left_the_history_is_not_recorded_again() -> None:
    of = stood({"historyLimit": 0})
    status = folded(world(of, ended(), standing=cronjob(of)))
    assert status.history == []
    assert status.recorded == [identity.short_id(JOB.uid)]


def test_a_vanished_run_is_unknown() -> None:
    of = stood()
    started = folded(world(of, Run(JOB, ()), standing=cronjob(of)))
    status = folded(world(again(started), standing=cronjob(of)))
    assert (status.active, status.counts) == ([], {"Unknown": 1})


def test_of_many_runs_that_do_not_end_the_oldest_are_listed_and_all_are_counted() -> None:
    of = stood()
    jobs = [job(f"{n}", created=NOON + timedelta(seconds=n), annotations={}) for n in range(60)]
    status = folded(world(of, *(Run(each, ()) for each in jobs), standing=cronjob(of)))
    assert [each.name for each in status.active] == [str(n) for n in range(50)]
    assert status.active_count == 60
    later = folded(world(again(status), *(Run(each, ()) for each in jobs), standing=cronjob(of)))
    assert (later.active, later.counts) == (status.active, {})


def test_a_skipped_request_is_no_last_run() -> None:
    of = stood()
    run_id = identity.request_run_id(TASK_UID, "one")
    answer = Answer("one", Act.SKIP, run_id, "a run is active")
    status = folded(world(of, standing=cronjob(of)), answered=(answer,))
    assert (status.last_run, status.counts) == (None, {"Skipped": 1})
    assert [each.id for each in status.requests] == ["one"]


@pytest.mark.parametrize(("act", "verdict"), [(Act.SKIP, "Skipped"), (Act.CANCEL, "Cancelled")])
def test_a_request_whose_job_was_withdrawn_has_one_record(act: Act, verdict: str) -> None:
    of = stood()
    run_id = identity.request_run_id(TASK_UID, "one")
    notes = {identity.RUN_ID: run_id, identity.REQUEST: "one"}
    withdrawn = Run(job(suspended=True, annotations=notes), (), gone=True)
    looked = world(of, withdrawn, standing=cronjob(of))
    assert run_id in decide(looked).endings
    status = folded(looked, answered=(Answer("one", act, run_id),))
    assert (status.counts, [each.verdict for each in status.history]) == ({verdict: 1}, [verdict])
    assert status.active == []


def test_a_run_that_was_cancelled_halfway_is_not_active_any_more_nor_lost_later() -> None:
    run_id = identity.request_run_id(TASK_UID, "one")
    shown = {"name": "half", "id": run_id, "trigger": "Manual"}
    of = task(status={"active": [shown], "observedGeneration": 1, "cronJob": {"generation": 1}})
    notes = {identity.RUN_ID: run_id, identity.REQUEST: "one"}
    halfway = job(suspended=True, owned_by_controller=False, annotations=notes)
    answer = Answer("one", Act.CANCEL, run_id)
    status = folded(world(of, Run(halfway, ()), standing=cronjob(of)), answered=(answer,))
    assert (status.active, status.counts) == ([], {"Cancelled": 1})
    stale = status.model_copy(update={"active": of.status.active})
    later = folded(world(again(stale), standing=cronjob(of)))
    assert (later.active, later.counts) == ([], {"Cancelled": 1})


def test_a_run_that_is_started_anew_has_no_end_of_before() -> None:
    of = stood()
    run_id = identity.request_run_id(TASK_UID, "one")
    notes = {identity.RUN_ID: run_id, identity.REQUEST: "one"}
    withdrawn = Run(job(suspended=True, annotations=notes), (), gone=True)
    anew = job("anew", annotations=notes)
    answer = Answer("one", Act.START, run_id)
    looked = world(of, withdrawn, standing=cronjob(of))
    status = folded(looked, answered=(answer,), started=(anew,))
    assert ([each.name for each in status.active], status.counts) == (["anew"], {})


@pytest.mark.parametrize("begun", [False, True])
def test_a_run_that_waits_and_is_cancelled_has_one_record(begun: bool) -> None:
    run_id = identity.request_run_id(TASK_UID, "one")
    waits = {"id": run_id, "reason": "Queued", "trigger": "Manual", "request": "one"}
    note = json.dumps({"requestedAt": render_time(NOON)})
    of = task(
        {"concurrencyPolicy": "Queue"}, status={"pending": [waits]},
        annotations={identity.CANCEL_PREFIX + run_id: note},
    )  # fmt: skip
    notes = {identity.RUN_ID: run_id, identity.REQUEST: "one"}
    gone = Run(
        job(suspended=not begun, owned_by_controller=begun, annotations=notes), (), gone=True
    )
    status = folded(world(of, gone, standing=cronjob(of)))
    assert status.counts == {"Cancelled": 1}
    assert [each.reason for each in status.history] == [
        "JobDeleted" if begun else "CancelRequested"
    ]


def test_expired_requests_go_with_the_next_one() -> None:
    old = {"requests": [{"id": "old", "time": "2026-03-02T11:00:00Z"}]}
    of = task(status=old)
    assert [each.id for each in folded(world(of, standing=cronjob(of))).requests] == ["old"]
    answer = Answer("one", Act.START, identity.request_run_id(TASK_UID, "one"))
    status = folded(world(of, standing=cronjob(of)), answered=(answer,), started=(JOB,))
    assert [each.id for each in status.requests] == ["one"]
    assert [each.name for each in status.active] == [JOB.name]


def test_a_pod_that_does_not_start_stalls_the_task_and_only_so_long() -> None:
    of = stood()
    stuck = pod(JOB, "Pending", {"waiting": {"reason": "ErrImagePull"}})
    status = folded(world(of, Run(JOB, (stuck,)), standing=cronjob(of)))
    (stalled,) = [each for each in status.conditions if each.type == "Stalled"]
    assert stalled.reason == "PodNotStarting"
    assert "ImagePullBackOff" in stalled.message
    running = Run(JOB, (pod(JOB, "Running"),))
    later = folded(world(again(status), running, standing=cronjob(of)))
    assert "Stalled" not in {each.type for each in later.conditions}


def test_a_suspended_task_has_no_next_run() -> None:
    of = task({"suspend": True})
    status = folded(world(of, standing=cronjob(of)))
    assert status.next_run_time is None
    assert "Suspended" in {each.type for each in status.conditions}


def test_a_task_refused_after_an_edit_goes_on_as_it_stands() -> None:
    bad = task({"schedule": "99 * * * *"}, status=stood().status.render(), generation=2)
    of = world(bad, Run(JOB, ()), standing=cronjob(task(), last_schedule_time=NOON))
    status = folded(of)
    assert status.next_run_time == NOON + timedelta(minutes=5)
    assert status.conditions[0].reason == "InvalidSchedule"


TEXT = st.text(max_size=80).map(lambda text: text * 60)


@given(tail=TEXT, note=TEXT, result=TEXT, entries=st.integers(0, 50))
def test_the_largest_status_fits(tail: str, note: str, result: str, entries: int) -> None:
    from cronwright.core.tail import cut

    record = RunRecord(
        name="n" * 63,
        id="i" * 36,
        generation=10**9,
        version="v" * 63,
        slot=NOON,
        trigger="Schedule",
        verdict=Verdict.CANCELLED,
        start_time=NOON,
        completion_time=NOON,
        reason="R" * 64,
        message=cut(note, 512),
        result=cut(result, 1024),
        captured="Partial",
        attempts=10**6,
        exit_code=255,
    )
    full = record.model_copy(update={"log_tail": cut(tail * 9, 16384)})
    status = TaskStatus(
        last_run=full,
        last_failure=full,
        history=[record] * entries,
        schedule="s" * 256,
        gaps=[Gap(first=NOON, last=NOON, verdict=Verdict.EXCLUDED, reason="R" * 20, count=10**9)]
        * GAPS_AT_MOST,
        timetable='"' * LONGEST,
    )
    fitted = size.fit(status)
    assert size.encoded_size(fitted) <= size.LIMIT
    assert fitted.last_run == full
