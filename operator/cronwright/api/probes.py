"""The routes for those who watch over the process, and the document for those who call it.

The probes ask for no token: a kubelet has none, and they tell nothing worth one.
"""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, PlainTextResponse

from cronwright.api.services import Api, Known
from cronwright.lifecycle import State

router = APIRouter(tags=["probes"])


class DependencyHealth(BaseModel):
    """How one dependency does."""

    model_config = ConfigDict(extra="forbid")
    status: Literal["ok", "down"] = Field(description="Whether it answers as it should.")
    problem: str | None = Field(default=None, description="What is wrong with it.")
    latency_ms: float = Field(alias="latencyMs", description="How long it took, in milliseconds.")


class OperatorHealth(BaseModel):
    """How the operator does that runs beside the API."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["Running", "ShuttingDown", "Terminated", "Unknown"] = Field(
        description="Unknown where it gives no answer in time."
    )
    leading: bool = Field(
        description="Whether it is the one that fires and records; of several, one is."
    )


class HealthReport(BaseModel):
    """How the API does."""

    model_config = ConfigDict(extra="forbid")
    state: State = Field(description="Running, or ShuttingDown while the last requests end.")
    operator: OperatorHealth | None = Field(
        default=None, description="The operator beside the API; absent where there is none."
    )
    status: Literal["ok", "degraded"] = Field(description="degraded where a dependency is down.")
    dependencies: dict[str, DependencyHealth] = Field(
        description="kubernetes (the API server), credentials (ours), reviews (of callers), "
        "scheduledTasks (the resource)."
    )


@router.get(
    "/health",
    response_model=HealthReport,
    responses={503: {"model": HealthReport, "description": "A dependency is down."}},
)
async def health(api: Api) -> Response:
    """Say how each dependency does; 503 where one is down."""
    findings = await api.health.look()
    down = any(finding.problem for finding in findings)
    report = {
        "state": api.lifecycle.state,
        **({"operator": await api.operator.look()} if api.operator else {}),
        "status": "degraded" if down else "ok",
        "dependencies": {finding.name: finding.render() for finding in findings},
    }
    return JSONResponse(report, 503 if down else 200)


@router.get("/livez", response_class=PlainTextResponse)
async def livez() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get(
    "/readyz",
    response_class=PlainTextResponse,
    responses={503: {"description": "Not yet.", "content": {"text/plain": {}}}},
)
async def readyz(api: Api) -> Response:
    """Say whether callers can be served: from when every dependency was there for once."""
    if await api.health.was_whole():
        return PlainTextResponse("ok\n")
    return PlainTextResponse("not ready: GET /health says what is missing\n", 503)


@router.get("/openapi.json", tags=["document"], response_model=dict[str, object])
async def openapi(request: Request, _: Known) -> Response:
    """Describe this API as OpenAPI has it."""
    return JSONResponse(request.app.openapi())
