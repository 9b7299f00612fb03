"""Parameters: which lists are sound, which values are taken, and what a run finds of them."""

import json
from datetime import timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.answer import Act, Answer
from cronwright.core.cronjob import render
from cronwright.core.job import request_job, slot_template
from cronwright.core.parameters import check_declared, faults, rendered, values
from cronwright.core.plan import Step, decide
from cronwright.core.record import record
from cronwright.core.requests import answer
from cronwright.core.run import Run
from cronwright.core.verdict import Ending
from cronwright.errors import FieldError
from cronwright.model.base import render_time
from cronwright.model.logs import Logs
from cronwright.model.parameter import Parameter
from cronwright.model.run import PendingRun, Verdict
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask
from cronwright.schedule import NativeForm
from tests.core.world import CRONJOB_UID, NOON, TASK_UID, cronjob, job, pod, task, world

REGION = {"name": "region", "enum": ["eu", "us"], "default": "eu"}
LIMIT = {"name": "row-limit", "type": "integer", "minimum": 1, "maximum": 500}
RATIO = {"name": "ratio", "type": "number", "default": 0.5}
DRY = {"name": "dry", "type": "boolean", "default": False, "env": "DRY_RUN"}
DAY = {"name": "day", "pattern": r"\d{4}-\d{2}-\d{2}"}
ALL: list[dict[str, Any]] = [REGION, LIMIT, RATIO, DRY, DAY]


def declared(*parameters: dict[str, Any]) -> list[Parameter]:
    return [Parameter.model_validate(each) for each in parameters]


NONE_OF = "none of the values that are taken"
KNOWN = "the task has region, row-limit, ratio, dry, day"
DAY_TAKES = r"write a string that matches \d{4}-\d{2}-\d{2}"
LIMIT_TAKES = "write an integer, such as 10, at least 1, at most 500"
FAULTS: list[tuple[Any, list[str]]] = [
    ({}, []),
    ({"region": "us", "row-limit": 500, "ratio": 1, "dry": True, "day": "2026-03-02"}, []),
    ({"row-limit": 5.0}, []),
    ({"region": None}, []),
    (
        {"region": "asia"},
        [f'parameters.region "asia": {NONE_OF}; write one of "eu", "us"'],
    ),
    (
        {"row-limit": 501, "day": "today"},
        [
            f"parameters.row-limit 501: above 500; {LIMIT_TAKES}",
            f'parameters.day "today": does not match the pattern; {DAY_TAKES}',
        ],
    ),
    ({"row-limit": 0}, [f"parameters.row-limit 0: below 1; {LIMIT_TAKES}"]),
    ({"limit": 1}, [f"parameters.limit 1: no such parameter; {KNOWN}"]),
    (["region"], ["parameters ['region']: not an object; write {\"NAME\": value}"]),
]


@pytest.mark.parametrize(("given", "expected"), FAULTS)
def test_what_is_wrong_with_values_is_told_with_a_remedy(given: Any, expected: list[str]) -> None:
    assert [str(each) for each in faults(declared(*ALL), given)] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row-limit", "5"), ("row-limit", True), ("row-limit", 5.5), ("row-limit", [5]),
        ("ratio", "0.5"), ("ratio", float("nan")), ("ratio", float("inf")), ("ratio", False),
        ("dry", 1), ("dry", "true"), ("region", 1), ("day", {"a": 1}),
    ],
)  # fmt: skip
def test_values_of_another_type_are_refused(name: str, value: Any) -> None:
    (fault,) = faults(declared(*ALL), {name: value})
    assert fault.problem.startswith("not of the type")


def test_true_is_not_one_of_the_numbers() -> None:
    flag = {"name": "flag", "type": "integer", "enum": [0, 1]}
    assert faults(declared(flag), {"flag": 1}) == []
    assert faults(declared({**flag, "type": "boolean", "enum": [True]}), {"flag": False})


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_what_no_variable_can_carry_is_refused(value: str) -> None:
    (fault,) = faults(declared({"name": "text"}), {"text": value})
    assert "no environment variable" in fault.problem


def test_too_much_is_refused() -> None:
    (fault,) = faults(declared({"name": "text"}), {"text": "é" * 1100})
    assert "more than 2048" in fault.problem


def test_what_is_required_has_to_be_given_by_a_request() -> None:
    required = {"name": "who", "required": True, "default": "all"}
    (fault,) = faults(declared(required), {})
    assert str(fault) == 'parameters.who: not given; write a string, such as "eu"'
    assert values(declared(required), {}) == {"who": "all"}


def test_a_task_without_parameters_takes_none() -> None:
    (fault,) = faults([], {"region": "eu"})
    assert fault.remedy == "the task has none; leave it out"


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ([{"name": "a"}, {"name": "a"}], "spec.parameters[1].name"),
        ([{"name": "a.b"}, {"name": "A_B"}], "spec.parameters[1].env"),
        ([{"name": "a", "env": "X"}, {"name": "b", "env": "X"}], "spec.parameters[1].env"),
        ([{"name": "a", "env": "CRONWRIGHT_RUN_ID"}], "spec.parameters[0].env"),
        ([{"name": "a", "minimum": 1}], "spec.parameters[0].minimum"),
        ([{"name": "a", "type": "boolean", "maximum": 1}], "spec.parameters[0].maximum"),
        ([{**LIMIT, "minimum": 501}], "spec.parameters[0].minimum"),
        ([{**LIMIT, "pattern": "5"}], "spec.parameters[0].pattern"),
        ([{**DAY, "pattern": "(a"}], "spec.parameters[0].pattern"),
        ([{**DAY, "default": "today"}], "spec.parameters[0].default"),
        ([{**REGION, "default": "asia"}], "spec.parameters[0].default"),
        ([{**LIMIT, "default": "5"}], "spec.parameters[0].default"),
        ([{**REGION, "enum": ["eu", 1]}], "spec.parameters[0].enum[1]"),
        ([{**LIMIT, "enum": [1, 600]}], "spec.parameters[0].enum[1]"),
        ([{"name": "a", "required": True}], "spec.parameters[0].default"),
        ([{"name": "a", "default": "x" * 2048}], "spec.parameters"),
    ],
)
def test_a_list_that_contradicts_itself_makes_the_task_invalid(
    parameters: list[dict[str, Any]], field: str
) -> None:
    plan = decide(world(task({"parameters": parameters})))
    assert (plan.step, plan.readiness.reason) == (Step.REFUSE, "InvalidSpec")
    assert plan.readiness.message.startswith(f"{field} ") or plan.readiness.message.startswith(
        f"{field}:"
    )


def test_a_task_without_a_schedule_may_require_what_has_no_default() -> None:
    check_declared(task({"schedule": None, "parameters": [{"name": "a", "required": True}]}).spec)
    with pytest.raises(FieldError):
        check_declared(task({"parameters": [{"name": "a", "required": True}]}).spec)


GIVEN = {"region": "us", "row-limit": 7.0, "dry": True}
CHOSEN = {"region": "us", "row-limit": "7", "ratio": "0.5", "dry": "true"}


def test_a_run_has_what_was_given_and_the_defaults() -> None:
    assert values(declared(*ALL), rendered(declared(*ALL), GIVEN)) == CHOSEN


def started(parameters: list[dict[str, Any]], given: dict[str, Any]) -> Answer:
    return Answer("one", Act.START, "id", given=rendered(declared(*parameters), given))


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def container_of(job_body: dict[str, Any]) -> dict[str, Any]:
    """Give the one container of a Job."""
    (container,) = job_body["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = container
    return found


def test_a_requested_run_finds_them_in_its_environment() -> None:
    body = request_job(task({"parameters": ALL}), CRONJOB_UID, started(ALL, GIVEN))
    found = variables(container_of(body))
    assert found["CRONWRIGHT_PARAM_REGION"] == "us"
    assert found["CRONWRIGHT_PARAM_ROW_LIMIT"] == "7"
    assert found["DRY_RUN"] == "true"
    assert "CRONWRIGHT_PARAM_DAY" not in found
    assert json.loads(body["metadata"]["annotations"][identity.PARAMETERS]) == CHOSEN


def test_the_defaults_stand_in_the_cronjob_and_in_the_jobs_of_slots() -> None:
    of = task({"parameters": ALL})
    template = render(of, NativeForm("*/5 * * * *", "Etc/UTC")).spec["jobTemplate"]
    slot = json.loads(slot_template(of, CRONJOB_UID).job("name", "id", render_time(NOON)))
    for each in (template, slot):
        assert variables(container_of(each))["CRONWRIGHT_PARAM_REGION"] == "eu"
    note = template["metadata"]["annotations"][identity.PARAMETERS]
    assert json.loads(note) == {"region": "eu", "ratio": "0.5", "dry": "false"}


def test_a_value_replaces_what_the_template_sets_and_is_never_interpreted() -> None:
    container = {
        "image": "busybox",
        "env": [{"name": "FIRST", "value": "$(WHERE)"}, {"name": "WHERE", "value": "nowhere"}],
    }
    where = {"name": "where", "env": "WHERE"}
    of = task({"container": container, "parameters": [where]})
    given = container_of(request_job(of, CRONJOB_UID, started([where], {"where": "$(HOME) $$"})))
    assert given["env"][:2] == [
        {"name": "WHERE", "value": "$$(HOME) $$$$"},
        {"name": "FIRST", "value": "$(WHERE)"},
    ]
    assert [each["name"] for each in given["env"]].count("WHERE") == 1
    without = container_of(request_job(of, CRONJOB_UID, started([where], {})))
    assert variables(without)["WHERE"] == "nowhere"


def asked(**parameters: Any) -> dict[str, str]:
    value = {"requestedAt": render_time(NOON), "parameters": parameters}
    return {"run.cronwright.dev/one": json.dumps(value)}


def test_a_request_is_checked_before_a_job_is_made() -> None:
    of = task({"parameters": ALL}, annotations=asked(region="asia", limit=3))
    (found,) = answer(of, [], frozenset(), [], NOON)
    assert found.act is Act.REFUSE
    assert found.message == (
        "parameters.limit 3: no such parameter; the task has region, row-limit, ratio, dry, day; "
        'parameters.region "asia": none of the values that are taken; write one of "eu", "us"'
    )
    good = task({"parameters": ALL}, annotations=asked(region="us"))
    (found,) = decide(world(good, standing=cronjob(good, last_schedule_time=NOON))).answers
    assert (found.act, found.given) == (Act.START, {"region": "us"})


def test_what_begun_is_brought_to_its_end_whatever_the_list_says_now() -> None:
    of = task(annotations=asked(region="us"))
    begun = job(annotations={identity.RUN_ID: identity.request_run_id(TASK_UID, "one")})
    (found,) = answer(of, [begun], frozenset(), [], NOON)
    assert found.act is Act.START


@pytest.mark.parametrize("more", [{"parameters": None}, {}])
def test_a_request_need_give_none(more: dict[str, Any]) -> None:
    value = json.dumps({"requestedAt": render_time(NOON), **more})
    of = task(annotations={"run.cronwright.dev/one": value})
    (found,) = answer(of, [], frozenset(), [], NOON)
    assert (found.act, found.given) == (Act.START, {})


def queueing(**requests: dict[str, Any]) -> ScheduledTask:
    """Make a task whose requests wait for one another."""
    annotations = {
        f"run.cronwright.dev/{name}": json.dumps(
            {"requestedAt": render_time(NOON + timedelta(seconds=number)), "parameters": given}
        )
        for number, (name, given) in enumerate(requests.items())
    }
    text = {"name": "text"}
    spec = {"concurrencyPolicy": "Queue", "maxQueued": 50, "parameters": [text]}
    return task(spec, annotations=annotations)


def test_what_waits_takes_its_values_along() -> None:
    of = queueing(one={"text": "a"}, two={})
    waiting = [each.pending for each in answer(of, [job()], frozenset(), [], NOON)]
    assert [each.parameters for each in waiting] == [{"text": "a"}, None]
    later = decide(world(task(annotations={}, status=status_of(waiting).render())))
    assert [each.parameters for each in later.backlog.rest] == [{"text": "a"}, None]


def status_of(waiting: list[PendingRun]) -> TaskStatus:
    return TaskStatus(pending=waiting)


def test_of_long_values_so_many_wait_in_the_status_and_the_rest_in_their_annotations() -> None:
    of = queueing(**{f"r{number:02d}": {"text": "x" * 2000} for number in range(9)})
    first = answer(of, [job()], frozenset(), [], NOON)
    assert [(each.id, each.act) for each in first] == [(f"r{n:02d}", Act.QUEUE) for n in range(4)]
    again = answer(of, [job()], frozenset(), [each.pending for each in first], NOON)
    assert [each.act for each in again] == [Act.FORGET] * 4
    one_less = [each.pending for each in first[1:]]
    more = answer(of, [job()], frozenset({first[0].run_id}), one_less, NOON)
    assert [each.id for each in more if each.act is Act.QUEUE] == ["r04"]


def recorded(annotation: str) -> dict[str, str] | None:
    of = job(annotations={identity.PARAMETERS: annotation})
    end = Ending(Verdict.SUCCEEDED, "Completed", "", NOON)
    return record(Run(of, (pod(of),)), end, Logs()).parameters


def test_the_record_keeps_what_the_run_was_made_with() -> None:
    assert recorded(json.dumps(CHOSEN)) == CHOSEN
    assert recorded("{}") is None


@pytest.mark.parametrize("annotation", ["", "no JSON", "[1]", "3"])
def test_somebody_elses_annotation_is_no_parameters(annotation: str) -> None:
    assert recorded(annotation) is None


def test_of_many_long_values_the_record_keeps_what_fits() -> None:
    many = {f"name-{number}": "<é" * 40 for number in range(30)}
    kept = recorded(json.dumps(many))
    assert kept
    written = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    assert len(written.replace("<", r"\u003c").encode()) <= 512 + 2
    assert next(iter(kept.values())) == "<é" * 40
