from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cronwright.model.cel import NAME_LENGTH
from cronwright.model.crd import crd, crd_yaml
from cronwright.model.spec import TaskSpec
from cronwright.model.status import TaskStatus

COMMITTED = Path(__file__).parents[2] / "crds/cronwright.dev_scheduledtasks.yaml"
VERSION = crd()["spec"]["versions"][0]
ROOT = VERSION["schema"]["openAPIV3Schema"]


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, each in schema.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")


def test_the_committed_file_is_what_the_models_say() -> None:
    assert COMMITTED.read_text() == crd_yaml(), "run `make crds`"


def test_it_is_small_enough_for_kubectl_apply() -> None:
    assert len(crd_yaml().encode()) < 128 * 1024


def test_every_field_of_spec_and_status_is_described() -> None:
    skipped = (".spec.jobTemplate.", ".metadata", ".apiVersion", ".kind")
    bare = [
        path
        for path, node in nodes(ROOT)
        if "description" not in node and not path.endswith("[]") and not path.startswith(skipped)
    ]

    assert bare == []


def test_every_field_of_the_models_is_in_the_schema() -> None:
    for part, model in (("spec", TaskSpec), ("status", TaskStatus)):
        names = {field.alias for field in model.model_fields.values()}
        assert set(ROOT["properties"][part]["properties"]) == names


def test_defaults_stand_in_the_spec_and_nowhere_in_the_status() -> None:
    spec = {
        name: node["default"]
        for name, node in ROOT["properties"]["spec"]["properties"].items()
        if "default" in node
    }

    assert spec == {
        "timeZone": "Etc/UTC",
        "concurrencyPolicy": "Allow",
        "maxQueued": 10,
        "catchUp": {"policy": "None", "limit": 10},
        "suspend": False,
        "checkpoint": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        "priority": 0,
        "historyLimit": 20,
        "logs": {"tailLines": 100, "maxBytes": 4096},
    }
    assert not [path for path, node in nodes(ROOT["properties"]["status"]) if "default" in node]


def test_printer_columns() -> None:
    columns = [
        (each["name"], each["type"], each.get("priority", 0))
        for each in VERSION["additionalPrinterColumns"]
    ]

    assert columns == [
        ("Schedule", "string", 0),
        ("Time zone", "string", 1),
        ("Mode", "string", 1),
        ("Suspend", "boolean", 0),
        ("Active", "integer", 0),
        ("Last run", "date", 0),
        ("Last result", "string", 0),
        ("Next run", "string", 0),
        ("Ready", "string", 0),
        ("Age", "date", 0),
    ]


def test_names() -> None:
    assert crd()["spec"]["names"] == {
        "kind": "ScheduledTask",
        "listKind": "ScheduledTaskList",
        "plural": "scheduledtasks",
        "singular": "scheduledtask",
        "shortNames": ["stask"],
        "categories": ["cronwright"],
    }
    assert NAME_LENGTH + len("-29454240.0") == 63


@pytest.mark.parametrize("field", ["jobTemplate", "container", "extensions"])
def test_what_is_others_to_define_is_kept_whole(field: str) -> None:
    schema = ROOT["properties"]["spec"]["properties"][field]

    assert schema["x-kubernetes-preserve-unknown-fields"] is True


def test_every_rule_says_what_to_write() -> None:
    messages = [
        rule["message"]
        for _, node in nodes(ROOT)
        for rule in node.get("x-kubernetes-validations", ())
    ]

    assert len(messages) == 6
    assert all(" write " in message or " remove " in message for message in messages)
