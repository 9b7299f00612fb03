"""What the execution log says: each change once, and nothing that a container printed."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cronwright.core import identity, journal
from cronwright.core.answer import Act, Answer
from cronwright.core.entry import Entry, Happening
from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.run import Output, Run
from cronwright.core.status import fold
from cronwright.core.template import job_template
from cronwright.core.world import World
from cronwright.model.run import PendingReason, PendingRun, Trigger, Verdict
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
    assert (due.reason, due.trace_id) == ("Retry", identity.trace_id(JOB.run_id))
    again = task({"retry": {"limit": 1, "backoff": {}}}, status=status.render())
    assert told(world(again, run, standing=cronjob(again)))[1] == ()


LATER = NOON + timedelta(minutes=5)
QUEUED = PendingRun(
    id=identity.slot_run_id(TASK_UID, LATER), reason=PendingReason.QUEUED,
    trigger=Trigger.SCHEDULE, slot=LATER, due=LATER,
)  # fmt: skip
QUEUE = {"concurrencyPolicy": "Queue", "schedule": "0 */5 * * * *"}


def test_a_slot_that_waits_is_told_once() -> None:
    of, run = task(QUEUE), Run(JOB, ())
    status, entries = told(world(of, run, standing=cronjob(of)), put_off=(QUEUED,))
    assert status.pending == [QUEUED]
    assert lines(entries)[1:] == [
        {
            "timestamp": "2026-03-02T12:00:04.000Z",
            "level": "info",
            "trace_id": identity.trace_id(QUEUED.id),
            "task_name": "report",
            "namespace": "team",
            "run": None,
            "slot": "2026-03-02T12:05:00Z",
            "verdict": None,
            "message": "run waits for others to end",
            "event": "Waiting",
            "mode": "Managed",
            "trigger": "Schedule",
            "time": "2026-03-02T12:05:00Z",
            "reason": "Queued",
        }
    ]
    after_a_restart = task({**QUEUE, "maxQueued": 3}, status=status.render())
    of_it = world(after_a_restart, run, standing=cronjob(after_a_restart))
    changed, again = told(replace(of_it, now=of_it.now + timedelta(seconds=9)), answered=(SKIPPED,))
    assert changed.pending == [QUEUED]
    assert [each.event for each in again] == [Happening.NOT_STARTED], "of the request alone"


SKIPPED = Answer("one", Act.SKIP, identity.request_run_id(TASK_UID, "one"), "a run is active")


def test_what_waits_says_for_what() -> None:
    made_up = QUEUED.model_copy(
        update={"reason": PendingReason.CATCH_UP, "trigger": Trigger.CATCH_UP}
    )
    words = {}
    for of, entry in (
        (task(QUEUE), made_up),
        (task({"concurrencyGroup": "db"}), QUEUED),
    ):
        _, (waits,) = told(world(of, standing=cronjob(of)), put_off=(entry,))
        words[waits.reason] = (waits.event, waits.trigger, waits.message)
    assert words == {
        "CatchUp": (
            "Waiting", "CatchUp", "run waits for its turn among those that are made up for"
        ),
        "Queued": (
            "Waiting", "Schedule", "run waits for others to end, or for a place in the group db"
        ),
    }  # fmt: skip


def test_a_request_that_waits_is_told_without_its_values() -> None:
    asks = {"requestedAt": "2026-03-02T12:00:03Z", "parameters": {"key": SECRET}}
    spec = {"concurrencyPolicy": "Queue", "parameters": [{"name": "key", "type": "string"}]}
    of = task(spec, annotations={f"{identity.RUN_REQUEST_PREFIX}one": json.dumps(asks)})
    rendered = decide(world(of)).rendered
    assert rendered is not None
    standing = cronjob(of, suspended=True, template_hash=rendered.hash)
    status, entries = told(world(of, Run(JOB, ()), standing=standing))
    (waits,) = [each for each in entries if each.event is Happening.WAITING]
    (pending,) = status.pending
    assert pending.parameters is not None
    assert SECRET in pending.parameters.values()
    assert (waits.slot, waits.time, waits.trigger) == (None, NOON + timedelta(seconds=3), "Manual")
    assert waits.trace_id == identity.trace_id(identity.request_run_id(TASK_UID, "one"))
    assert SECRET not in waits.render()


def test_a_slot_that_waits_no_longer_is_told_to_have_had_no_run() -> None:
    of, run = task({**QUEUE, "startingDeadlineSeconds": 10}), Run(JOB, ())
    status, _ = told(world(of, run, standing=cronjob(of)), put_off=(QUEUED,))
    late = task({**QUEUE, "startingDeadlineSeconds": 10}, status=status.render())
    of_late = replace(world(late, run, standing=cronjob(late)), now=LATER + timedelta(seconds=12))
    status, (entry,) = told(of_late)
    assert status.pending == []
    assert (entry.event, entry.slot, entry.count) == (Happening.NOT_STARTED, LATER, 1)
    assert entry.message == "slot missed: DeadlinePassed"

    one, other = (
        QUEUED.model_copy(update={"id": f"{n}", "slot": LATER + timedelta(seconds=n)})
        for n in (1, 2)
    )
    full = task({**QUEUE, "startingDeadlineSeconds": 300})
    waiting = [one.model_copy(update={"id": f"w{n}"}) for n in range(50)]
    _, entries = told(world(full, run, standing=cronjob(full)), put_off=(*waiting, other))
    left_out = [each for each in entries if each.event is Happening.NOT_STARTED]
    assert [(each.slot, each.reason) for each in left_out] == [(other.slot, "QueueFull")]
