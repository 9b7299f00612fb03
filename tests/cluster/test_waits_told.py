"""What the operator tells of runs that wait: that the wait begins, and how many there are."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import fastjsonschema
import pytest

from tests.cluster.operator_process import OperatorProcess
from tests.cluster.slots import KEEP
from tests.cluster.tasks import Tasks, shell
from tests.cluster.test_queue import settled, span
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

JSONObject = dict[str, Any]
SCHEMA = Path(__file__).parents[2] / "docs" / "execution-log.schema.json"
LONG = shell("sleep 300")
SHARED: dict[str, Any] = {"schedule": None, "concurrencyGroup": "database"}
# How many wait of each task, once all do.
WAITS = {"queues": 2, "again": 1, "second": 1}


async def test_each_wait_is_told_once_also_over_a_restart(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    _, times = span(3, 1, lead=6.0)
    await tasks.create(
        "queues", container=shell("sleep 8"), concurrencyPolicy="Queue", **KEEP, **times
    )
    retry = {"limit": 1, "backoff": {"initial": "5m"}}
    await tasks.create("again", container=shell("exit 3"), schedule=None, retry=retry)
    await tasks.create("first", container=LONG, **SHARED)
    await tasks.create("second", container=LONG, **SHARED)
    await tasks.all_ready()
    await tasks.request("again", "mine")
    await tasks.request("first", "mine")
    await until(lambda: active(tasks, "first"))
    await tasks.request("second", "mine")

    async def all_wait() -> dict[str, list[JSONObject]]:
        found = await tasks.all()
        pending = {name: body["status"].get("pending", []) for name, body in found.items()}
        assert {name: len(each) for name, each in pending.items() if each} == WAITS, pending
        return pending

    pending = await until(all_wait, 40.0)
    await until(lambda: told(operator))
    before = operator.executions()
    check(before, pending)
    assert await waiting(operator) == {"Queued": 3, "Retry": 1}
    ages = (await operator.metrics()).sum("cronwright_oldest_wait_seconds", reason="Queued")
    assert 0 < ages < 120

    await operator.restart()
    assert (await settled(tasks, "queues", 3))["counts"] == {"Succeeded": 3}
    since = operator.executions()[len(before) :]
    assert [line["event"] for line in since if line["task_name"] == "queues"].count("Ended") == 3
    assert waits(since) == [], "each was told before the restart"
    assert await waiting(operator) == {"Queued": 1, "Retry": 1}


async def active(tasks: Tasks, name: str) -> bool:
    """Tell whether a run of a task is active."""
    return bool((await tasks.status(name))["activeCount"])


async def told(operator: OperatorProcess) -> bool:
    """Tell whether each wait is told."""
    found = Counter(line["task_name"] for line in waits(operator.executions()))
    assert found == WAITS
    return True


async def waiting(operator: OperatorProcess) -> dict[str, float]:
    """Ask the metrics how many runs wait, by the reason."""
    found = await operator.metrics()
    name = "cronwright_runs_waiting"
    return {labels["reason"]: found[name, labels] for each, labels in found if each == name}


def waits(lines: list[JSONObject]) -> list[JSONObject]:
    return [line for line in lines if line["event"] in {"Waiting", "RetryDue"}]


def check(lines: list[JSONObject], pending: dict[str, list[JSONObject]]) -> None:
    """Hold the lines of runs that wait against their schema and the statuses."""
    validate = fastjsonschema.compile(json.loads(SCHEMA.read_text()), use_default=False)
    for line in waits(lines):
        validate(line)
        (entry,) = [
            each
            for each in pending[line["task_name"]]
            if each["id"].replace("-", "") == line["trace_id"]
        ]
        assert line["event"] == ("RetryDue" if entry["reason"] == "Retry" else "Waiting")
        for field, key in (("reason",) * 2, ("trigger",) * 2, ("slot",) * 2, ("time", "due")):
            assert line.get(field) == entry.get(key), field
        assert (line["run"] is None) == (line["event"] == "Waiting")
