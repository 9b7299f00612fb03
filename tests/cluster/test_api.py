"""The HTTP API on a real cluster: with the chart's rights, for callers with rights of their own."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from cronwright.core.identity import request_run_id
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound
from tests.cluster.account import Account
from tests.cluster.api_process import Callers, make_token, serving
from tests.cluster.audit import AuditLog
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import SELDOM, Tasks, job_template, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

JSONObject = dict[str, Any]
SNOWFLAKE = "1541815603606036480"
UUID = "0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26"


@dataclass(frozen=True, slots=True)
class Api:
    """The API under test, and the account that it works under."""

    url: str
    user: str


@pytest.fixture
async def api(
    cluster: Cluster, client: Client, account: Account, namespace: str, tmp_path: Path
) -> AsyncIterator[Api]:
    user = account.user.removesuffix("operator") + "api"
    _, _, release, name = user.split(":")
    token = tmp_path / "token"
    token.write_text(await make_token(client, release, name))
    flags = ("--default-namespace", namespace)
    async with serving(cluster.kubeconfig, token, *flags) as url:
        yield Api(url, user)


@pytest.fixture
def callers(client: Client, namespace: str, api: Api) -> Callers:
    return Callers(client, namespace, api.url)


@pytest.fixture
async def web(callers: Callers) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a caller with the cluster's `edit` role, which is all that one needs."""
    async with callers.session(await callers.with_role("edit")) as session:
        yield session


async def ask(
    web: aiohttp.ClientSession, method: str, path: str, body: object = None
) -> tuple[int, JSONObject]:
    async with web.request(method, path, json=body) as answer:
        content: JSONObject = await answer.json(content_type=None) if answer.status != 204 else {}
        return answer.status, content


async def shown(web: aiohttp.ClientSession, task: str, word: str) -> JSONObject:
    """Wait until a task's state is a word; give its view."""

    async def same() -> JSONObject:
        _, view = await ask(web, "GET", f"/tasks/{task}")
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
    web: aiohttp.ClientSession, client: Client, namespace: str, names: JSONObject, task: str
) -> None:
    body = {**names, "schedule": SELDOM, "container": shell("exit 0"), "labels": {"team": "a"}}
    async with web.post("/tasks", json=body) as answer:
        created = await answer.json()
    assert answer.status == 201
    assert (created["id"], created["name"]) == (task, names.get("name", task))
    assert answer.headers["Location"] == f"/tasks/{task}?namespace={namespace}"

    assert await ask(web, "GET", answer.headers["Location"]) == (200, created)
    assert await ask(web, "POST", "/tasks", body) == (200, created)
    spec = {"schedule": SELDOM, "suspend": False, "container": shell("exit 0")}
    again = {**names, "labels": {"team": "a"}, "spec": spec}
    assert await ask(web, "POST", "/tasks", again) == (200, created)
    stored = await client.get(paths.scheduledtasks(namespace, task))
    assert stored["spec"] == created["spec"]

    _, page = await ask(web, "GET", "/tasks?labelSelector=team%3Da")
    assert [each["id"] for each in page["items"]] == [task]
    _, page = await ask(web, "GET", "/tasks?labelSelector=team%21%3Da")
    assert page == {"items": [], "continue": None}

    assert await ask(web, "DELETE", f"/tasks/{task}") == (204, {})
    assert (await ask(web, "GET", f"/tasks/{task}"))[0] == 404
    assert (await ask(web, "DELETE", f"/tasks/{task}"))[0] == 404


async def test_an_id_with_other_content_is_a_conflict_that_says_where(
    web: aiohttp.ClientSession, tasks: Tasks
) -> None:
    body = {"id": SNOWFLAKE, "schedule": SELDOM, "container": shell("exit 0")}
    await ask(web, "POST", "/tasks", body)

    status, problem = await ask(web, "POST", "/tasks", {**body, "schedule": "@daily"})

    assert (status, problem["type"]) == (409, "https://cronwright.dev/problems/conflict")
    assert (problem["field"], problem["value"]) == ("schedule", "@daily")
    assert SELDOM in problem["detail"]
    assert (await tasks.get(SNOWFLAKE))["spec"]["schedule"] == SELDOM


async def test_a_whole_manifest_is_taken(web: aiohttp.ClientSession, tasks: Tasks) -> None:
    template = job_template("exit 0", backoffLimit=2)
    manifest = {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": "report", "annotations": {"a": "b"}},
        "spec": {"schedule": SELDOM, "jobTemplate": template},
    }

    assert [(await ask(web, "POST", "/tasks", manifest))[0] for _ in range(2)] == [201, 200]
    stored = await tasks.get("report")
    assert stored["spec"]["jobTemplate"] == template
    assert stored["metadata"]["annotations"] == {"a": "b"}


async def test_many_who_register_the_same_task_at_once_register_one(
    web: aiohttp.ClientSession, tasks: Tasks
) -> None:
    body = {"id": SNOWFLAKE, "container": shell("exit 0")}

    answers = await asyncio.gather(*(ask(web, "POST", "/tasks", body) for _ in range(20)))

    assert sorted(status for status, _ in answers) == [*[200] * 19, 201]
    assert len({view["uid"] for _, view in answers}) == 1


async def test_a_list_comes_page_by_page(web: aiohttp.ClientSession, tasks: Tasks) -> None:
    names = [f"task-{number}" for number in range(5)]
    await asyncio.gather(*(tasks.create(name) for name in names))
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        _, page = await ask(web, "GET", f"/tasks?limit=2&continue={token}")
        assert len(page["items"]) <= 2
        found += [each["id"] for each in page["items"]]
        token = page["continue"]

    assert found == names


async def test_a_run_is_asked_for_once_and_its_record_is_read(
    web: aiohttp.ClientSession, operator: OperatorProcess, tasks: Tasks
) -> None:
    script = 'echo "hello from $CRONWRIGHT_RUN_ID"; echo done > /dev/termination-log'
    _, task = await ask(web, "POST", "/tasks", {"name": "report", "container": shell(script)})
    assert task["status"] == "pending"

    answers = [await ask(web, "POST", "/tasks/report/runs", {"id": "order-1"}) for _ in range(2)]
    view = await shown(web, "report", "success")
    answers.append(await ask(web, "POST", "/tasks/report/runs", {"id": "order-1"}))

    run_id = request_run_id(task["uid"], "order-1")
    assert [status for status, _ in answers] == [202] * 3
    assert {answer["runId"] for _, answer in answers} == {run_id}
    assert (view["lastRun"]["id"], view["lastRun"]["result"]) == (run_id, "done")
    assert view["lastRun"]["logTail"].strip() == f"hello from {run_id}"
    assert [each["id"] for each in view["history"]] == [run_id]
    assert view["counts"] == {"Succeeded": 1}
    assert len(await tasks.jobs("report")) == 1


async def test_the_state_of_a_task_goes_from_pending_over_running_to_failed(
    web: aiohttp.ClientSession, operator: OperatorProcess
) -> None:
    script = "sleep 4; echo no space; exit 3"
    await ask(web, "POST", "/tasks", {"name": "report", "container": shell(script)})
    await shown(web, "report", "pending")

    _, answer = await ask(web, "POST", "/tasks/report/runs")
    view = await shown(web, "report", "running")
    assert [each["id"] for each in view["active"]] == [answer["runId"]]

    view = await shown(web, "report", "failed")
    assert (view["lastRun"]["exitCode"], view["lastRun"]["verdict"]) == (3, "Failed")
    assert view["lastFailure"]["logTail"].strip() == "no space"


async def test_a_suspended_task_may_be_run_by_hand(
    web: aiohttp.ClientSession, operator: OperatorProcess
) -> None:
    body = {"name": "report", "schedule": SELDOM, "suspend": True, "container": shell("exit 0")}
    await ask(web, "POST", "/tasks", body)
    await ask(web, "POST", "/tasks/report/runs")

    assert (await shown(web, "report", "success"))["suspend"] is True


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is wrong, and what it is answered with."""

    method: str
    path: str
    status: int
    slug: str
    field: str | None = None
    body: bytes | None = None
    token: str = "edit"
    media_type: str = "application/json"


def task_with(**parts: Any) -> bytes:
    return json.dumps({"name": "wrong", "container": shell("exit 0"), **parts}).encode()


TWO_MEGABYTES = task_with(annotations={"a": "b" * 2_000_000})

WRONG = {
    "no token": Call("GET", "/tasks", 401, "unauthenticated", token=""),
    "wrong token": Call("GET", "/tasks", 401, "unauthenticated", token="wrong.token.here"),
    "a token for somebody else": Call("GET", "/tasks", 401, "unauthenticated", token="audience"),
    "no right": Call("GET", "/tasks", 403, "forbidden", token="nobody"),
    "no right to create": Call("POST", "/tasks", 403, "forbidden", body=task_with(), token="view"),
    "no right to run": Call("POST", "/tasks/right/runs", 403, "forbidden", token="view"),
    "no right to delete": Call("DELETE", "/tasks/right", 403, "forbidden", token="view"),
    "no right elsewhere": Call("DELETE", "/tasks/a?namespace=kube-system", 403, "forbidden"),
    "bad JSON": Call("POST", "/tasks", 400, "bad-json", body=b'{"name": "wrong",}'),
    "no JSON": Call(
        "POST", "/tasks", 415, "unsupported-media-type", "Content-Type", b"a: b",
        media_type="application/yaml",
    ),
    "unknown field": Call("POST", "/tasks", 422, "invalid-field", "shedule", task_with(shedule=1)),
    "bad schedule": Call(
        "POST", "/tasks", 422, "invalid-field", "schedule", task_with(schedule="61 * * * *")
    ),
    "bad time zone": Call(
        "POST", "/tasks", 422, "invalid-field", "timeZone", task_with(timeZone="Mars/Base")
    ),
    "bad type": Call("POST", "/tasks", 422, "invalid-field", "suspend", task_with(suspend="yes")),
    "both templates": Call(
        "POST", "/tasks", 422, "invalid-field", "spec", task_with(jobTemplate=job_template("a"))
    ),
    "a template that would never end": Call(
        "POST", "/tasks", 422, "invalid-field", "jobTemplate.spec.template.spec",
        task_with(container=None, jobTemplate=job_template("a", restart="Always")),
    ),
    "bad label": Call("POST", "/tasks", 422, "invalid-field", "labels", task_with(labels={"": ""})),
    "bad id": Call("POST", "/tasks", 422, "invalid-field", "id", task_with(id="report")),
    "long name": Call("POST", "/tasks", 422, "invalid-field", "name", task_with(name="a" * 53)),
    "two namespaces": Call(
        "POST", "/tasks?namespace=a", 422, "invalid-field", "namespace", task_with(namespace="b")
    ),
    "bad request id": Call(
        "POST", "/tasks/right/runs", 422, "invalid-field", "id", b'{"id": "a/b"}'
    ),
    "bad selector": Call(
        "GET", "/tasks?labelSelector=a%20b%20c", 422, "invalid-field", "labelSelector"
    ),
    "bad continue": Call("GET", "/tasks?continue=abc", 422, "invalid-field", "continue"),
    "misspelt query": Call("DELETE", "/tasks/right?namspace=a", 422, "invalid-field", "namspace"),
    "unknown id": Call("GET", "/tasks/none", 404, "task-not-found", "id"),
    "unknown id to run": Call("POST", "/tasks/none/runs", 404, "task-not-found", "id"),
    "unknown id to delete": Call("DELETE", "/tasks/none", 404, "task-not-found", "id"),
    "unknown path": Call("GET", "/task", 404, "route-not-found", "path"),
    "unknown method": Call("PUT", "/tasks/right", 405, "method-not-allowed", "method"),
    "2 MB": Call("POST", "/tasks", 413, "body-too-large", body=TWO_MEGABYTES),
}  # fmt: skip


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), 0x10000):
        yield content[begin : begin + 0x10000]


async def test_every_wrong_call_is_answered_with_its_problem_and_changes_nothing(
    callers: Callers, tasks: Tasks, subtests: pytest.Subtests
) -> None:
    await tasks.create("right")
    before = await tasks.all()
    tokens = {
        "edit": await callers.with_role("edit"),
        "view": await callers.with_role("view"),
        "nobody": await callers.nobody(),
        "audience": await callers.nobody(["https://other.example"]),
    }
    for name, call in WRONG.items():
        with subtests.test(name):
            async with callers.session(tokens.get(call.token, call.token)) as web:
                await _refused(web, call, io.BytesIO(call.body) if call.body else None)
    with subtests.test("2 MB in chunks"):
        async with callers.session(tokens["edit"]) as web:
            await _refused(web, WRONG["2 MB"], _pieces(TWO_MEGABYTES))

    assert await tasks.all() == before


async def _refused(
    web: aiohttp.ClientSession, call: Call, content: io.BytesIO | AsyncIterator[bytes] | None
) -> None:
    headers = {"Content-Type": call.media_type} if content else {}
    async with web.request(call.method, call.path, data=content, headers=headers) as answer:
        problem = await answer.json(content_type="application/problem+json")

    assert (answer.status, problem["status"]) == (call.status, call.status)
    assert problem["type"] == f"https://cronwright.dev/problems/{call.slug}"
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("field") == call.field
    if call.field:
        assert problem["value"] is not None
        assert problem["remedy"]
    if call.status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        assert "here" not in str(problem)


async def test_a_namespace_that_is_not_there_is_told_to_who_might_use_it(
    client: Client, callers: Callers, api: Api
) -> None:
    # The API's own account is one that may create tasks everywhere.
    _, _, release, name = api.user.split(":")
    async with callers.session(await make_token(client, release, name)) as web:
        body = {"name": "a", "container": shell("exit 0")}
        status, problem = await ask(web, "POST", "/tasks?namespace=not-there", body)

    assert (status, problem["field"], problem["value"]) == (404, "namespace", "not-there")


@pytest.mark.parametrize(
    ("verb", "subresource", "method", "path"),
    [
        ("create", "", "POST", "/tasks"),
        ("list", "", "GET", "/tasks"),
        ("get", "", "GET", "/tasks/right"),
        ("create", "run", "POST", "/tasks/right/runs"),
        ("delete", "", "DELETE", "/tasks/right"),
    ],
)
async def test_a_right_opens_its_own_route_and_no_other(
    callers: Callers, tasks: Tasks, verb: str, subresource: str, method: str, path: str
) -> None:
    routes = {
        ("POST", "/tasks"),
        ("GET", "/tasks"),
        ("GET", "/tasks/right"),
        ("POST", "/tasks/right/runs"),
        ("DELETE", "/tasks/right"),
    }
    await tasks.create("right")
    async with callers.session(await callers.with_rule(verb, subresource)) as web:
        body = {"name": "new", "container": shell("exit 0")}
        for other in routes - {(method, path)}:
            assert (await ask(web, *other, body if other == ("POST", "/tasks") else None))[0] == 403
        assert (await ask(web, method, path, body if path == "/tasks" else None))[0] < 300


async def test_to_hear_that_a_task_stands_already_is_to_read_it(
    callers: Callers, tasks: Tasks
) -> None:
    body = {"name": "new", "container": shell("exit 0")}
    async with callers.session(await callers.with_rule("create")) as web:
        assert (await ask(web, "POST", "/tasks", body))[0] == 201
        status, problem = await ask(web, "POST", "/tasks", body)

    assert status == 403
    assert "may not get scheduledtasks new" in problem["detail"]


async def test_the_api_works_under_its_own_account_and_is_refused_nothing(
    web: aiohttp.ClientSession, client: Client, api: Api, namespace: str, audit: AuditLog
) -> None:
    await ask(web, "POST", "/tasks", {"name": "report", "container": shell("exit 0")})
    await ask(web, "POST", "/tasks/report/runs")
    await ask(web, "GET", "/tasks/report")
    await ask(web, "GET", "/tasks")
    await ask(web, "DELETE", "/tasks/report")
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
    async with aiohttp.ClientSession(api.url) as web:
        status, report = await ask(web, "GET", "/health")
        assert (status, report["status"]) == (200, "ok"), report
        for path in ("/livez", "/readyz"):
            async with web.get(path) as answer:
                assert (answer.status, await answer.text()) == (200, "ok\n")


async def test_deleting_a_task_takes_its_cronjob_along(
    web: aiohttp.ClientSession, operator: OperatorProcess, tasks: Tasks
) -> None:
    await ask(web, "POST", "/tasks", {"name": "report", "container": shell("exit 0")})
    await tasks.ready("report")
    assert (await ask(web, "DELETE", "/tasks/report"))[0] == 204

    async def gone() -> bool:
        try:
            await tasks.cronjob("report")
        except NotFound:
            return True
        return False

    await until(gone)
