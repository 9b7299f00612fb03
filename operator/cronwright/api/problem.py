"""What a refused request is answered with: a problem document after RFC 9457.

Any layer of this package raises `Problem`; `handlers` turns it into the response. The kinds are
part of the API: docs/api.md lists them.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from starlette.responses import JSONResponse

from cronwright.errors import CronwrightError

MEDIA_TYPE: Final = "application/problem+json"
_TYPES: Final = "https://cronwright.dev/problems/"
_LONGEST_VALUE: Final = 120


class Kind(Enum):
    """A kind of problem: the end of its type URI, its status, and its title."""

    BAD_JSON = ("bad-json", 400, "The body can't be read as JSON")
    UNAUTHENTICATED = ("unauthenticated", 401, "Nobody known asks")
    FORBIDDEN = ("forbidden", 403, "The caller may not do this")
    REFUSED = ("refused-by-cluster", 403, "A policy of the cluster refuses this")
    TASK_NOT_FOUND = ("task-not-found", 404, "There is no such task")
    RUN_NOT_FOUND = ("run-not-found", 404, "There is no such run to act on")
    NAMESPACE_NOT_FOUND = ("namespace-not-found", 404, "There is no such namespace")
    ROUTE_NOT_FOUND = ("route-not-found", 404, "There is nothing at this path")
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This path has no such method")
    BODY_TOO_SLOW = ("body-too-slow", 408, "The body took too long to come")
    CONFLICT = ("conflict", 409, "The task exists with other content")
    CHANGED = ("changed", 409, "The task changed meanwhile")
    TASK_DELETING = ("task-deleting", 409, "The task is being deleted")
    LIST_EXPIRED = ("list-expired", 410, "The list can't be continued")
    BODY_TOO_LARGE = ("body-too-large", 413, "The body is too large")
    MEDIA_TYPE = ("unsupported-media-type", 415, "The body is of a type not taken here")
    INVALID = ("invalid-field", 422, "A field is wrong")
    TOO_MANY = ("too-many-requests", 429, "Too much is asked at once")
    INTERNAL = ("internal", 500, "This should not have happened")
    UNAVAILABLE = ("unavailable", 503, "The cluster can't be asked now")

    def __init__(self, slug: str, status: int, title: str) -> None:
        self.slug = slug
        self.status = status
        self.title = title

    @property
    def uri(self) -> str:
        """Return the `type` of such a problem: a name that stays, not a place to fetch."""
        return _TYPES + self.slug


_NO_VALUE: Final = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: what, with which value of which field, and what to do."""

    detail: str
    field: str | None = None
    value: object = _NO_VALUE
    remedy: str | None = None

    def render(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        members: dict[str, Any] = {"detail": self.detail}
        if self.field is not None:
            members["field"] = self.field
        if self.value is not _NO_VALUE:
            members["value"] = shortened(self.value)
        if self.remedy is not None:
            members["remedy"] = self.remedy
        return members


class Problem(CronwrightError):  # noqa: N818 - as RFC 9457 names it
    """Refuse a request.

    The first fault gives the document's own `detail`, `field`, `value` and `remedy`; where there
    are several, `errors` has all of them.
    """

    def __init__(
        self, kind: Kind, *faults: Fault, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(kind.title, *faults)
        self.kind = kind
        self.faults: Sequence[Fault] = faults
        self.headers = dict(headers or {})

    def retold(self, tell: Callable[[Fault], Fault]) -> "Problem":
        """Return the same problem with each fault told otherwise."""
        return Problem(self.kind, *map(tell, self.faults), headers=self.headers)

    def document(self) -> dict[str, Any]:
        """Return the problem as RFC 9457 writes it."""
        members: dict[str, Any] = {
            "type": self.kind.uri,
            "title": self.kind.title,
            "status": self.kind.status,
            **(self.faults[0].render() if self.faults else {}),
        }
        if len(self.faults) > 1:
            members["errors"] = [fault.render() for fault in self.faults]
        return members

    def response(self) -> JSONResponse:
        """Return the response that carries the document."""
        return JSONResponse(
            self.document(), self.kind.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def shortened(value: object) -> object:
    """Cut a value to what an answer can bear: 120 characters, lists and mappings as JSON."""
    if value is None or isinstance(value, bool | int | float):
        return value if len(str(value)) <= _LONGEST_VALUE else f"{str(value)[:117]}..."
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
