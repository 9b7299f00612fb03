"""The HTTP API on a real cluster: with the chart's rights, for callers with rights of their own."""

import asyncio
from typing import Any

import aiohttp
import pytest

from cronwright.core.identity import request_run_id
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound
from tests.cluster.api_process import Api, Web
from tests.cluster.audit import AuditLog
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import SELDOM, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

JSONObject = dict[str, Any]
SNOWFLAKE = "1541815603606036480"
UUID = "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26"


async def shown(web: Web, task: str, word: str) -> JSONObject:
    """Wait until a task's state is a word; give its view."""

    async def same() -> JSONObject:
        _, view = await web.ask("GET", f"/tasks/{task}")
        assert view["status"] == word, view
        return view

    return await until(same, 40.0)


@pytest.mark.parametrize(
    ("names", "task"),
    [
        ({"id": SNOWFLAKE, "name": "report"}, SNOWFLAKE),
        ({"id": UUID.upper()}, UUID),
        ({"name": "report"}, "report"),
    ],
)
async def test_a_task_is_registered_once_read_listed_and_deleted(
    web: Web, client: Client, namespace: str, names: JSONObject, task: str
) -> None:
    body = {**names, "schedule": SELDOM, "container": shell("exit 0"), "labels": {"team": "a"}}
    async with web.send("POST", "/tasks", json=body) as answer:
        created = await answer.json()
    assert answer.status == 201
    assert (created["id"], created["name"]) == (task, names.get("name", task))
    assert answer.headers["Location"] == f"/tasks/{task}?namespace={namespace}"

    assert await web.ask("GET", answer.headers["Location"]) == (200, created)
    assert await web.ask("POST", "/tasks", body) == (200, created)
    spec = {"schedule": SELDOM, "suspend": False, "container": shell("exit 0")}
    again = {**names, "labels": {"team": "a"}, "spec": spec}
    assert await web.ask("POST", "/tasks", again) == (200, created)
    stored = await client.get(paths.scheduledtasks(namespace, task))
    assert stored["spec"] == created["spec"]

    _, page = await web.ask("GET", "/tasks?labelSelector=team%3Da")
    assert [each["id"] for each in page["items"]] == [task]
    _, page = await web.ask("GET", "/tasks?labelSelector=team%21%3Da")
    assert page == {"items": [], "continue": None}

    assert await web.ask("DELETE", f"/tasks/{task}") == (204, {})
    assert (await web.ask("GET", f"/tasks/{task}"))[0] == 404
    assert (await web.ask("DELETE", f"/tasks/{task}"))[0] == 404


async def test_an_id_with_other_content_is_a_conflict_that_says_where(
    web: Web, tasks: Tasks
) -> None:
    body = {"id": SNOWFLAKE, "schedule": SELDOM, "container": shell("exit 0")}
    await web.ask("POST", "/tasks", body)

    status, problem = await web.ask("POST", "/tasks", {**body, "schedule": "@daily"})

    assert (status, problem["type"]) == (409, "https://cronwright.dev/problems/conflict")
    assert (problem["field"], problem["value"]) == ("schedule", "@daily")
    assert SELDOM in problem["detail"]
    assert (await tasks.get(SNOWFLAKE))["spec"]["schedule"] == SELDOM


async def test_a_whole_manifest_is_taken(web: Web, tasks: Tasks) -> None:
    template = job_template("exit 0", backoffLimit=2)
    manifest = {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "report", "annotations": {"a": "b"}},
        "spec": {"schedule": SELDOM, "jobTemplate": template},
    }

    assert [(await web.ask("POST", "/tasks", manifest))[0] for _ in range(2)] == [201, 200]
    stored = await tasks.get("report")
    assert stored["spec"]["jobTemplate"] == template
    assert stored["metadata"]["annotations"] == {"a": "b"}


async def test_many_who_register_the_same_task_at_once_register_one(web: Web, tasks: Tasks) -> None:
    body = {"id": SNOWFLAKE, "container": shell("exit 0")}

    answers = await asyncio.gather(*(web.ask("POST", "/tasks", body) for _ in range(20)))

    assert sorted(status for status, _ in answers) == [*[200] * 19, 201]
    assert len({view["uid"] for _, view in answers}) == 1


async def test_a_list_comes_page_by_page(web: Web, tasks: Tasks) -> None:
    names = [f"task-{number}" for number in range(5)]
    await asyncio.gather(*(tasks.create(name) for name in names))
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        _, page = await web.ask("GET", f"/tasks?limit=2&continue={token}")
        assert len(page["items"]) <= 2
        found += [each["id"] for each in page["items"]]
        token = page["continue"]

    assert found == names


async def test_a_run_is_asked_for_once_and_its_record_is_read(
    web: Web, operator: OperatorProcess, tasks: Tasks
) -> None:
    script = 'echo "hello from $CRONWRIGHT_RUN_ID"; echo done > /dev/termination-log'
    _, task = await web.ask("POST", "/tasks", {"name": "report", "container": shell(script)})
    assert task["status"] == "pending"

    answers = [await web.ask("POST", "/tasks/report/runs", {"id": "order-1"}) for _ in range(2)]
    view = await shown(web, "report", "success")
    answers.append(await web.ask("POST", "/tasks/report/runs", {"id": "order-1"}))

    run_id = request_run_id(task["uid"], "order-1")
    assert [status for status, _ in answers] == [202] * 3
    assert {answer["runId"] for _, answer in answers} == {run_id}
    assert (view["lastRun"]["id"], view["lastRun"]["result"]) == (run_id, "done")
    assert view["lastRun"]["logTail"].strip() == f"hello from {run_id}"
    assert [each["id"] for each in view["history"]] == [run_id]
    assert view["counts"] == {"Succeeded": 1}
    assert len(await tasks.jobs("report")) == 1


async def test_the_state_of_a_task_goes_from_pending_over_running_to_failed(
    web: Web, operator: OperatorProcess
) -> None:
    script = "sleep 4; echo no space; exit 3"
    await web.ask("POST", "/tasks", {"name": "report", "container": shell(script)})
    await shown(web, "report", "pending")

    _, answer = await web.ask("POST", "/tasks/report/runs")
    view = await shown(web, "report", "running")
    assert [each["id"] for each in view["active"]] == [answer["runId"]]

    view = await shown(web, "report", "failed")
    assert (view["lastRun"]["exitCode"], view["lastRun"]["verdict"]) == (3, "Failed")
    assert view["lastFailure"]["logTail"].strip() == "no space"


async def test_a_suspended_task_may_be_run_by_hand(web: Web, operator: OperatorProcess) -> None:
    body = {"name": "report", "schedule": SELDOM, "suspend": True, "container": shell("exit 0")}
    await web.ask("POST", "/tasks", body)
    await web.ask("POST", "/tasks/report/runs")

    assert (await shown(web, "report", "success"))["suspend"] is True


async def test_the_api_works_under_its_own_account_and_is_refused_nothing(
    web: Web, client: Client, api: Api, namespace: str, audit: AuditLog
) -> None:
    await web.ask("POST", "/tasks", {"name": "report", "container": shell("exit 0")})
    await web.ask("POST", "/tasks/report/runs")
    await web.ask("GET", "/tasks/report")
    await web.ask("GET", "/tasks")
    await web.ask("DELETE", "/tasks/report")
    await audit.settle(client)

    entries = audit.entries(namespace, user=api.user)
    assert [entry.what for entry in entries] == [
        "create scheduledtasks",
        "get scheduledtasks",
        "patch scheduledtasks",
        "get scheduledtasks",
        "list scheduledtasks",
        "delete scheduledtasks",
    ]
    assert all(entry.done for entry in entries)


async def test_health_is_whole_with_the_charts_rights(api: Api) -> None:
    async with aiohttp.ClientSession(api.url) as session:
        async with session.get("/health") as answer:
            report = await answer.json()
            assert (answer.status, report["status"]) == (200, "ok"), report
        for path in ("/livez", "/readyz"):
            async with session.get(path) as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_deleting_a_task_takes_its_cronjob_along(
    web: Web, operator: OperatorProcess, tasks: Tasks
) -> None:
    await web.ask("POST", "/tasks", {"name": "report", "container": shell("exit 0")})
    await tasks.ready("report")
    assert (await web.ask("DELETE", "/tasks/report"))[0] == 204

    async def gone() -> bool:
        try:
            await tasks.cronjob("report")
        except NotFound:
            return True
        return False

    await until(gone)
