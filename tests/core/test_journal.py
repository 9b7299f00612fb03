"""What the execution log says: each change once, and nothing that a container printed."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cronwright.core import identity, journal
from cronwright.core.journal import Entry, Happening
from cronwright.core.plan import World, decide
from cronwright.core.requests import Act, Answer
from cronwright.core.run import Output, Run
from cronwright.core.status import Outcome, fold
from cronwright.core.template import job_template
from cronwright.model.run import Verdict
from cronwright.model.status import Gap, TaskStatus
from tests.core.world import NOON, TASK_UID, cronjob, job, pod, task, world

JOB = job(uid="3e0ec5c4-6a53-4d1b-9f0a-0123456789ab")
SECRET = "hunter2"  # what no line may hold


def told(of: World, **outcome: Any) -> tuple[TaskStatus, tuple[Entry, ...]]:
    """Fold a world, and give the new status with what the log says of it."""
    plan = decide(of)
    made = Outcome(plan.readiness, of.cronjob, written=True, **outcome)
    status = fold(of, plan, made)
    return status, journal.entries(of, plan, made, status)


def ended(phase: str = "Succeeded") -> Run:
    """Make a run that has ended and printed something."""
    message = f'{{"message": "{SECRET}", "result": "{SECRET}"}}'
    code = 0 if phase == "Succeeded" else 3
    state = {
        "terminated": {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "message": message,
            "startedAt": "2026-03-02T12:00:00Z",
            "finishedAt": "2026-03-02T12:00:02Z",
        }
    }
    last = pod(JOB, phase, state, policy="File")
    read = last.log_key(last.containers[0])
    return Run(JOB, (last,), (Output(read, SECRET, complete=True),), frozenset({read}))


def lines(entries: tuple[Entry, ...]) -> list[dict[str, Any]]:
    return [json.loads(entry.render()) for entry in entries]


def test_a_start_and_an_end_are_a_line_each() -> None:
    of = task()
    status, first = told(world(of, Run(JOB, ()), standing=cronjob(of)))
    _, second = told(world(task(status=status.render()), ended(), standing=cronjob(of)))

    common = {
        "timestamp": "2026-03-02T12:00:04.000Z",
        "level": "info",
        "trace_id": identity.trace_id(JOB.run_id),
        "task_name": "report",
        "namespace": "team",
        "run": "report-1",
        "slot": "2026-03-02T12:00:00Z",
        "mode": "Native",
        "trigger": "Schedule",
    }
    assert lines(first) == [
        {
            **common,
            "verdict": None,
            "message": "run started",
            "event": "Started",
            "time": "2026-03-02T12:00:00Z",
        }
    ]
    assert lines(second) == [
        {
            **common,
            "verdict": "Succeeded",
            "message": "run succeeded",
            "event": "Ended",
            "time": "2026-03-02T12:00:02Z",
            "reason": "Completed",
            "exit_code": 0,
            "attempts": 1,
            "duration_seconds": 2.0,
            "captured": "Full",
        }
    ]


def test_a_start_that_nobody_saw_is_told_with_the_end() -> None:
    of = task()
    _, entries = told(world(of, ended("Failed"), standing=cronjob(of)))
    assert [entry.event for entry in entries] == [Happening.STARTED, Happening.ENDED]
    assert (entries[1].level, entries[1].message) == ("warning", "run failed: Error, exit code 3")


def test_nothing_that_a_container_wrote_is_told() -> None:
    of = task()
    for phase in ("Succeeded", "Failed"):
        status, entries = told(world(of, ended(phase), standing=cronjob(of)))
        assert SECRET in str(status.render())
        assert SECRET not in str(lines(entries))


def test_a_status_that_stays_tells_nothing() -> None:
    of = task()
    status, _ = told(world(of, ended(), standing=cronjob(of)))
    again = world(task(status=status.render()), standing=cronjob(of), recorded=(JOB,))
    assert told(again)[1] == ()


def test_a_run_that_no_history_keeps_is_told_all_the_same() -> None:
    of = task({"historyLimit": 0})
    status, entries = told(world(of, ended(), standing=cronjob(of)))
    assert status.history == []
    assert [entry.event for entry in entries] == [Happening.STARTED, Happening.ENDED]


def test_a_run_whose_job_vanished_is_unknown() -> None:
    of = task()
    started, _ = told(world(of, Run(JOB, ()), standing=cronjob(of)))
    _, entries = told(world(task(status=started.render()), standing=cronjob(of)))
    (entry,) = entries
    assert (entry.verdict, entry.level) == (Verdict.UNKNOWN, "warning")
    assert entry.message == "how the run ended is unknown: JobGone"


def test_a_skipped_request_did_not_start() -> None:
    of = task()
    answer = Answer("one", Act.SKIP, identity.request_run_id(TASK_UID, "one"), "a run is active")
    _, (entry,) = told(world(of, standing=cronjob(of)), answered=(answer,))
    assert (entry.event, entry.run, entry.slot) == (Happening.NOT_STARTED, None, None)
    assert entry.trace_id == identity.trace_id(answer.run_id)
    assert entry.message == "request skipped: ConcurrencyForbid"


def test_slots_without_a_run_are_told_as_ranges() -> None:
    later = NOON + timedelta(hours=1)
    gaps = (
        Gap(first=NOON, last=later, verdict=Verdict.MISSED, reason="OperatorDown", count=13),
        Gap(first=later, last=later, verdict=Verdict.SKIPPED, reason="TooManyActive", count=1),
    )
    of = task()
    _, (many, one) = told(world(of, standing=cronjob(of)), gaps=gaps)

    assert (many.level, many.message) == ("warning", "13 slots missed: OperatorDown")
    assert (many.slot, many.slot_to, many.count) == (NOON, later, 13)
    assert (many.trace_id, many.run) == (None, None)
    assert (one.level, one.message) == ("info", "slot skipped: TooManyActive")
    assert (one.slot, one.slot_to, one.count) == (later, None, 1)
    assert one.trace_id == identity.trace_id(identity.slot_run_id(TASK_UID, later))


def test_an_attempt_that_is_due_later_is_told_once() -> None:
    of = task({"retry": {"limit": 1, "backoff": {}}})
    notes = job_template(of)["metadata"]["annotations"]
    failed = replace(JOB, annotations={**JOB.annotations, **notes})
    last = pod(failed, "Failed")
    run = Run(failed, (last,), settled=frozenset({(last.uid, "task", 0)}))
    status, entries = told(world(of, run, standing=cronjob(of)))
    (due,) = [each for each in entries if each.event is Happening.RETRY_DUE]
    assert (due.run, due.time, due.attempts) == (JOB.name, NOON + timedelta(seconds=12), 1)
    again = task({"retry": {"limit": 1, "backoff": {}}}, status=status.render())
    assert told(world(again, run, standing=cronjob(again)))[1] == ()
