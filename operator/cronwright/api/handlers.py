"""Answers each error with its problem document; `app` attaches these to the application."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match

from cronwright.api.faults import faults_from
from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.queries import ListQuery
from cronwright.api.refusals import problem_from
from cronwright.kube.errors import ApiError


def attach(app: FastAPI, routes: Sequence[BaseRoute]) -> None:
    """Attach the handlers; `routes` are all that the application has."""
    app.exception_handler(Problem)(_of_ours)
    app.exception_handler(ApiError)(_of_the_cluster)
    app.exception_handler(RequestValidationError)(_of_the_query)
    app.exception_handler(HTTPException)(partial(_of_the_path, routes))


async def _of_ours(_: Request, error: Problem) -> Response:
    return error.response()


async def _of_the_cluster(_: Request, error: ApiError) -> Response:
    return problem_from(error).response()


async def _of_the_query(_: Request, error: RequestValidationError) -> Response:
    # Each place begins with "query".
    faults = faults_from(error.errors(), ListQuery, skip=1)
    return Problem(Kind.INVALID, *faults).response()


async def _of_the_path(
    routes: Sequence[BaseRoute], request: Request, error: HTTPException
) -> Response:
    path = request.url.path
    if error.status_code == Kind.METHOD_NOT_ALLOWED.status:
        methods = ", ".join(_methods(routes, request.scope))
        fault = Fault(
            f"{path} takes no {request.method}", "method", request.method, f"send {methods}"
        )
        return Problem(Kind.METHOD_NOT_ALLOWED, fault, headers={"Allow": methods}).response()
    remedy = "GET /openapi.json lists the paths"
    return Problem(Kind.ROUTE_NOT_FOUND, Fault("no such path", "path", path, remedy)).response()


def _methods(routes: Sequence[BaseRoute], scope: Any) -> list[str]:
    found = [route for route in routes if route.matches(scope)[0] is not Match.NONE]
    return sorted({method for route in found for method in getattr(route, "methods", None) or ()})
