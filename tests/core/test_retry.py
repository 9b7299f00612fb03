"""Whether a failed run is tried again, and when."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.attempts import last_attempts
from cronwright.core.facts import JobFacts, job_facts
from cronwright.core.job import attempt_job
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan, decide
from cronwright.core.pod import Role
from cronwright.core.retry import Attempt, from_status
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.core.template import job_template
from cronwright.core.world import World
from cronwright.errors import FieldError
from cronwright.model.run import ActiveRun, PendingReason, Verdict
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, cronjob, finished, job, pod, task, world

END = NOON + timedelta(seconds=2)
POLICY: dict[str, Any] = {"limit": 2, "backoff": {"initial": "10s", "factor": 3, "max": "1m"}}


def retried(of: ScheduledTask, **notes: str) -> JobFacts:
    """Make the failed Job of an attempt, as the task's template has it noted."""
    template = job_template(of)["metadata"]["annotations"]
    named = {f"cronwright.dev/{key.replace('_', '-')}": value for key, value in notes.items()}
    base = job()
    run = {identity.RUN_ID: "the-run"}
    return replace(base, annotations={**base.annotations, **template, **run, **named})


def look(
    of: ScheduledTask, failed: JobFacts, *others: Run, after: float = 1, **changes: Any
) -> tuple[World, Plan]:
    """Decide after an attempt has failed, its log read."""
    last = pod(failed, "Failed", **changes)
    run = Run(failed, (last,), settled=frozenset({(last.uid, "task", 0)}))
    now = END + timedelta(seconds=after)
    found = world(of, run, *others, standing=cronjob(of), now=now)
    return found, decide(found)


def attempt(spec: Mapping[str, Any], **notes: str) -> Attempt | None:
    of = task({"retry": spec})
    _, plan = look(of, retried(of, **notes))
    assert len(plan.attempts) + len(plan.endings) == 1
    return next(iter(plan.attempts), None)


def test_a_run_that_waits_and_makes_room_is_replaced() -> None:
    policy = {identity.RETRY: '{"limit": 3, "backoff": {"initial": "5m"}}'}
    last = finished(job(annotations={**policy, identity.ENDING: "replaced"}), "Failed")
    of = task({"concurrencyPolicy": "Replace"})
    plan = decide(world(of, Run(last, (pod(last, "Failed"),)), standing=cronjob(of)))
    assert not plan.attempts
    plan = decide(world(of, Run(last, ()), standing=cronjob(of)))
    assert [each.verdict for each in plan.endings.values()] == ["Replaced"]


def test_an_attempt_is_due_after_the_backoff_and_shown() -> None:
    of = task({"retry": POLICY})
    seen, plan = look(of, retried(of))
    (due,) = plan.attempts
    assert (due.number, due.retries, due.due) == (2, 1, END + timedelta(seconds=10))
    assert plan.wake == due.due
    status = fold(seen, plan, Outcome(plan.readiness, seen.cronjob))
    (entry,) = status.pending
    assert (entry.id, entry.reason, entry.attempt) == ("the-run", PendingReason.RETRY, 2)
    assert [each.id for each in status.active] == ["the-run"]
    assert status.history == []


@pytest.mark.parametrize(("number", "seconds"), [(1, 10), (2, 30), (3, 60), (500, 60)])
def test_the_backoff_grows_up_to_its_bound(number: int, seconds: int) -> None:
    due = attempt({**POLICY, "limit": 20}, attempt=str(number), retries="1")
    assert due is not None
    assert due.due == END + timedelta(seconds=seconds)


def test_jitter_is_the_same_for_the_same_attempt_and_bounded() -> None:
    spec = {**POLICY, "limit": 20, "jitter": "100s"}
    dues = [attempt(spec, attempt=str(n), retries="0") for n in range(3, 20)]
    assert dues == [attempt(spec, attempt=str(n), retries="0") for n in range(3, 20)]
    spread = {(each.due - END).total_seconds() - 60 for each in dues if each}
    assert len(spread) > 10
    assert min(spread) >= 0
    assert max(spread) <= 100


def test_after_the_limit_the_run_has_failed() -> None:
    assert attempt(POLICY, attempt="3", retries="1") is not None
    assert attempt(POLICY, attempt="3", retries="2") is None
    assert attempt({**POLICY, "limit": 0}) is None


def test_a_pod_lost_to_its_node_does_not_count() -> None:
    of = task({"retry": {**POLICY, "onExitCodes": [9]}})
    _, plan = look(of, retried(of, attempt="3", retries="2"), disrupted=True)
    (due,) = plan.attempts
    assert (due.number, due.retries) == (4, 2)


@pytest.mark.parametrize(
    ("more", "again"),
    [
        ({"onExitCodes": [3, 4]}, True),
        ({"onExitCodes": [4]}, False),
        ({"onReasons": ["Error"]}, True),
        ({"onReasons": ["OOMKilled"]}, False),
        ({"onExitCodes": [4], "onReasons": ["Error"]}, True),
    ],
)
def test_only_what_is_meant_is_tried_again(more: dict[str, Any], again: bool) -> None:
    assert (attempt({**POLICY, **more}) is not None) is again


@pytest.mark.parametrize("why", ["cancel", "timeout"])
def test_what_failed_while_it_was_being_ended_is_over(why: str) -> None:
    of = task({"retry": POLICY})
    failed = finished(retried(of, ending=why), "Failed", "BackoffLimitExceeded")
    _, plan = look(of, failed)
    assert (plan.attempts, set(plan.endings)) == ((), {"the-run"})


def test_the_job_of_a_later_attempt_is_a_claim() -> None:
    of = task({"retry": POLICY})
    asked = retried(of)
    notes = {k: v for k, v in asked.annotations.items() if k != identity.SCHEDULED_TIMESTAMP}
    assert not replace(asked, annotations=notes).is_claim
    assert replace(asked, annotations={**notes, identity.ATTEMPT: "2"}).is_claim


def test_the_due_time_that_is_shown_stays() -> None:
    shown = {"id": "the-run", "reason": "Retry", "trigger": "Schedule", "attempt": 2}
    of = task({"retry": POLICY}, status={"pending": [{**shown, "due": "2026-03-02T12:00:13Z"}]})
    _, plan = look(of, retried(of))
    assert plan.attempts[0].due == NOON + timedelta(seconds=13)


def test_a_run_that_waits_ends_when_its_time_is_up() -> None:
    of = task({"retry": POLICY, "timeout": "8s"})
    _, plan = look(of, retried(of))
    assert plan.wake == NOON + timedelta(seconds=8)
    _, plan = look(of, retried(of), after=6)
    ending = plan.endings["the-run"]
    assert (ending.verdict, ending.time) == (Verdict.TIMED_OUT, NOON + timedelta(seconds=8))
    assert (plan.attempts, plan.timeouts) == ((), ())


def test_a_run_that_waits_is_cancelled() -> None:
    value = json.dumps({"requestedAt": END.isoformat()})
    of = task({"retry": POLICY}, annotations={"cancel.cronwright.dev/the-run": value})
    seen, plan = look(of, retried(of))
    assert plan.endings["the-run"].verdict is Verdict.CANCELLED
    status = fold(seen, plan, Outcome(plan.readiness, seen.cronjob))
    assert (status.pending, status.counts) == ([], {"Cancelled": 1})


@pytest.mark.parametrize("policy", ["Replace", "Allow"])
def test_a_newer_run_takes_the_place_of_one_that_waits(policy: str) -> None:
    of = task({"retry": POLICY, "concurrencyPolicy": policy})
    newer = replace(job("report-2"), created=END)
    _, plan = look(of, retried(of), Run(newer, (pod(newer, "Running"),)))
    replaced = {key: each.verdict for key, each in plan.endings.items()}
    assert replaced == ({"the-run": Verdict.REPLACED} if policy == "Replace" else {})


def test_the_jobs_of_a_run_are_one_run_with_the_first_ones_name() -> None:
    of = task({"retry": POLICY, "timeout": "1h"})
    first = retried(of)
    _, plan = look(of, first)
    (due,) = plan.attempts
    now = due.due + timedelta(minutes=10)
    body = attempt_job(of, "the-cronjob", due, now)
    assert body["spec"]["backoffLimit"] == 0
    assert body["spec"]["activeDeadlineSeconds"] == 3600 - 610 + 60 - 2
    (container,) = body["spec"]["template"]["spec"]["containers"]
    assert {"name": "CRONWRIGHT_ATTEMPT", "value": "2"} in container["env"]
    body["metadata"] |= {"uid": "second", "resourceVersion": "1"}
    body["metadata"]["creationTimestamp"] = now.isoformat()
    second = finished(job_facts(body), "Complete")
    runs = last_attempts([Run(second, (pod(second),)), Run(first, (pod(first, "Failed"),))])
    assert [(run.job, run.earlier) for run in runs] == [(second, (first,))]
    last = pod(second)
    runs = [replace(runs[0], pods=(last,), settled=frozenset({(last.uid, "task", 0)}))]
    seen = world(of, *runs, standing=cronjob(of), now=now)
    status = fold(seen, decide(seen), Outcome(decide(seen).readiness, seen.cronjob))
    assert status.last_run is not None
    assert (status.last_run.name, status.last_run.attempts) == (first.name, 2)
    assert (status.last_run.start_time, status.last_run.slot) == (NOON, NOON)


def waiting(due: str = "2026-03-02T12:00:12Z", **spec: Any) -> ScheduledTask:
    """Make a task whose run waits, as the status says."""
    run = {"id": "the-run", "trigger": "Schedule", "slot": "2026-03-02T12:00:00Z"}
    return task(
        {"retry": POLICY, **spec},
        status={
            "pending": [{**run, "reason": "Retry", "attempt": 2, "due": due}],
            "active": [{**run, "name": "report-1", "startTime": "2026-03-02T12:00:00Z"}],
        },
    )


def test_a_run_whose_jobs_are_gone_waits_as_the_status_says() -> None:
    of = waiting()
    seen = world(of, standing=cronjob(of))
    plan = decide(seen)
    (due,) = plan.attempts
    assert (due.number, due.first_job, due.due) == (2, "report-1", NOON + timedelta(seconds=12))
    status = fold(seen, plan, Outcome(plan.readiness, seen.cronjob))
    assert (status.pending, status.active) == (of.status.pending, of.status.active)

    late = waiting(timeout="3s")
    seen = world(late, standing=cronjob(late))
    status = fold(seen, decide(seen), Outcome(decide(seen).readiness, seen.cronjob))
    assert status.last_run is not None
    assert (status.last_run.verdict, status.last_run.attempts) == (Verdict.TIMED_OUT, 1)
    assert (status.pending, status.active) == ([], [])


def test_that_an_attempt_began_is_not_worth_a_write() -> None:
    of = task({"retry": POLICY})
    seen, plan = look(of, retried(of))
    shown = fold(seen, plan, Outcome(plan.readiness, seen.cronjob))
    again = replace(of, status=TaskStatus.model_validate(shown.render()))
    seen, plan = look(again, retried(of), after=11)
    began = fold(seen, plan, Outcome(plan.readiness, seen.cronjob, begun={"the-run"}))
    assert began == again.status
    assert began.pending


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"retry": {"limit": 1, "jitter": "0s"}}, "spec.retry.jitter"),
        ({"retry": {"limit": 1, "backoff": {"max": "0s"}}}, "spec.retry.backoff.max"),
    ],
)
def test_what_can_not_be_read_names_its_field(spec: dict[str, Any], words: str) -> None:
    with pytest.raises(FieldError, match=words):
        job_template(task(spec))


def test_a_template_that_tries_again_itself_is_refused() -> None:
    pod_spec = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}
    owns: list[dict[str, Any]] = [{"backoffLimit": 0}, {"podFailurePolicy": {"rules": []}}]
    for own in owns:
        template = {"spec": {**own, "template": {"spec": pod_spec}}}
        with pytest.raises(FieldError, match=f"a {next(iter(own))} of its own"):
            job_template(task({"jobTemplate": template, "retry": {"limit": 1}}))


def test_containers_that_restart_in_place_have_a_limit_alone() -> None:
    pod_spec = {"restartPolicy": "OnFailure", "containers": [{"name": "a", "image": "b"}]}
    template = {"spec": {"template": {"spec": pod_spec}}}
    spec = job_template(task({"jobTemplate": template, "retry": {"limit": 4}}))["spec"]
    assert spec["backoffLimit"] == 4
    assert "podFailurePolicy" not in spec
    with pytest.raises(FieldError, match="restartPolicy: Never"):
        job_template(task({"jobTemplate": template, "retry": POLICY}))


def test_each_attempt_has_the_values_that_the_run_began_with() -> None:
    region = {"name": "region", "default": "eu"}
    of = task({"retry": POLICY, "parameters": [region]})
    _, plan = look(of, retried(of, parameters='{"region":"us"}'))
    (due,) = plan.attempts
    edited = task({"retry": POLICY, "parameters": [{**region, "default": "asia"}]})
    of_the_jobs = attempt_job(edited, "uid", due, NOON)
    shown = due.pending
    assert shown.parameters == {"region": "us"}
    entry = ActiveRun(name="first", id=shown.id, trigger=shown.trigger, start_time=NOON)
    of_the_status = attempt_job(edited, "uid", from_status(shown, entry), NOON)
    for made in (of_the_jobs, of_the_status):
        (container,) = made["spec"]["template"]["spec"]["containers"]
        values = {each["name"]: each.get("value") for each in container["env"]}
        assert values["CRONWRIGHT_PARAM_REGION"] == "us"
        assert json.loads(made["metadata"]["annotations"][identity.PARAMETERS]) == {"region": "us"}


def test_how_a_sidecar_ended_does_not_make_a_failure_one_that_is_meant() -> None:
    of = task({"retry": {**POLICY, "onExitCodes": [143]}})
    failed = retried(of)
    last = pod(failed, "Failed")
    proxy = replace(last.containers[0], name="proxy", role=Role.SIDECAR, exit_code=143)
    last = replace(last, containers=(proxy, *last.containers))
    run = Run(failed, (last,), settled=frozenset({(last.uid, "task", 0)}))
    plan = decide(world(of, run, standing=cronjob(of), now=END + timedelta(seconds=1)))
    assert (plan.attempts, len(plan.endings)) == ((), 1)
