"""Turns what the API server answers into problems, in the words of the caller's own request.

`tasks`, `runs` and `gate` let `ApiError` through; `handlers` asks here what to answer.
"""

import re
from collections.abc import Mapping
from functools import singledispatch
from http import HTTPStatus
from typing import Any, Final

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.kube.errors import (
    ApiError,
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Unauthorized,
    Unavailable,
)

_RETRY_SECONDS: Final = 5
_UNKNOWN_FIELD: Final = re.compile(r'(unknown|duplicate) field "([^"]+)"')
_OWN_RIGHTS: Final = re.compile(r'User "[^"]*" cannot ')
# What the API server puts before the message of a rule: the value, or the type of an object.
_SHOWN_VALUE: Final = re.compile(r'Invalid value: (?:(?:"[^"]*"|[0-9]+): )?')
_SEE: Final = "GET /openapi.json says what the field takes"


@singledispatch
def problem_from(error: ApiError) -> Problem:
    """Return the problem that an answer of the API server means for the caller."""
    return Problem(Kind.REFUSED, Fault(error.message))


def unavailable(detail: str, remedy: str = "try again in a few seconds") -> Problem:
    """Return the problem of a cluster, or a right on it, that is missing for now."""
    headers = {"Retry-After": str(_RETRY_SECONDS)}
    return Problem(Kind.UNAVAILABLE, Fault(detail, remedy=remedy), headers=headers)


def task_not_found(task: str, namespace: str | None = None) -> Problem:
    """Return the problem of an id that no task has."""
    place = f" in namespace {namespace}" if namespace else ""
    fault = Fault(
        f"there is no task of this id{place}",
        "id",
        task,
        "GET /tasks lists the tasks of a namespace; ?namespace= names another one",
    )
    return Problem(Kind.TASK_NOT_FOUND, fault)


@problem_from.register
def _(error: Unavailable) -> Problem:
    if error.status != HTTPStatus.TOO_MANY_REQUESTS:
        return unavailable("the API server can't be reached, or is not ready")
    wait = f"{error.retry_after or _RETRY_SECONDS:.0f}"
    fault = Fault("the API server has too much to do", remedy=f"try again in {wait} seconds")
    return Problem(Kind.TOO_MANY, fault, headers={"Retry-After": wait})


@problem_from.register
def _(error: Unauthorized) -> Problem:
    return unavailable(
        "the API server doesn't accept the API's own credentials",
        "see that the operator hands the API its token; GET /health says what is missing",
    )


@problem_from.register
def _(error: Forbidden) -> Problem:
    if _OWN_RIGHTS.search(error.message):
        return unavailable(
            f"the API's own account has too few rights: {error.message}",
            "give it the chart's role; GET /health says what is missing",
        )
    return Problem(Kind.REFUSED, Fault(error.message))


@problem_from.register
def _(error: NotFound) -> Problem:
    kind, name = error.details.get("kind"), error.details.get("name")
    if kind == "namespaces":
        remedy = "create it, or name another one"
        fault = Fault("there is no such namespace", "namespace", name, remedy)
        return Problem(Kind.NAMESPACE_NOT_FOUND, fault)
    if name:
        return task_not_found(str(name))
    return unavailable(
        "the cluster knows no ScheduledTasks", "install the CustomResourceDefinition"
    )


@problem_from.register
def _(error: Invalid) -> Problem:
    causes = error.details.get("causes") or ()
    # Causes of no field only tell that there are others.
    faults = [_fault_from(cause) for cause in causes if cause.get("field") not in {"", "<nil>"}]
    return Problem(Kind.INVALID, *(faults or [Fault(error.message, remedy=_SEE)]))


def _fault_from(cause: Mapping[str, Any]) -> Fault:
    """Read a cause: `Invalid value: "object": what is wrong; what to write instead`."""
    message = _SHOWN_VALUE.sub("", str(cause.get("message", "")), count=1)
    problem, _, remedy = message.rpartition("; ")
    return Fault(problem or message, cause.get("field"), remedy=remedy if problem else _SEE)


@problem_from.register
def _(error: BadRequest) -> Problem:
    faults = [
        Fault(f"{what} field", field, remedy="remove it, or write its name as the docs do")
        for what, field in _UNKNOWN_FIELD.findall(error.message)
    ]
    return Problem(Kind.INVALID, *(faults or [Fault(error.message)]))


@problem_from.register
def _(error: Gone) -> Problem:
    remedy = "list again from the beginning, without continue"
    return Problem(Kind.LIST_EXPIRED, Fault("continue is too old", "continue", remedy=remedy))


@problem_from.register
def _(error: Conflict) -> Problem:
    return Problem(Kind.CHANGED, Fault(error.message, remedy="ask again"))
