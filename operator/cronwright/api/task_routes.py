"""The routes of tasks: register, list, read, delete.

Each asks the gate first, then `tasks`, and answers with a `view`.
"""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from cronwright.api.body import read_object
from cronwright.api.gate import Action
from cronwright.api.names import resource_name
from cronwright.api.openapi import request_body, responses
from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.queries import ListQuery, ScopeQuery
from cronwright.api.refusals import task_not_found
from cronwright.api.services import Api, Known
from cronwright.api.submission import Submission
from cronwright.api.view import TaskList, TaskView, task_summary, task_view

router = APIRouter(tags=["tasks"])


@router.post(
    "/tasks",
    status_code=201,
    response_model=TaskView,
    responses=responses(Kind.CONFLICT, Kind.TASK_DELETING, Kind.NAMESPACE_NOT_FOUND, body=True)
    | {200: {"model": TaskView, "description": "The task was there already, with this content."}},
    openapi_extra=request_body("TaskWithSpec", "FlatTask", "TaskManifest"),
)
async def register(
    request: Request, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Register a task: one form or the other, or a whole manifest.

    The same id with the same content is the same task, with other content a conflict.
    """
    submission = Submission.read(await read_object(request), lambda: str(uuid4()))
    namespace = _agreed(query.namespace, submission) or api.default_namespace
    await api.gate.allow(caller, Action("create", namespace))
    body = await api.tasks.create(namespace, submission)
    status = 201
    if body is None:
        # To hear what stands, or that it is the same, is to read it.
        await api.gate.allow(caller, Action("get", namespace, submission.id))
        body = await api.tasks.find_same(namespace, submission)
        status = 200
    return JSONResponse(
        task_view(body, _now()), status, {"Location": location(namespace, submission.id)}
    )


@router.get("/tasks", response_model=TaskList, responses=responses(Kind.LIST_EXPIRED))
async def list_tasks(caller: Known, api: Api, query: Annotated[ListQuery, Query()]) -> Response:
    """List the tasks of a namespace, a page at a time, without their runs."""
    namespace = query.namespace or api.default_namespace
    await api.gate.allow(caller, Action("list", namespace))
    page = await api.tasks.list(namespace, query.label_selector, query.limit, query.token)
    return JSONResponse(
        {"items": [task_summary(body, _now()) for body in page.tasks], "continue": page.token}
    )


@router.get("/tasks/{task_id}", response_model=TaskView, responses=responses(Kind.TASK_NOT_FOUND))
async def read_task(
    task_id: str, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Show a task: its state in one word, its spec, and the records of its runs."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("get", namespace, name))
    return JSONResponse(task_view(await api.tasks.find(namespace, name), _now()))


@router.delete("/tasks/{task_id}", status_code=204, responses=responses(Kind.TASK_NOT_FOUND))
async def delete_task(
    task_id: str, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Delete a task with its CronJob, its Jobs and their Pods."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("delete", namespace, name))
    await api.tasks.delete(namespace, name)
    return Response(status_code=204)


def _now() -> datetime:
    return datetime.now(UTC)


def place(task_id: str, query: ScopeQuery, api: Api) -> tuple[str, str]:
    """Return the namespace and name that a path and its query mean."""
    namespace = query.namespace or api.default_namespace
    name = resource_name(task_id)
    if name is None:
        raise task_not_found(task_id, namespace)
    return namespace, name


def location(namespace: str, name: str) -> str:
    """Return where a task is read."""
    return f"/tasks/{quote(name)}?namespace={quote(namespace)}"


def _agreed(queried: str | None, submission: Submission) -> str | None:
    if queried and submission.namespace and queried != submission.namespace:
        fault = Fault(
            f"the query names namespace {queried}, the body another",
            "namespace",
            submission.namespace,
            "name it once",
        )
        raise Problem(Kind.INVALID, fault)
    return queried or submission.namespace
