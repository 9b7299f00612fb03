"""When a task is due, for its callers: what is wrong with what they wrote, and the next times.

`submission` asks for the first, before anything is created; `view` for the second. Where the CRD
would leave a mistake for later, a caller hears of it at once.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

from pydantic import ValidationError

from cronwright.api.problem import Fault
from cronwright.errors import FieldError
from cronwright.model.base import render_time
from cronwright.model.spec import TaskSpec
from cronwright.schedule import Timetable, load_zone, read

SHOWN_TIMES: Final = 5
_LOOKED_AT: Final = 100_000  # more slots than a day of jitter, each second, puts off

ALTERNATIVES: Final = ("schedule", "schedules", "every", "at")
_FIELDS: Final = (
    *ALTERNATIVES, "scheduleDialect", "timeZone", "repeatedTime", "skippedTime", "startAt",
    "endAt", "jitter", "exclude",
)  # fmt: skip


def timing_faults(spec: Mapping[str, Any], prefix: str) -> list[Fault]:
    """List what is wrong with the times of a spec; `prefix` is where its fields stand.

    A zone that can't be read, and fields that aren't what they should be at all, are the
    model's to name.
    """
    given = {key: spec[key] for key in _FIELDS if key in spec}
    several = [key for key in ALTERNATIVES if key in given]
    if len(several) > 1:
        detail = f"{' and '.join(several)} are given; one of them says when the task is due"
        field = prefix + several[1]
        return [Fault(detail, field, given[several[1]], f"remove all but {several[0]}")]
    try:
        _timetable({**given, "timeZone": _sound_zone(given.get("timeZone"))}, "", None)
    except FieldError as error:
        field = prefix + error.field.removeprefix("spec.")
        return [Fault(f"{field}: {error.problem}", field, error.value, error.remedy)]
    except ValidationError:
        return []
    return []


def next_run_times(body: Mapping[str, Any], now: datetime) -> list[str]:
    """List the next times at which a stored task is due, jitter included; none while suspended."""
    timetable = None if (body.get("spec") or {}).get("suspend") else stored_timetable(body)
    if timetable is None:
        return []
    # What jitter puts off may lie before now by its own time, and be due after later ones.
    due: list[datetime] = []
    for slot in islice(timetable.slots(now - timetable.longest_spread), _LOOKED_AT):
        if len(due) == SHOWN_TIMES and slot.nominal > due[-1]:
            break
        if slot.due > now:
            due = sorted([*due, slot.due])[:SHOWN_TIMES]
    return [render_time(each) for each in due]


def sentence(body: Mapping[str, Any]) -> str | None:
    """Say in words when a stored task is due; None where it has no times that can be read."""
    timetable = stored_timetable(body)
    return timetable.sentence if timetable else None


def stored_timetable(body: Mapping[str, Any]) -> Timetable | None:
    """Read the timetable of a stored task; None where it has none, or none that can be read."""
    metadata = body["metadata"]
    created = datetime.fromisoformat(metadata["creationTimestamp"])
    try:
        seed = f"{metadata['namespace']}/{metadata['name']}"
        return _timetable(body.get("spec") or {}, seed, created)
    except (FieldError, ValidationError):
        return None


def _timetable(spec: Mapping[str, Any], seed: str, created: datetime | None) -> Timetable | None:
    given = {key: spec[key] for key in _FIELDS if key in spec}
    read_spec = TaskSpec.model_validate(given)
    return read(read_spec.terms(seed, created)) if read_spec.scheduled else None


def _sound_zone(zone: object) -> object:
    """Give a zone that can be read: what is wrong with the other fields is looked for apart."""
    try:
        return zone if isinstance(zone, str) and load_zone(zone) else "Etc/UTC"
    except FieldError:
        return "Etc/UTC"
