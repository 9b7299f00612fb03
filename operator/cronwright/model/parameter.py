"""A named, typed input of a task's runs, as `spec.parameters` lists them.

`core.parameters` holds values against it and makes environment variables of them.
"""

from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field

from cronwright.model.base import ResourceModel

PARAMETERS_AT_MOST: Final = 32
_PREFIX: Final = "CRONWRIGHT_PARAM_"
# A JSON value of any type: what it has to be, `type` says.
_SCALAR: Final = {"x-kubernetes-preserve-unknown-fields": True}

Scalar = Annotated[Any, Field(json_schema_extra=_SCALAR)]


class ParameterType(StrEnum):
    """What a value is, in the words of JSON."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"


class Parameter(ResourceModel):
    """A named, typed input of a run."""

    name: str = Field(
        min_length=1, max_length=63, pattern="^[A-Za-z]([-A-Za-z0-9_.]*[A-Za-z0-9])?$",
        description="The name by which a request gives the value.",
    )  # fmt: skip
    type: ParameterType = Field(default=ParameterType.STRING, description="What the value is.")
    description: str | None = Field(
        default=None, max_length=256, description="What it is for, for people."
    )
    default: Scalar = Field(
        default=None,
        description="The value where none is given: in each scheduled run, and in one that is "
        "requested without it. With neither, the run doesn't find the variable.",
    )
    enum: list[Scalar] | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="The values that are taken, at most 4 KiB as JSON.",
    )
    pattern: str | None = Field(
        default=None, min_length=1, max_length=256,
        description="A regular expression that the whole of a string has to match: characters, "
        "classes, groups, alternatives and repetition, with neither references nor look-around.",
    )  # fmt: skip
    minimum: float | None = Field(default=None, description="The least number that is taken.")
    maximum: float | None = Field(default=None, description="The greatest one.")
    required: bool = Field(
        default=False,
        description="Whether a request has to give it. A scheduled run takes the default, without "
        "which a task that has a schedule is refused.",
    )
    env: str | None = Field(
        default=None, min_length=1, max_length=63, pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        description="The environment variable in which the run finds the value; CRONWRIGHT_PARAM_ "
        "and the name in upper case where this is left out. It may not begin with CRONWRIGHT_. "
        "One of this name that the template sets is replaced.",
    )  # fmt: skip

    @property
    def variable(self) -> str:
        """Name the environment variable that carries the value."""
        own = self.name.upper().replace("-", "_").replace(".", "_")
        return self.env or f"{_PREFIX}{own}"
