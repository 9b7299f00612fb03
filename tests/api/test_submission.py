from typing import Any

import pytest

from cronwright.api.problem import Kind, Problem
from cronwright.api.submission import Submission

CONTAINER = {"image": "busybox", "command": ["true"]}
SPEC = {"schedule": "0 2 * * *", "container": CONTAINER}
ID = "1541815603606036480"


def read(body: dict[str, Any]) -> Submission:
    return Submission.read(body, lambda: "new-id")


def refused(body: dict[str, Any]) -> dict[str, Any]:
    with pytest.raises(Problem) as caught:
        read(body)
    assert caught.value.kind is Kind.INVALID
    return caught.value.document()


MANIFEST = {
    "apiVersion": "cronwright.dev/v1alpha1",
    "kind": "ScheduledTask",
    "metadata": {"name": "backup", "namespace": "shop", "labels": {"team": "a"}},
    "spec": SPEC,
}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "backup", "namespace": "shop", "labels": {"team": "a"}, "spec": SPEC},
        {"name": "backup", "namespace": "shop", "labels": {"team": "a"}, **SPEC},
        MANIFEST,
    ],
    ids=["spec apart", "flat", "manifest"],
)
def test_every_form_gives_the_same_manifest(body: dict[str, Any]) -> None:
    submission = read(body)

    assert submission.namespace == "shop"
    assert submission.manifest("shop") == {
        **MANIFEST,
        "metadata": {
            "name": "backup",
            "namespace": "shop",
            "labels": {"team": "a"},
            "annotations": {},
        },
    }


@pytest.mark.parametrize(
    ("names", "expected", "labels"),
    [
        ({"id": ID}, ID, {}),
        ({"id": int(ID)}, ID, {}),
        ({"name": "backup"}, "backup", {}),
        ({"id": ID, "name": "backup"}, ID, {"cronwright.dev/name": "backup"}),
        ({}, "new-id", {}),
        ({"id": None, "name": None}, "new-id", {}),
    ],
)
def test_the_id_is_the_given_one_else_the_name_else_a_new_one(
    names: dict[str, Any], expected: str, labels: dict[str, str]
) -> None:
    submission = read({**names, **SPEC})

    assert (submission.id, submission.labels) == (expected, labels)


def test_the_spec_is_passed_on_as_written_but_for_nulls() -> None:
    template = {"spec": {"template": {"spec": {"newInKubernetes2030": {"a": [1, None]}}}}}

    submission = read({"schedule": None, "timeZone": None, "jobTemplate": template})

    assert submission.spec == {"jobTemplate": template}


def test_a_manifest_that_a_program_printed_is_taken() -> None:
    metadata = {"name": "backup", "creationTimestamp": None}

    assert read({**MANIFEST, "metadata": metadata}).id == "backup"


@pytest.mark.parametrize(
    ("body", "field", "value", "remedy"),
    [
        ({**SPEC, "shedule": 1}, "shedule", 1, "write schedule"),
        ({**SPEC, "time_zone": "x"}, "time_zone", "x", "write timeZone"),
        ({"spec": {**SPEC, "timeout": "5 minutes"}}, "spec.timeout", "5 minutes", "90s"),
        ({"spec": SPEC, "schedule": "@daily"}, "schedule", "@daily", "known are"),
        ({**SPEC, "logs": {"lines": 5}}, "logs.lines", 5, "tailLines"),
        ({**SPEC, "logs": {"tailLines": 0}}, "logs.tailLines", 0, "last lines"),
        ({**SPEC, "schedule": "0 2 * *"}, "schedule", "0 2 * *", "such as 30 2 * * MON-FRI"),
        ({**SPEC, "timeZone": "Europe/Berln"}, "timeZone", "Europe/Berln", "Europe/Berlin"),
        ({**SPEC, "concurrencyPolicy": "No"}, "concurrencyPolicy", "No", "Forbid"),
        ({**SPEC, "extensions": {"a": "b" * 9000}}, "extensions", None, "ConfigMap"),
        (
            {**SPEC, "parameters": [{"name": "a", "default": 1}]},
            "parameters[0].default", 1, "a string",
        ),
        (
            {"spec": {**SPEC, "parameters": [{"name": "a", "required": True}]}},
            "spec.parameters[0].default", None, "leave the schedule out",
        ),
        ({**SPEC, "parameters": [{"name": "a", "typ": "x"}]}, "parameters.0.typ", "x", "type"),
        ({**SPEC, "parameters": [{"type": "string"}]}, "parameters.0.name", None, "takes"),
        ({**SPEC, "id": "backup"}, "id", "backup", "write a UUID"),
        ({**SPEC, "id": True}, "id", True, "UUID"),
        ({**SPEC, "name": "Back Up"}, "name", "Back Up", "small letters"),
        ({**SPEC, "namespace": "../x"}, "namespace", "../x", "namespace"),
        ({**SPEC, "labels": {"a": 1}}, "labels.a", 1, "Labels"),
        ({**SPEC, "container": "busybox"}, "container", "busybox", "jobTemplate"),
        ({"spec": "daily"}, "spec", "daily", "What runs"),
        ({**MANIFEST, "kind": "CronJob"}, "kind", "CronJob", "ScheduledTask"),
        ({**MANIFEST, "apiVersion": "batch/v1"}, "apiVersion", "batch/v1", "v1alpha1"),
        ({**MANIFEST, "status": {}}, "status", "{}", "known are"),
        ({**MANIFEST, "id": ID}, "id", ID, "known are"),
        ({"kind": "ScheduledTask", "spec": SPEC}, "apiVersion", None, "v1alpha1"),
        ({k: v for k, v in MANIFEST.items() if k != "spec"}, "spec", None, "What runs"),
        (
            {**MANIFEST, "metadata": {"name": "x", "finalizers": ["a"]}},
            "metadata.finalizers",
            '["a"]',
            "known are name",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_field_value_and_remedy(
    body: dict[str, Any], field: str, value: object, remedy: str
) -> None:
    problem = refused(body)

    assert problem["field"] == field
    assert value is None or problem["value"] == value
    assert remedy in problem["remedy"]
    assert field in problem["detail"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    problem = refused({"schedule": "soon", "timeZone": "Mars", "historyLimit": 51, "x": 1})

    fields = [each["field"] for each in problem["errors"]]
    assert fields == ["schedule", "timeZone", "historyLimit", "x"]
    assert problem["field"] == "schedule"
    assert all(each["remedy"] for each in problem["errors"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (SPEC, "timeZone"),
        ({"spec": SPEC}, "spec.timeZone"),
        (MANIFEST, "spec.timeZone"),
    ],
)
def test_a_field_of_the_manifest_is_told_in_the_callers_form(
    body: dict[str, Any], field: str
) -> None:
    assert read(body).written("spec.timeZone") == field
