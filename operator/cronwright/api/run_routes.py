"""The routes of runs: ask for one now, cancel one.

Each asks the gate first, then `runs` or `cancels`, which leaves the request for the operator.
"""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.responses import JSONResponse

from cronwright.api.body import read_object_or_nothing
from cronwright.api.cancels import CancelledRun, Stop
from cronwright.api.faults import faults_from
from cronwright.api.forms import RunRequest
from cronwright.api.gate import Action
from cronwright.api.openapi import request_body, responses
from cronwright.api.problem import Kind, Problem
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
    request_id = _request_id(await read_object_or_nothing(request))
    wish = Wish(request_id, namespace, name, caller.name)
    answer = await api.runs.request(wish, api.now())
    return JSONResponse(answer, 202, {"Location": location(namespace, name)})


@router.post(
    "/tasks/{task_id}/runs/{run_id}/cancel",
    status_code=202,
    response_model=CancelledRun,
    responses=responses(
        Kind.TASK_NOT_FOUND, Kind.RUN_NOT_FOUND, Kind.RUN_ENDED, Kind.TASK_DELETING, Kind.CHANGED
    ),
)
async def cancel_run(
    task_id: str, run_id: str, caller: Known, api: Api, query: Annotated[ScopeQuery, Query()]
) -> Response:
    """Cancel a run that goes on or waits, or with `all` in place of its id, every one."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("create", namespace, name, "cancel"))
    answer = await api.cancels.request(Stop(run_id, namespace, name, caller.name), api.now())
    return JSONResponse(answer, 202, {"Location": location(namespace, name)})


def _request_id(body: dict[str, Any]) -> str:
    try:
        given = RunRequest.model_validate(body).id
    except ValidationError as error:
        faults = faults_from(error.errors(include_url=False), RunRequest)
        raise Problem(Kind.INVALID, *faults) from error
    return given or str(uuid4())
