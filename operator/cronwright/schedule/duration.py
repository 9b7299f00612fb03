"""Durations as manifests write them: `90s`, `15m`, `1h30m`.

`PATTERN` goes into the CRD (model/crd.py), so the API server refuses what `parse_duration` would.
"""

import re

from cronwright.errors import FieldError

# Six digits a part: the sum stays far below what CEL and Go can hold as a duration (290 years).
PATTERN = r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
REMEDY = 'write hours, minutes and seconds in this order, such as "90s", "15m" or "1h30m"'

_PARTS = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")


def parse_duration(text: str, field: str = "spec.timeout") -> int:
    """Return the whole seconds of a duration; `field` is named in the error."""
    match = _PARTS.fullmatch(text)
    if not text or match is None:
        raise FieldError(field, text, "not a duration", REMEDY)
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total == 0:
        raise FieldError(field, text, "a duration must be longer than zero", REMEDY)
    return total
