"""What a task follows, as a line of text in its status: so that it can be told after an edit.

`status.timetable` is written with the cursor, in one write, so the two always belong together:
whatever has become of the spec and the CronJob since, the slots after the cursor can be counted.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cronwright.core.facts import CronJobFacts
from cronwright.errors import FieldError
from cronwright.schedule import Dialect, NativeForm, RepeatedTime, SkippedTime, Terms, Timetable
from cronwright.schedule import read as read_terms

# Calendars can be long. Longer terms than this are told apart, but can't be read again.
LONGEST: Final = 1024
_HIDDEN: Final = "sha256:"
_DEFAULTS: Final = asdict(Terms())
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "schedules": tuple,
    "exclude": tuple,
    "dialect": Dialect,
    "repeated_time": RepeatedTime,
    "skipped_time": SkippedTime,
    "created": datetime.fromisoformat,
}


@lru_cache(maxsize=8192)
def timetable_of(terms: Terms) -> Timetable:
    """Read terms, those of each kind once; FieldError where they can't be read."""
    return read_terms(terms)


@lru_cache(maxsize=8192)
def text_of(terms: Terms) -> str:
    """Write terms down: two of the same text have the same slots."""
    said = {key: value for key, value in asdict(terms).items() if value != _DEFAULTS[key]}
    text = json.dumps(said, sort_keys=True, default=str, separators=(",", ":"))
    if len(text.encode()) <= LONGEST:
        return text
    return _HIDDEN + hashlib.sha256(text.encode()).hexdigest()[:16]


def timetable_in(text: str | None) -> Timetable | None:
    """Read the timetable that a text is of; None where it does not say."""
    if not text:
        return None
    try:
        said = json.loads(text)
        terms = Terms(**{key: _READERS.get(key, str)(value) for key, value in said.items()})
        return timetable_of(terms)
    except (ValueError, TypeError, AttributeError, FieldError):
        return None  # too long to be written, or written by another version


def terms_of(form: NativeForm | CronJobFacts) -> Terms:
    """Give what a CronJob follows, as terms."""
    zone = form.time_zone or "Etc/UTC"
    return Terms(schedule=form.schedule, time_zone=zone, dialect=Dialect.KUBERNETES)
