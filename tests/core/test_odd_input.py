"""Odd input of every kind: a task that has it is judged like any other, and nothing is raised."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest

from cronwright.api.runs import asked_before
from cronwright.core import accept, identity
from cronwright.core.answer import Act
from cronwright.core.facts import cronjob_facts, job_facts
from cronwright.core.outcome import Outcome
from cronwright.core.parameters import faults, noted
from cronwright.core.plan import Step, decide
from cronwright.core.request_time import requested_at
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.model.base import render_time
from cronwright.model.parameter import Parameter
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, cronjob, finished, job, pod, task, world

CENTURY = 100 * 366 * 86_400
HUGE = [10**10, 10**11, 3 * 10**11, 10**15]
DEEP = "[" * 4000
POD = {"spec": {"restartPolicy": "Never", "containers": [{"name": "task", "image": "busybox"}]}}


def templated(**job_spec: Any) -> dict[str, Any]:
    """Make a spec with a Job template."""
    return {"jobTemplate": {"spec": {**job_spec, "template": POD}}}


def nested(levels: int) -> dict[str, Any]:
    """Nest objects in each other."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def waits(**spec: Any) -> ScheduledTask:
    """Make a task of which a slot is in the queue."""
    due = render_time(NOON)
    entry = {"id": "x", "reason": "Queued", "trigger": "Schedule", "slot": due, "due": due}
    return task({"concurrencyPolicy": "Queue", **spec}, status={"pending": [entry]})


@pytest.mark.parametrize("seconds", HUGE)
def test_a_deadline_that_is_too_long_to_matter_is_a_century(seconds: int) -> None:
    of = waits(startingDeadlineSeconds=seconds)
    plan = decide(world(of, Run(job(), (pod(job(), "Running"),)), standing=cronjob(of)))
    assert plan.rendered is not None
    assert plan.rendered.spec["startingDeadlineSeconds"] == min(seconds, CENTURY)


@pytest.mark.parametrize("seconds", HUGE)
def test_what_stands_in_the_cluster_is_bounded_as_well(seconds: int) -> None:
    metadata = {
        "name": "report", "namespace": "team", "uid": "1", "resourceVersion": "1",
        "creationTimestamp": render_time(NOON),
    }  # fmt: skip
    limits = {"activeDeadlineSeconds": seconds, "ttlSecondsAfterFinished": seconds}
    status = {"startTime": render_time(NOON)}
    of_job = job_facts({"metadata": metadata, "spec": limits, "status": status})
    spec = {
        "schedule": "*/5 * * * *",
        "startingDeadlineSeconds": seconds,
        "jobTemplate": {"spec": limits},
    }
    of_cronjob = cronjob_facts({"metadata": metadata, "spec": spec})
    assert {of_job.deadline, of_job.ttl, of_cronjob.starting_deadline, of_cronjob.ttl} == {CENTURY}
    plan = decide(world(task(), Run(of_job, (pod(of_job, "Running"),))))
    assert plan.readiness.ok


@pytest.mark.parametrize("seconds", [*HUGE, -(10**15)])
def test_a_template_may_keep_jobs_for_any_time(seconds: int) -> None:
    of = task(templated(ttlSecondsAfterFinished=seconds))
    kept = decide(world(of, recorded=(finished(job(), "Complete"),)))
    assert kept.readiness.ok
    assert bool(kept.prunes) is (seconds < 0)


@pytest.mark.parametrize("key", ["activeDeadlineSeconds", "ttlSecondsAfterFinished"])
@pytest.mark.parametrize("value", ["10", True, 1.5, [1]])
def test_seconds_that_are_no_integer_are_refused_by_name(key: str, value: Any) -> None:
    plan = decide(world(task({"timeout": "5m", **templated(**{key: value})})))
    assert (plan.step, plan.readiness.reason) == (Step.REFUSE, "InvalidSpec")
    assert plan.readiness.message.startswith(f"spec.jobTemplate.spec.{key} ")
    assert "not an integer; write a number of seconds" in plan.readiness.message


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"])
def test_a_time_beyond_the_calendar_is_none(time: str) -> None:
    text = json.dumps({"requestedAt": time})
    assert requested_at(text) is None
    of = task(
        annotations={f"{identity.RUN_REQUEST_PREFIX}a": text, "cancel.cronwright.dev/b": text}
    )
    plan = decide(world(of, standing=cronjob(of, last_schedule_time=NOON)))
    assert [(each.id, each.act) for each in plan.answers] == [("a", Act.REFUSE)]


def test_a_request_that_is_nested_too_deeply_is_refused() -> None:
    text = json.dumps({"requestedAt": render_time(NOON), "parameters": nested(101)})
    assert requested_at(text) is None
    assert requested_at(DEEP) is None


def test_an_integer_of_any_size_is_one() -> None:
    count = Parameter.model_validate({"name": "n", "type": "integer", "maximum": 5})
    (fault,) = faults([count], {"n": 10**400})
    assert fault.problem == "above 5"
    assert not faults([count], {"n": -(10**400)})


@pytest.mark.parametrize("pattern", ["(" * 250, "(" * 120 + "a" + ")" * 120, "(?:" * 80])
def test_a_pattern_of_brackets_is_refused_by_name(pattern: str) -> None:
    plan = decide(world(task({"parameters": [{"name": "n", "pattern": pattern}]})))
    assert plan.readiness.message.startswith("spec.parameters[0].pattern ")
    assert "groups within more than 20 others; write a simpler one" in plan.readiness.message


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"extensions": nested(101)}, "spec.extensions"),
        ({"extensions": nested(5000)}, "spec.extensions"),
        ({"container": {"image": "x", "odd": nested(5000)}}, "spec.container"),
        ({"jobTemplate": {"spec": {"template": POD, "odd": nested(5000)}}}, "spec.jobTemplate"),
        ({"parameters": [{"name": "a", "default": nested(5000)}]}, "spec.parameters[0].default"),
        ({"parameters": [{"name": "a", "enum": [nested(5000)]}]}, "spec.parameters[0].enum[0]"),
    ],
)
def test_what_is_nested_too_deeply_is_refused(spec: dict[str, Any], field: str) -> None:
    plan = decide(world(task(spec)))
    assert plan.readiness.reason == "InvalidSpec"
    words = "nested deeper than 100 levels; write it flatter, or as a text"
    assert plan.readiness.message == f"{field}: {words}"


def test_a_hundred_levels_are_taken() -> None:
    assert decide(world(task({"extensions": nested(100)}))).readiness.ok


@pytest.mark.parametrize("error", [TypeError, ValueError, OverflowError, RecursionError, KeyError])
def test_an_error_that_nobody_foresaw_makes_one_task_invalid(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error("odd" * 1000)

    monkeypatch.setattr(accept, "check_declared", fails)
    of = task()
    seen = world(of, Run(job(), (pod(job(), "Running"),)), standing=cronjob(of))
    plan = decide(seen)
    assert (plan.step, plan.readiness.reason) == (Step.REFUSE, "InvalidSpec")
    assert error.__name__ in plan.readiness.message
    assert len(plan.readiness.message) < 600
    assert plan.unforeseen(seen), "it is to be logged"
    status = fold(seen, plan, Outcome(plan.readiness, seen.cronjob))
    again = world(task(status=status.render()), standing=cronjob(of))
    assert not decide(again).unforeseen(again), "and once"


MANY = "".join(chr(0x4E00 + 2 * place) for place in range(200))
SLOW: list[tuple[list[dict[str, Any]], str]] = [
    ([{"pattern": f"(?:[^{MANY}]*){{160}}", "default": "a" * 10_000}], "bytes of defaults"),
    ([{"pattern": f"(?:[^{MANY}]*){{160}}", "default": "a" * 2000}], "too long for its pattern"),
    ([{"pattern": "(?:.*){160}", "enum": ["a" * 1000, "b" * 1000]}], "too long for its pattern"),
    ([{"pattern": "(?:.*){160}", "default": "a" * 55}] * 32, "too long for its pattern"),
    ([{"pattern": "a*", "enum": ["a" * 200] * 32}], "bytes as JSON, more than 4096"),
    ([{"enum": [f"{n:0>120}" for n in range(32)], "default": f"{31:0>120}"}] * 14, ""),
]


@pytest.mark.parametrize(("parameters", "problem"), SLOW)
def test_no_declaration_takes_long_to_judge(parameters: list[dict[str, Any]], problem: str) -> None:
    of = task({"parameters": [{**each, "name": f"n{n}"} for n, each in enumerate(parameters)]})
    began = time.process_time()
    plan = decide(world(of))
    assert time.process_time() - began < 0.2, "it takes some hundredths"
    assert plan.readiness.ok is not bool(problem)
    assert problem in plan.readiness.message


def test_a_request_may_not_take_long_either() -> None:
    slow = Parameter.model_validate({"name": "n", "pattern": "(?:.*){160}"})
    (fault,) = faults([slow], {"n": "a" * 2000})
    assert fault.problem == "too long for its pattern"
    usual = Parameter.model_validate({"name": "n", "pattern": "[A-Za-z0-9_.-]{1,400}"})
    assert not faults([usual], {"n": "a" * 400})


def ended(message: str, spec: dict[str, Any] | None = None) -> TaskStatus:
    """Give the status after a run that left a termination message."""
    end = render_time(NOON + timedelta(seconds=2))
    times = {"startedAt": render_time(NOON), "finishedAt": end}
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "message": message, **times}}
    last = pod(job(), "Succeeded", state, policy="File")
    run = Run(job(), (last,), settled=frozenset({(last.uid, "task", 0)}))
    seen = world(task(spec), run)
    plan = decide(seen)
    return fold(seen, plan, Outcome(plan.readiness, seen.cronjob))


@pytest.mark.parametrize("message", [DEEP, '{"result":' + "[" * 1500 + "]" * 1500 + "}"])
def test_a_message_that_is_nested_too_deeply_is_text(message: str) -> None:
    last = ended(message).last_run
    assert last is not None
    assert last.result is not None
    assert last.result.startswith(message[:100])
    assert ended(message, {"checkpoint": True}).checkpoint is None


def test_a_note_that_is_nested_too_deeply_is_nothing() -> None:
    assert noted(DEEP) == {}


def test_the_api_reads_a_request_of_brackets_as_none() -> None:
    body = {"metadata": {"annotations": {"run.cronwright.dev/a": DEEP}}}
    assert asked_before(body, "run.cronwright.dev/a", "a") is None
