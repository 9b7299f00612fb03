"""The store of tasks: newest wins, and a name's next owner is another task."""

from typing import Any

import pytest

from cronwright.controller.tasks import TaskKey, TaskStore

KEY = TaskKey("team", "report")


def body(version: int, uid: str = "u1", **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "team",
            "name": "report",
            "uid": uid,
            "resourceVersion": str(version),
            **metadata,
        },
        "spec": {},
    }


def test_an_older_body_changes_nothing() -> None:
    tasks = TaskStore()
    assert tasks.put(body(9))
    assert not tasks.put(body(9))
    assert not tasks.put(body(8))
    kept = tasks.get(KEY)
    assert kept is not None
    assert kept["metadata"]["resourceVersion"] == "9"


def test_a_recreated_task_is_new_whatever_its_version() -> None:
    tasks = TaskStore()
    tasks.put(body(9))
    assert tasks.put(body(3, uid="u2"))


def test_a_late_deletion_does_not_remove_the_next_task_of_the_name() -> None:
    tasks = TaskStore()
    tasks.put(body(9, uid="u2"))
    assert not tasks.remove(KEY, "u1")
    assert tasks.remove(KEY, "u2")
    assert tasks.get(KEY) is None


def test_what_nobody_reads_is_not_kept() -> None:
    tasks = TaskStore()
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    tasks.put(body(1, managedFields=[{}], annotations={applied: "{}", "x": "y"}))
    kept = tasks.get(KEY)
    assert kept is not None
    assert kept["metadata"]["annotations"] == {"x": "y"}
    assert "managedFields" not in kept["metadata"]


def test_who_is_to_be_fired_first_comes_first() -> None:
    tasks = TaskStore()
    statuses: dict[str, dict[str, str]] = {
        "native": {"mode": "Native", "nextRunTime": "2026-03-02T12:00:00Z"},
        "new": {},
        "later": {"mode": "Managed", "nextRunTime": "2026-03-02T13:00:00Z"},
        "soon": {"mode": "Managed", "nextRunTime": "2026-03-02T12:30:00Z"},
        "over": {"mode": "Managed"},
    }
    for name, status in statuses.items():
        tasks.put({**body(9, name=name), "status": status})
    order = [key.name for key in tasks.by_due()]
    assert order[:2] == ["soon", "later"]
    assert sorted(order) == sorted(statuses)


def test_tasks_of_groups_are_told_apart() -> None:
    tasks = TaskStore()
    for name, spec in (("alone", {}), ("shares", {"concurrencyGroup": "db"})):
        tasks.put({**body(1, name=name), "spec": spec})
    assert tasks.grouped() == [TaskKey("team", "shares")]
    tasks.put({**body(2, name="shares"), "spec": {}})
    assert tasks.grouped() == []


@pytest.mark.parametrize("levels", [253, 500])
def test_a_body_is_kept_however_deep_it_is(levels: int) -> None:
    inner: Any = 1
    for _ in range(levels):
        inner = [inner]
    deep = {**body(9), "spec": {"extensions": {"a": inner}}}
    tasks = TaskStore()
    assert tasks.put(deep)
    assert tasks.get(KEY) == deep
