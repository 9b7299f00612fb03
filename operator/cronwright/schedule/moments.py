"""Reads date-times as manifests write them (`spec.at`, `startAt`, `endAt`), in a zone.

Instants are seconds since the epoch, wall times seconds since 1970-01-01 00:00 on the wall.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from cronwright.errors import FieldError
from cronwright.schedule.evaluate import Clock
from cronwright.schedule.zone import EARLIEST, LATEST

_MOMENT = re.compile(
    r"(?P<wall>[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.0{1,9})?"
    r"(?P<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?",
    re.ASCII,
)
_FRACTION = re.compile(r":[0-9]{2}\.[0-9]*[1-9]")
REMEDY = "write a date-time such as 2026-12-24T18:00:00 in spec.timeZone, or with Z or +01:00"


def read_instant(text: str, field: str, clock: Clock) -> int:
    """Return the instant of a date-time that has an offset, or is a wall time of the clock's zone.

    A wall time that a change of clock skips or repeats is refused; the error names the instants.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        problem = "not in whole seconds" if _FRACTION.search(text) else "no date-time"
        raise FieldError(field, text, problem, REMEDY)
    try:
        wall = datetime.fromisoformat(match["wall"].upper()).replace(tzinfo=UTC)
        offset = _offset(match["offset"])
    except ValueError as error:
        raise FieldError(field, text, f"no date-time: {error}", REMEDY) from error
    second = int(wall.timestamp())
    instant = _on_the_clock(text, field, second, clock) if offset is None else second - offset
    if not EARLIEST <= instant < LATEST:
        raise FieldError(field, text, "beyond what a calendar holds", "write a year of 1 to 9999")
    return instant


def instants_of(wall: int, clock: Clock) -> list[int]:
    """Return the instants at which a clock shows a wall time: one, two, or none."""
    found = []
    # No zone is further than this from UTC, so the offsets at both ends are all that can count.
    for probe in (wall - 86_400, wall + 86_400):
        offset = clock.offset_at(min(max(probe, EARLIEST), LATEST - 1))
        if clock.offset_at(min(max(wall - offset, EARLIEST), LATEST - 1)) == offset:
            found.append(wall - offset)
    return sorted(set(found))


def written(instant: int, clock: Clock) -> str:
    """Write an instant as the clock shows it, with its offset."""
    offset = clock.offset_at(instant)
    shown = datetime.fromtimestamp(min(instant + offset, LATEST - 1), UTC)
    return shown.replace(tzinfo=timezone(timedelta(seconds=offset))).isoformat()


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    if text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"{text} is no offset")
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


def _on_the_clock(text: str, field: str, wall: int, clock: Clock) -> int:
    instants = instants_of(wall, clock)
    if len(instants) == 1:
        return instants[0]
    zone = clock.zone.key
    if instants:
        first, second = (written(each, clock) for each in instants)
        problem = f"{zone} has this time twice, at {first} and at {second}"
        raise FieldError(field, text, problem, "write the one that is meant")
    change = clock.stretch_at(wall - clock.offset_at(wall - 86_400)).start
    before, after = written(change - 1, clock), written(change, clock)
    problem = f"{zone} skips this time: {before} is followed by {after}"
    raise FieldError(field, text, problem, f"write a time that there is, such as {after}")
