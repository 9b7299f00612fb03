"""Calls of the HTTP API that are wrong or not allowed: status, problem, and nothing changed."""

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.api_process import Api, Callers, Web, make_token
from tests.cluster.tasks import Tasks, job_template, shell

pytestmark = pytest.mark.cluster


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


async def _refused(web: Web, call: Call, content: io.BytesIO | AsyncIterator[bytes] | None) -> None:
    headers = {"Content-Type": call.media_type} if content else {}
    async with web.send(call.method, call.path, data=content, headers=headers) as answer:
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
        status, problem = await web.ask("POST", "/tasks?namespace=not-there", body)

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
            assert (await web.ask(*other, body if other == ("POST", "/tasks") else None))[0] == 403
        assert (await web.ask(method, path, body if path == "/tasks" else None))[0] < 300


async def test_to_hear_that_a_task_stands_already_is_to_read_it(
    callers: Callers, tasks: Tasks
) -> None:
    body = {"name": "new", "container": shell("exit 0")}
    async with callers.session(await callers.with_rule("create")) as web:
        assert (await web.ask("POST", "/tasks", body))[0] == 201
        status, problem = await web.ask("POST", "/tasks", body)

    assert status == 403
    assert "may not get scheduledtasks new" in problem["detail"]
