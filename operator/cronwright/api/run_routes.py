"""The routes of runs: ask for one now, and cancel.

They ask the gate first, then `runs` and `cancels`, which leave the request for the operator.
"""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from cronwright.api.body import read_object_or_nothing
from cronwright.api.cancels import RequestedCancel
from cronwright.api.faults import read_form
from cronwright.api.forms import RunRequest
from cronwright.api.gate import Action
from cronwright.api.openapi import request_body, responses
from cronwright.api.problem import Kind
from cronwright.api.queries import ScopeQuery
from cronwright.api.runs import RequestedRun, Wish
from cronwright.api.services import Api, Known
from cronwright.api.task_routes import location, place

router = APIRouter(tags=["runs"])


@router.post(
    "/tasks/{task_id}/runs",
    status_code=202,
    response_model=RequestedRun,
    responses=responses(Kind.TASK_NOT_FOUND, Kind.TASK_DELETING, Kind.CHANGED, body=True),
    openapi_extra=request_body("RunRequest", required=False),
)
async def request_run(
    task_id: str, request: Request, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Ask for a run now; asking again with the same id gives the same answer and no other run."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("create", namespace, name, "run"))
    asked = read_form(RunRequest, await read_object_or_nothing(request))
    request_id = asked.id or str(uuid4())
    wish = Wish(request_id, namespace, name, caller.name, asked.parameters or {})
    answer = await api.runs.request(wish, api.now())
    return JSONResponse(answer, 202, {"Location": location(namespace, name)})


@router.post(
    "/tasks/{task_id}/runs/{run_id}/cancel",
    status_code=202,
    response_model=RequestedCancel,
    responses=responses(Kind.TASK_NOT_FOUND, Kind.RUN_NOT_FOUND, Kind.TASK_DELETING, Kind.CHANGED),
)
async def cancel_run(
    task_id: str, run_id: str, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Ask for the graceful end of a run, or with the id all of every run of the task."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("create", namespace, name, "cancel"))
    wish = Wish(run_id.lower(), namespace, name, caller.name)
    answer = await api.cancels.request(wish, api.now())
    return JSONResponse(answer, 202, {"Location": location(namespace, name)})
