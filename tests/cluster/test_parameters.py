"""Parameters of requested runs: by annotation, by the API, and in the environment of the run."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cronwright.core.identity import RUN_REQUEST_PREFIX
from cronwright.kube import paths
from tests.cluster.api_process import Web
from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

PARAMETERS: list[dict[str, Any]] = [
    {"name": "region", "enum": ["eu", "us"], "default": "eu"},
    {"name": "limit", "type": "integer", "minimum": 1, "maximum": 500, "default": 10,
     "env": "LIMIT"},
    {"name": "day", "pattern": r"\d{4}-\d{2}-\d{2}"},
]  # fmt: skip
PRINTS = shell(
    'echo "$CRONWRIGHT_PARAM_REGION $LIMIT [$CRONWRIGHT_PARAM_DAY]"',
    env=[{"name": "LIMIT", "value": "7"}, {"name": "HOME_OF", "value": "$(LIMIT)"}],
)


async def ask(tasks: Tasks, name: str, request: str, parameters: object) -> None:
    value = {"requestedAt": datetime.now(UTC).isoformat(), "parameters": parameters}
    body = {"metadata": {"annotations": {RUN_REQUEST_PREFIX + request: json.dumps(value)}}}
    await tasks.client.merge_patch(paths.scheduledtasks(tasks.namespace, name), body)


async def test_a_request_gives_values_and_the_rest_are_defaults(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("with-values", container=PRINTS, parameters=PARAMETERS)
    await tasks.ready("with-values")
    await ask(tasks, "with-values", "one", {"region": "us", "day": "2026-03-02"})
    record = (await tasks.ended("with-values"))["lastRun"]

    assert record["logTail"] == "us 10 [2026-03-02]\n"
    assert record["parameters"] == {"region": "us", "limit": "10", "day": "2026-03-02"}


async def test_what_is_asked_for_while_another_runs_keeps_its_values(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create(
        "queues", container=PRINTS, parameters=PARAMETERS, concurrencyPolicy="Queue",
    )  # fmt: skip
    await tasks.ready("queues")
    for number in range(3):
        await ask(tasks, "queues", f"number-{number}", {"limit": 100 + number})
    history = (await tasks.ended("queues", 3))["history"]

    # Runs that start within a second have no order in the history.
    assert {each["parameters"]["limit"] for each in history} == {"100", "101", "102"}


async def test_a_native_task_stays_native_and_has_the_defaults(
    tasks: Tasks, operator: OperatorProcess, kubectl: Kubectl
) -> None:
    await tasks.create("native", container=PRINTS, parameters=PARAMETERS)
    assert (await tasks.ready("native"))["mode"] == "Native"
    await kubectl("create", "job", "by-hand", "--from=cronjob/native")
    record = (await tasks.ended("native"))["lastRun"]

    assert record["logTail"] == "eu 10 []\n"
    assert record["parameters"] == {"region": "eu", "limit": "10"}


async def test_what_is_wrong_starts_nothing_and_is_told_in_an_event(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("refuses", container=PRINTS, parameters=PARAMETERS)
    await tasks.ready("refuses")
    await ask(tasks, "refuses", "wrong", {"limit": 501, "regoin": "eu"})

    async def told() -> str:
        message: str = (await tasks.events("RequestRefused"))[0]["message"]
        return message

    assert await until(told) == (
        'run request wrong: parameters.regoin "eu": no such parameter; the task has region, '
        "limit, day; parameters.limit 501: above 500; write an integer, such as 10, at least 1, "
        "at most 500"
    )
    assert await tasks.jobs("refuses") == []


async def test_a_schedule_needs_defaults_for_what_is_required(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    required = [{"name": "who", "required": True}]
    await tasks.create("scheduled", parameters=required)
    condition = await tasks.refused("scheduled")
    assert condition["reason"] == "InvalidSpec"
    assert "spec.parameters[0].default: missing" in condition["message"]

    await tasks.create("unscheduled", schedule=None, parameters=required)
    await tasks.ready("unscheduled")


async def test_a_parameter_is_named_once(tasks: Tasks, namespace: str) -> None:
    from cronwright.kube.errors import Invalid

    twice = [{"name": "a"}, {"name": "a"}]
    with pytest.raises(Invalid, match="Duplicate value"):
        await tasks.create("twice", parameters=twice)


async def test_the_api_checks_values_and_hands_them_on(
    tasks: Tasks, operator: OperatorProcess, web: Web
) -> None:
    await tasks.create("by-api", container=PRINTS, parameters=PARAMETERS)
    await tasks.ready("by-api")
    runs = "/tasks/by-api/runs"
    status, problem = await web.ask("POST", runs, {"parameters": {"limit": "many"}})
    assert (status, problem["field"], problem["value"]) == (422, "parameters.limit", "many")
    assert problem["remedy"] == "write an integer, such as 10, at least 1, at most 500"

    status, asked = await web.ask("POST", runs, {"parameters": {"limit": 499}})
    assert status == 202
    record = (await tasks.ended("by-api"))["lastRun"]
    assert (record["id"], record["logTail"]) == (asked["runId"], "eu 499 []\n")

    _, shown = await web.ask("GET", "/tasks/by-api")
    assert shown["lastRun"]["parameters"] == {"region": "eu", "limit": "499"}
    assert shown["statistics"]["successRate"] == 1
