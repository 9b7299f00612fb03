"""Why the CronJob controller could not make a Job, read from the Events that it leaves.

A missed slot alone does not tell whether its controller was down or was refused; the Event does,
for as long as the cluster keeps it. `controller/causes` reads them, `status` files the gaps.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from cronwright.core.facts import parse_time
from cronwright.model import reasons
from cronwright.model.run import Verdict
from cronwright.model.status import Gap

FAILED_CREATE: Final = "FailedCreate"
_GENERAL: Final = {reasons.SUPERSEDED, reasons.DEADLINE_PASSED}
# It tries at its slot, or as soon as it is up again.
_FIRST_TRY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Creates that were refused, from one time to another, for one reason."""

    first: datetime
    last: datetime
    reason: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self | None:
        """Read an Event; None where it does not say when."""
        first = event.get("firstTimestamp") or event.get("eventTime")
        last = event.get("lastTimestamp") or first
        start, end = parse_time(first), parse_time(last)
        if start is None or end is None:
            return None
        return cls(start, end, refusal_reason(str(event.get("message", ""))))


def refusal_reason(message: str) -> str:
    """Name the cause in the API server's words about a Job that it refused."""
    if reasons.QUOTA_WORDS in message:
        return reasons.QUOTA_EXCEEDED
    return reasons.TEMPLATE_REFUSED if "is invalid" in message else reasons.CREATE_REFUSED


def is_open(gap: Gap) -> bool:
    """Tell whether a gap has no cause of its own yet."""
    return gap.verdict is Verdict.MISSED and gap.reason in _GENERAL


def explained(gaps: Sequence[Gap], refusals: Iterable[Refusal]) -> tuple[Gap, ...]:
    """Give gaps the cause that refusals tell, where these span them whole."""
    known = tuple(refusals)
    return tuple(_explained(gap, known) if is_open(gap) else gap for gap in gaps)


def _explained(gap: Gap, refusals: Sequence[Refusal]) -> Gap:
    for refusal in refusals:
        if refusal.first <= gap.first + _FIRST_TRY and refusal.last >= gap.last:
            return gap.model_copy(update={"reason": refusal.reason})
    return gap
