"""The parts of the OpenAPI document that FastAPI can't see: bodies read by hand, and problems.

Routes name what they take and how they refuse; `Documented.openapi` puts it together.
"""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from cronwright.api.forms import BackfillRequest, FlatTask, RunRequest, TaskManifest, TaskWithSpec
from cronwright.api.problem import MEDIA_TYPE, Kind

_REF: Final = "#/components/schemas/"
_ALWAYS: Final = (
    Kind.UNAUTHENTICATED,
    Kind.FORBIDDEN,
    Kind.REFUSED,
    Kind.INVALID,
    Kind.TOO_MANY,
    Kind.INTERNAL,
    Kind.UNAVAILABLE,
)
_WITH_BODY: Final = (
    Kind.BAD_JSON,
    Kind.BODY_TOO_SLOW,
    Kind.BODY_TOO_LARGE,
    Kind.MEDIA_TYPE,
)


class FaultDocument(BaseModel):
    """One thing that is wrong."""

    detail: str | None = Field(default=None, description="What is wrong, for people.")
    field: str | None = Field(default=None, description="The field that is wrong.")
    value: Any = Field(default=None, description="Its value, at most 120 characters of it.")
    remedy: str | None = Field(default=None, description="What to do about it.")


class ProblemDocument(FaultDocument):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="The kind of problem: a URI that stays the same over releases.")
    title: str = Field(description="The kind of problem, for people.")
    status: int = Field(description="The response's own status.")
    errors: list[FaultDocument] | None = Field(
        default=None, description="All that is wrong, where it is more than one thing."
    )


_MODELS: Final = (
    TaskWithSpec,
    FlatTask,
    TaskManifest,
    RunRequest,
    BackfillRequest,
    ProblemDocument,
)


def request_body(*schemas: str, required: bool = True) -> dict[str, Any]:
    """Describe a JSON body that takes one of several forms."""
    references = [{"$ref": _REF + name} for name in schemas]
    schema = references[0] if len(references) == 1 else {"oneOf": references}
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}


def responses(*kinds: Kind, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Describe how a route refuses: by these kinds, and by those that every route has."""
    titles: dict[int, list[str]] = {}
    for kind in (*kinds, *_ALWAYS, *(_WITH_BODY if body else ())):
        titles.setdefault(kind.status, []).append(f"{kind.title} (`{kind.slug}`)")
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF + ProblemDocument.__name__}}}
    return {
        status: {"description": "; ".join(found), "content": content}
        for status, found in sorted(titles.items())
    }


class Documented(FastAPI):
    """An application whose OpenAPI document is whole."""

    def openapi(self) -> dict[str, Any]:
        """Return the document."""
        if self.openapi_schema is None:
            document = super().openapi()
            _, extra = models_json_schema(
                [(model, "validation") for model in _MODELS], ref_template=_REF + "{model}"
            )
            document.setdefault("components", {}).setdefault("schemas", {}).update(extra["$defs"])
            self.openapi_schema = document
        return self.openapi_schema
