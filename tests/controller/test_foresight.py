"""What tasks are expected to want of their groups, right after a start."""

from datetime import timedelta
from typing import Any

import pytest

from cronwright.controller.foresight import expected
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.model.base import render_time
from tests.controller.test_standby import KEY, Bench, _body
from tests.core.world import NOON, job

SECOND = timedelta(seconds=1)


def waits(run_id: str, second: int, reason: str = "Queued", **more: Any) -> dict[str, Any]:
    due = render_time(NOON + second * SECOND)
    return {"id": run_id, "reason": reason, "trigger": "Manual", "due": due, **more}


def foreseen(
    bench: Bench, status: dict[str, Any] | None = None, **spec: Any
) -> list[tuple[str, int, int]]:
    """Put a task of a group into the store; give what it is expected to want."""
    body = _body(8)
    shared = {"concurrencyGroup": "db", "priority": 7}
    body["spec"] = {**body["spec"], **shared, **spec}
    bench.tasks.put({**body, "status": status or {}})
    found = expected(bench.standby._sources, NOON)
    assert all(want.key == key == KEY for key, wants in found.items() for want in wants)
    return [
        (want.run_id, want.priority, int((want.due - NOON).total_seconds()))
        for wants in found.values()
        for want in wants
    ]


ENTRIES = [waits("second", -5), waits("again", -90, "Retry", attempt=2), waits("first", -60)]


@pytest.mark.parametrize(
    ("policy", "runs"),
    [("Queue", ["first"]), ("Forbid", ["first"]), ("Allow", ["first", "second"])],
)
def test_what_could_start_is_wanted_in_its_turn(bench: Bench, policy: str, runs: list[str]) -> None:
    found = foreseen(bench, {"pending": ENTRIES}, concurrencyPolicy=policy)
    assert [run for run, *_ in found] == runs
    assert found[0] == ("first", 7, -60)


def test_behind_a_run_that_is_active_only_what_may_be_beside_it_is_wanted(bench: Bench) -> None:
    begun = job(annotations={identity.RUN_ID: "first"})
    bench.starts(begun)
    assert foreseen(bench, {"pending": ENTRIES}, concurrencyPolicy="Queue") == []
    bench.tasks.remove(KEY, _body(8)["metadata"]["uid"])
    found = foreseen(bench, {"pending": ENTRIES}, concurrencyPolicy="Allow")
    assert [run for run, *_ in found] == ["second"], "what has a Job wants nothing more"


def test_a_slot_that_came_due_meanwhile_is_wanted(bench: Bench) -> None:
    status = {"mode": "Managed", "nextRunTime": render_time(NOON - 9 * SECOND)}
    assert foreseen(bench, status) == [(str(KEY), 7, -9)]


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        ({"mode": "Managed", "nextRunTime": render_time(NOON + SECOND)}, {}),
        ({"mode": "Native", "nextRunTime": render_time(NOON - SECOND)}, {}),
        ({"pending": ENTRIES}, {"concurrencyGroup": None}),
        ({"pending": ENTRIES}, {"priority": "high"}),
    ],
    ids=["to come", "the CronJob's", "no group", "unreadable"],
)
def test_nothing_else_is(bench: Bench, status: dict[str, Any], spec: dict[str, Any]) -> None:
    assert foreseen(bench, status, **spec) == []


def test_a_task_that_is_being_deleted_wants_nothing(bench: Bench) -> None:
    body = _body(8)
    body["spec"]["concurrencyGroup"] = "db"
    body["metadata"]["deletionTimestamp"] = render_time(NOON)
    bench.tasks.put({**body, "status": {"pending": ENTRIES}})
    assert expected(bench.standby._sources, NOON) == {}


def test_no_task_no_want(bench: Bench) -> None:
    assert bench.tasks.get(TaskKey("team", "other")) is None
    assert expected(bench.standby._sources, NOON) == {}


@pytest.fixture
def bench() -> Bench:
    return Bench()
