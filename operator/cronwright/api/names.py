"""The names that callers give to tasks, namespaces and requests, and which of them are taken.

`submission` and the routes ask here. A task's id is its resource's name, so every id must be
one that Kubernetes takes, and nothing that could lead to another path.
"""

import re
from typing import Final
from uuid import UUID

from cronwright.core.identity import PREFIX
from cronwright.errors import FieldError
from cronwright.model.cel import NAME_LENGTH

NAME_LABEL: Final = f"{PREFIX}name"

LABEL_PATTERN: Final = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
REQUEST_PATTERN: Final = "^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
# A label's length: a namespace is one, and so is the name part of an annotation's key.
LABEL_LENGTH: Final = 63

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SNOWFLAKE = re.compile(r"0|[1-9][0-9]{0,19}")
_RESOURCE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_RESOURCE_LENGTH = 253
_LARGEST_SNOWFLAKE = 2**64 - 1

_ID_REMEDY = (
    "write a UUID, such as 0190b6a1-7c3e-7d42-8f7b-5a1e9c0d3b26, or a Snowflake in decimal, "
    "such as 1541815603606036480; any other name goes into name"
)


def task_id(value: str | int) -> str:
    """Return the id of a new task: a UUID in lower case, or a Snowflake in decimal digits."""
    text = str(value)
    if _UUID.fullmatch(text):
        return str(UUID(text))
    if _SNOWFLAKE.fullmatch(text) and int(text) <= _LARGEST_SNOWFLAKE:
        return text
    raise FieldError("id", value, "neither a UUID nor a Snowflake", _ID_REMEDY)


def task_name(value: str) -> str:
    """Return the name of a new task: a DNS label of at most 52 characters."""
    if len(value) > NAME_LENGTH or not re.fullmatch(LABEL_PATTERN[1:-1], value):
        raise FieldError(
            "name",
            value,
            "no name that a task can have",
            f"write 1 to {NAME_LENGTH} small letters, digits and dashes, with a letter or digit "
            "at either end",
        )
    return value


def resource_name(text: str) -> str | None:
    """Return the resource that an id in a path means; None where no resource can have it."""
    if _UUID.fullmatch(text):
        return text.lower()
    fits = len(text) <= _RESOURCE_LENGTH and _RESOURCE.fullmatch(text)
    return text if fits else None
