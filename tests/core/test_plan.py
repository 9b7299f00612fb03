"""What is done about a task, keyed by the situation that it is in."""

import json
from dataclasses import replace
from datetime import timedelta

from cronwright.core import identity
from cronwright.core.answer import Act
from cronwright.core.facts import JobFacts
from cronwright.core.plan import Step, decide
from cronwright.core.run import Run
from cronwright.model.base import render_time
from tests.core.world import NOON, cronjob, finished, job, pod, task, world

TASK = task()
JOB = job()


def test_a_new_task_gets_its_cronjob() -> None:
    assert decide(world(TASK)).step is Step.CREATE


def test_a_cronjob_that_stands_is_left_alone() -> None:
    assert decide(world(TASK, standing=cronjob(TASK))).step is Step.KEEP


def test_somebody_elses_cronjob_is_never_replaced() -> None:
    assert decide(world(TASK, standing=cronjob(TASK, owner_uid="other"))).step is Step.CREATE


def test_a_cronjob_that_is_going_is_made_anew() -> None:
    assert decide(world(TASK, standing=cronjob(TASK, deleting=True))).step is Step.CREATE


def test_drift_is_put_right() -> None:
    drifted = replace(world(TASK, standing=cronjob(TASK)), own_generation=0)
    assert decide(drifted).step is Step.REPLACE


def test_an_edit_of_the_template_needs_no_guard() -> None:
    edited = task({"container": {"image": "busybox", "command": ["other"]}})
    assert decide(world(edited, standing=cronjob(TASK))).step is Step.REPLACE


def test_an_edit_of_the_schedule_is_guarded() -> None:
    edited = task({"schedule": "1 * * * *"})
    assert (
        decide(world(edited, standing=cronjob(TASK, last_schedule_time=NOON))).step
        is Step.REPLACE_GUARDED
    )


def test_a_resumed_task_is_guarded() -> None:
    suspended = cronjob(task({"suspend": True}))
    assert decide(world(TASK, standing=suspended)).step is Step.REPLACE_GUARDED


def test_a_due_slot_is_waited_for() -> None:
    edited = task({"schedule": "1 * * * *"})
    plan = decide(world(edited, standing=cronjob(TASK)))
    assert plan.step is Step.WAIT
    assert plan.wake == NOON + timedelta(seconds=4.5)


def test_a_slot_that_forbid_holds_back_is_not_waited_for() -> None:
    of = task({"concurrencyPolicy": "Forbid"})
    edited = task({"concurrencyPolicy": "Forbid", "schedule": "1 * * * *"})
    held = cronjob(of, active=(JOB.uid,))
    assert decide(world(edited, Run(JOB, ()), standing=held)).step is Step.REPLACE_GUARDED


def test_a_slot_held_by_a_run_that_has_ended_is_about_to_fire() -> None:
    of = task({"concurrencyPolicy": "Forbid"})
    edited = task({"concurrencyPolicy": "Forbid", "schedule": "1 * * * *"})
    held = cronjob(of, active=(JOB.uid,))
    ended = finished(JOB, "Complete")
    assert decide(world(edited, standing=held, recorded=(ended,))).step is Step.WAIT


def test_a_slot_past_its_deadline_is_not_waited_for() -> None:
    of = task({"startingDeadlineSeconds": 2})
    edited = task({"schedule": "1 * * * *"})
    assert decide(world(edited, standing=cronjob(of))).step is Step.REPLACE_GUARDED


def test_nobody_waits_for_a_controller_that_is_gone() -> None:
    of = task({"schedule": "0 * * * *"})
    edited = task({"schedule": "1 * * * *"})
    later = NOON + timedelta(minutes=11)
    assert decide(world(edited, standing=cronjob(of), now=later)).step is Step.REPLACE_GUARDED


def test_nobody_wakes_for_a_time_that_has_passed() -> None:
    late = replace(JOB, deadline=4)
    listening = Run(late, (pod(late, "Running"),))
    plan = decide(world(TASK, listening, standing=cronjob(TASK)))
    assert [capture.follow for capture in plan.captures] == [True]
    assert plan.wake is None


def test_bad_schedules_and_zones_are_refused_by_name() -> None:
    for spec, field in (
        ({"schedule": "61 * * * *"}, "spec.schedule"),
        ({"timeZone": "Mars/Olympus"}, "spec.timeZone"),
        ({"extensions": {"x": "y" * 9000}}, "spec.extensions"),
    ):
        plan = decide(world(task(spec)))
        assert plan.step is Step.REFUSE
        assert plan.readiness.message.startswith(field)


def test_a_template_that_is_no_object_is_refused() -> None:
    plan = decide(world(task({"jobTemplate": {"spec": {"template": {"spec": "x"}}}})))
    assert (plan.step, plan.readiness.reason) == (Step.REFUSE, "InvalidSpec")


def test_a_run_that_ended_is_read_before_it_is_recorded() -> None:
    run = Run(JOB, (pod(JOB),))
    plan = decide(world(TASK, run, standing=cronjob(TASK)))
    assert not plan.endings
    (capture,) = plan.captures
    assert (capture.container, capture.follow) == ("task", False)
    read = replace(run, settled=frozenset({capture.log_key}))
    assert set(decide(world(TASK, read, standing=cronjob(TASK))).endings) == {JOB.uid}


def test_a_running_container_is_not_read() -> None:
    run = Run(JOB, (pod(JOB, "Running"),))
    assert not decide(world(TASK, run, standing=cronjob(TASK))).captures


def test_a_container_about_to_be_taken_away_is_followed() -> None:
    going = pod(JOB, "Running", deleting=True)
    at_its_deadline = job(deadline=5)
    for run in (
        Run(JOB, (going,)),
        Run(JOB, (pod(JOB, "Running"),), gone=True),
        Run(at_its_deadline, (pod(at_its_deadline, "Running"),)),
    ):
        (capture,) = decide(world(TASK, run, standing=cronjob(TASK))).captures
        assert capture.follow


def test_each_restart_is_read_while_the_next_runs() -> None:
    run = Run(JOB, (pod(JOB, "Running", restarts=2),))
    (capture,) = decide(world(TASK, run, standing=cronjob(TASK))).captures
    assert (capture.restarts, capture.previous) == (1, True)


def test_a_run_past_its_timeout_is_ended_and_listened_to() -> None:
    of = task({"timeout": "3s"})
    run = Run(JOB, (pod(JOB, "Running"),))
    plan = decide(world(of, run, standing=cronjob(of)))
    assert [each.name for each in plan.timeouts] == [JOB.name]
    assert [each.follow for each in plan.captures] == [True]


def test_a_timeout_to_come_sets_the_timer() -> None:
    of = task({"timeout": "30s"})
    run = Run(JOB, (pod(JOB, "Running"),))
    plan = decide(world(of, run, standing=cronjob(of)))
    assert not plan.timeouts
    assert plan.wake == NOON + timedelta(seconds=30)


def test_a_run_is_ended_once() -> None:
    of = task({"timeout": "3s"})
    ending = job(annotations={identity.ENDING: "timeout"})
    plan = decide(world(of, Run(ending, (pod(ending, "Running"),)), standing=cronjob(of)))
    assert not plan.timeouts


def recorded(count: int, condition: str) -> tuple[JobFacts, ...]:
    return tuple(
        replace(finished(job(f"{condition}-{n}"), condition), created=NOON + timedelta(seconds=n))
        for n in range(count)
    )


def test_recorded_jobs_beyond_the_users_limits_are_pruned_oldest_first() -> None:
    jobs = (*recorded(5, "Complete"), *recorded(2, "Failed"))
    plan = decide(world(TASK, standing=cronjob(TASK), recorded=jobs))
    assert [each.name for each in plan.prunes] == ["Complete-0", "Complete-1", "Failed-0"]


def test_a_job_that_was_replaced_goes_when_it_is_recorded() -> None:
    of = task({"concurrencyPolicy": "Replace"})
    gone = finished(job(annotations={identity.ENDING: "replaced"}), "Failed", "DeadlineExceeded")
    look = world(of, standing=cronjob(of), recorded=(gone, *recorded(1, "Failed")))
    assert decide(look).prunes == (gone,), "whatever limit there is for those that failed"


def test_a_recorded_job_without_its_condition_is_not_pruned() -> None:
    of = task({"successfulJobsHistoryLimit": 0})
    assert not decide(world(of, standing=cronjob(of), recorded=(JOB,))).prunes


def test_a_short_ttl_is_the_operators_to_keep() -> None:
    template = {"spec": {"ttlSecondsAfterFinished": 10, "template": {"spec": {}}}}
    of = task({"jobTemplate": template})
    done = replace(finished(JOB, "Complete"), ttl=600)
    early = decide(world(of, standing=cronjob(of), recorded=(done,)))
    assert (early.prunes, early.wake) == ((), NOON + timedelta(seconds=13))
    late = NOON + timedelta(seconds=14)
    assert decide(world(of, standing=cronjob(of), recorded=(done,), now=late)).prunes == (done,)


def test_requests_wait_for_a_cronjob_that_stands() -> None:
    value = json.dumps({"requestedAt": render_time(NOON)})
    of = task(annotations={"run.cronwright.dev/one": value})
    assert not decide(world(of)).answers
    settled = cronjob(of, last_schedule_time=NOON)
    assert [each.act for each in decide(world(of, standing=settled)).answers] == [Act.START]


def test_requests_wait_while_the_controller_is_at_a_slot() -> None:
    value = json.dumps({"requestedAt": render_time(NOON)})
    of = task(annotations={"run.cronwright.dev/one": value, "run.cronwright.dev/odd": "?"})
    plan = decide(world(of, standing=cronjob(of)))
    assert [(each.id, each.act) for each in plan.answers] == [("odd", Act.REFUSE)]
    assert plan.wake == NOON + timedelta(seconds=4.5)


def test_runs_that_wait_go_on_once_one_that_waited_for_an_attempt_is_over() -> None:
    spec = {
        "concurrencyPolicy": "Queue", "timeout": "60s",
        "retry": {"limit": 3, "backoff": {"initial": "5m"}},
    }  # fmt: skip
    began, due = render_time(NOON), render_time(NOON + timedelta(minutes=5))
    status = {
        "active": [
            {"name": "report-1", "id": "orphan", "trigger": "Manual", "startTime": began}
        ],
        "pending": [
            {"id": "orphan", "reason": "Retry", "trigger": "Manual", "attempt": 2, "due": due},
            {"id": "next", "reason": "Queued", "trigger": "Manual", "due": began},
        ],
    }  # fmt: skip
    of = task(spec, status=status)
    rendered = decide(world(of)).rendered
    assert rendered is not None
    standing = replace(cronjob(of), template_hash=rendered.hash, suspended=True)

    def starts(seconds: int) -> list[str]:
        here = replace(world(of, standing=standing), now=NOON + timedelta(seconds=seconds))
        return [each.id for each in decide(here).backlog.starts]

    assert starts(59) == []
    assert starts(60) == ["next"], "the timeout counts from the first attempt"
