"""Whether the values that parameters list are small enough to be looked at any further.

`parameters` asks it before all else: the API server bounds how many there are, not how large.
"""

from collections.abc import Sequence
from typing import Final

from cronwright.core.size import stored_size
from cronwright.errors import FieldError
from cronwright.model.depth import check_depth
from cronwright.model.parameter import Parameter

_ENUM_BYTES: Final = 4096


def check_listed(parameters: Sequence[Parameter]) -> None:
    """Refuse defaults and enums that are nested too deeply, and enums too large; FieldError."""
    for place, each in enumerate(parameters):
        field = f"spec.parameters[{place}]"
        check_depth(f"{field}.default", each.default)
        for number, value in enumerate(each.enum or ()):
            check_depth(f"{field}.enum[{number}]", value)
        size = stored_size(each.enum or ())
        if size > _ENUM_BYTES:
            problem = f"{size} bytes as JSON, more than {_ENUM_BYTES}"
            raise FieldError(f"{field}.enum", None, problem, "list fewer values, or shorter ones")
