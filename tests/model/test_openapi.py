from typing import Any

from pydantic import Field

from cronwright.model.base import ResourceModel, Time
from cronwright.model.openapi import structural_schema, without_defaults
from cronwright.model.run import Verdict


class Inner(ResourceModel):
    """The inner one."""

    count: int = Field(default=3, ge=0, description="How many.")
    note: str | None = Field(default=None, description="A note.")


class Outer(ResourceModel):
    """The outer one."""

    first_seen: Time = Field(description="When.")
    verdict: Verdict | None = Field(default=None, description="How.")
    inner: Inner = Field(default=Inner(), description="Inside.")
    others: list[Inner] = Field(default_factory=list, description="More.")
    counts: dict[str, int] = Field(default_factory=dict, description="By name.")
    anything: dict[str, Any] | None = Field(default=None, description="Free.")


INNER = {
    "type": "object",
    "properties": {
        "count": {
            "type": "integer",
            "format": "int64",
            "description": "How many.",
            "default": 3,
            "minimum": 0,
        },
        "note": {"type": "string", "description": "A note."},
    },
}


def test_a_model_becomes_one_schema_without_references_and_nulls() -> None:
    assert structural_schema(Outer) == {
        "type": "object",
        "description": "The outer one.",
        "required": ["firstSeen"],
        "properties": {
            "firstSeen": {"type": "string", "format": "date-time", "description": "When."},
            "verdict": {
                "type": "string",
                "description": "How.",
                "enum": [verdict.value for verdict in Verdict],
            },
            "inner": INNER | {"description": "Inside.", "default": {"count": 3}},
            "others": {
                "type": "array",
                "description": "More.",
                "items": INNER | {"description": "The inner one."},
            },
            "counts": {
                "type": "object",
                "description": "By name.",
                "additionalProperties": {"type": "integer", "format": "int64"},
            },
            "anything": {
                "type": "object",
                "description": "Free.",
                "x-kubernetes-preserve-unknown-fields": True,
            },
        },
    }


def test_defaults_are_taken_out_at_every_depth() -> None:
    bare = without_defaults(structural_schema(Outer))

    assert "default" not in str(bare)
    assert bare["properties"]["others"]["items"]["properties"]["count"]["minimum"] == 0
