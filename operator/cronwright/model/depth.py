"""How deep JSON may be nested that others write: in a spec, an annotation, a termination message.

The API server stores JSON that is nested 10,000 deep. Whoever walks through that, by a call for
each level, comes to an end: so what is taken in is not as deep, and what is only read is refused.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from cronwright.errors import FieldError

# Far more than any manifest has, and far less than what would exhaust a stack.
DEEPEST: Final = 100
# As deep as the API server goes, and the calls around that.
RECURSION_LIMIT: Final = 12_000


def is_deeper(value: object, levels: int = DEEPEST) -> bool:
    """Tell whether a value is nested deeper than so many levels."""
    inner = [value]
    for _ in range(levels):
        inner = [part for outer in inner for part in _parts(outer)]
        if not inner:
            return False
    return any(isinstance(each, dict | list) for each in inner)


def check_depth(field: str, value: object) -> None:
    """Refuse what is nested too deeply; FieldError."""
    if is_deeper(value):
        problem = f"nested deeper than {DEEPEST} levels"
        raise FieldError(field, None, problem, "write it flatter, or as a text")


def read_json(text: str) -> Any:
    """Read JSON; ValueError where it is none, or nested too deeply."""
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if is_deeper(value):
        raise ValueError("nested too deeply")
    return value


def _parts(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value
