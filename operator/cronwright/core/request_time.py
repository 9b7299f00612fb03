"""When something was asked for by an annotation, and whether that still counts.

Runs, cancels and backfills are asked for by annotations whose value names a time; `requests`,
`cancel` and `backfill` read it from here.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.model.depth import read_json
from cronwright.model.task import ScheduledTask

REMEMBERED: Final = timedelta(minutes=10)
_AHEAD: Final = timedelta(minutes=1)  # how far a caller's clock may be ahead of ours


def times_of(task: ScheduledTask, prefix: str) -> Mapping[str, datetime | None]:
    """Give the times of the annotations that begin with a prefix, by what follows it."""
    return {
        key.removeprefix(prefix): requested_at(value)
        for key, value in task.annotations.items()
        if key.startswith(prefix)
    }


def requested_at(text: str) -> datetime | None:
    """Read when something was asked for; None where its value doesn't say."""
    try:
        time = datetime.fromisoformat(read_json(text)["requestedAt"])
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, TypeError, KeyError, OverflowError):
        return None


def refusal(time: datetime | None, now: datetime) -> str:
    """Say why a request is refused; empty where it is not.

    Ids are remembered for ten minutes. An older request may have been acted on and forgotten,
    such as one that a Git repository brings back at each synchronisation.
    """
    if time is None:
        return (
            'its value names no time; write {"requestedAt": "2026-01-31T12:00:00Z"} '
            "with the present time in UTC"
        )
    if time < now - REMEMBERED:
        return "it is older than 10 minutes; ask again under a new id"
    if time > now + _AHEAD:
        return "requestedAt lies in the future; set the caller's clock"
    return ""


def is_meant(run_id: str, since: datetime | None, target: str, asked: datetime) -> bool:
    """Tell whether a cancel means a run: by its id, or with all that there were by then."""
    everything = target == identity.CANCEL_ALL
    return target == run_id or (everything and (since is None or since <= asked))
