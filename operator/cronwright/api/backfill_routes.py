"""The route of backfills: ask for runs of slots that have passed.

It asks the gate first, then `backfills`, which leaves the request for the operator.
"""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from starlette.responses import JSONResponse

from cronwright.api.backfills import RequestedBackfill
from cronwright.api.body import read_object_or_nothing
from cronwright.api.faults import read_form
from cronwright.api.forms import BackfillRequest
from cronwright.api.gate import Action
from cronwright.api.openapi import request_body, responses
from cronwright.api.problem import Kind
from cronwright.api.queries import DryRunQuery
from cronwright.api.runs import Wish
from cronwright.api.services import Api, Known
from cronwright.api.task_routes import location, place

router = APIRouter(tags=["runs"])


@router.post(
    "/tasks/{task_id}/backfills",
    status_code=202,
    response_model=RequestedBackfill,
    responses=responses(Kind.TASK_NOT_FOUND, Kind.TASK_DELETING, Kind.CHANGED, body=True),
    openapi_extra=request_body("BackfillRequest"),
)
async def request_backfill(
    task_id: str, request: Request, caller: Known, api: Api, query: Annotated[DryRunQuery, Query()]
) -> Response:
    """Ask for runs of slots that have passed; with dryRun=All, only list them (200)."""
    namespace, name = place(task_id, query, api)
    await api.gate.allow(caller, Action("create", namespace, name, "run"))
    form = read_form(BackfillRequest, await read_object_or_nothing(request))
    asked: dict[str, Any] = form.model_dump(by_alias=True, exclude={"id"}, exclude_none=True)
    wish = Wish(form.id or str(uuid4()), namespace, name, caller.name)
    dry_run = query.dry_run is not None
    answer = await api.backfills.request(wish, asked, api.now(), dry_run=dry_run)
    if dry_run:
        return JSONResponse(answer)
    return JSONResponse(answer, 202, {"Location": location(namespace, name)})
