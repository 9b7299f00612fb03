"""A template of any shape is rendered, or refused with the field that is wrong: never a crash."""

from copy import deepcopy
from typing import Any

import pytest

from cronwright.core.plan import decide
from tests.core.world import task, world

CONTAINER = {"name": "task", "image": "busybox", "env": [{"name": "A", "value": "b"}]}
POD = {
    "restartPolicy": "Never",
    "initContainers": [deepcopy(CONTAINER)],
    "containers": [CONTAINER],
}
METADATA = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
TEMPLATE: dict[str, Any] = {
    "metadata": METADATA,
    "spec": {
        "ttlSecondsAfterFinished": 60,
        "template": {"metadata": deepcopy(METADATA), "spec": POD},
    },
}
SPECS: list[dict[str, Any]] = [
    {},
    {"timeout": "5m"},
    {"retry": {"limit": 2}},
    {"retry": {"limit": 2, "backoff": {"initial": "9s"}}},
    {"checkpoint": True},
    {"parameters": [{"name": "p", "default": "x"}]},
]
ENTRY = "spec.jobTemplate.spec.template.spec.containers[0].env[0]"
ODD: list[Any] = [None, 3, "x", True, [1], ["x"], [None], {"x": 1}, [[1]], [{"name": ["a"]}], [{}]]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all that is in a value."""
    inside: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        inside = list(value.items() if isinstance(value, dict) else enumerate(value))
    deeper = [each for key, item in inside for each in places(item, (*path, key))]
    return [path, *deeper] if path else deeper


def placed(path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    """Put something odd into a template."""
    template = deepcopy(TEMPLATE)
    parent: Any = template
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = odd
    return template


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: next(iter(spec), "plain"))
def test_nothing_odd_is_worse_than_refused(spec: dict[str, Any]) -> None:
    refused = 0
    for path in places(TEMPLATE):
        for odd in ODD:
            of = task({**spec, "jobTemplate": placed(path, odd)})
            plan = decide(world(of, standing=None))
            refused += not plan.readiness.ok
            assert plan.readiness.ok or plan.readiness.reason == "InvalidSpec"
    assert refused > 60


@pytest.mark.parametrize(
    ("path", "odd", "words"),
    [
        (("spec",), 3, "spec.jobTemplate.spec 3: not an object; write a mapping"),
        (
            ("spec", "template", "metadata", "labels"),
            ["a"],
            "spec.jobTemplate.spec.template.metadata.labels ['a']: not an object; write a mapping",
        ),
        (
            ("spec", "template", "spec", "containers", 0, "env", 0, "name"),
            ["a"],
            f"{ENTRY}.name ['a']: not a text; write the variable's name",
        ),
    ],
)
def test_the_field_is_named(path: tuple[Any, ...], odd: Any, words: str) -> None:
    plan = decide(world(task({"jobTemplate": placed(path, odd)}), standing=None))
    assert plan.readiness.message == words


def test_a_container_of_the_short_form_is_named_as_it_stands() -> None:
    plan = decide(world(task({"container": {**CONTAINER, "env": 1}}), standing=None))
    assert plan.readiness.message == "spec.container.env 1: not a list; write a list"
