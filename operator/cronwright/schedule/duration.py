"""Durations as manifests write them: `90s`, `15m`, `1h30m`; of schedules also `1d`.

The patterns go into the CRD (model/crd.py), so the API server refuses what the parsers would.
"""

import re
from collections.abc import Iterable

from cronwright.errors import FieldError

# Six digits a part: the sum stays far below what CEL and Go can hold as a duration (290 years).
PATTERN = r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
PATTERN_WITH_DAYS = r"^([0-9]{1,5}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$"
REMEDY = 'write hours, minutes and seconds in this order, such as "90s", "15m" or "1h30m"'

REMEDY_WITH_DAYS = 'write days, hours, minutes and seconds in this order, such as "90s" or "1d12h"'

_PARTS = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?")
_DAYS = re.compile(r"([0-9]{1,5})d(.*)", re.ASCII | re.DOTALL)


def parse_duration(text: str, field: str = "spec.timeout") -> int:
    """Return the whole seconds of a duration; `field` is named in the error."""
    match = _PARTS.fullmatch(text)
    if not text or match is None:
        raise FieldError(field, text, "not a duration", REMEDY)
    return _total(text, field, (0, *match.groups()), REMEDY)


def parse_interval(text: str, field: str) -> int:
    """Return the whole seconds of a duration that may have days, of 24 hours each, in front."""
    days = _DAYS.fullmatch(text)
    match = _PARTS.fullmatch(days[2] if days else text)
    if not text or match is None:
        raise FieldError(field, text, "not a duration", REMEDY_WITH_DAYS)
    return _total(text, field, (days[1] if days else 0, *match.groups()), REMEDY_WITH_DAYS)


def _total(text: str, field: str, parts: Iterable[str | int | None], remedy: str) -> int:
    days, hours, minutes, seconds = (int(part or 0) for part in parts)
    total = days * 86_400 + hours * 3600 + minutes * 60 + seconds
    if total == 0:
        raise FieldError(field, text, "a duration must be longer than zero", remedy)
    return total
