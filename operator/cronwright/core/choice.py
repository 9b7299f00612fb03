"""What becomes of a slot that is due: it starts, replaces what runs, waits, or is skipped.

`controller/slots` asks at every due time, by what is active and what waits already.
"""

from dataclasses import dataclass
from enum import Enum

from cronwright.core.firing import ACTIVE_AT_MOST
from cronwright.model.reasons import CONCURRENCY_FORBID, QUEUE_FULL, TOO_MANY_ACTIVE
from cronwright.model.spec import ConcurrencyPolicy


class Act(Enum):
    """What becomes of a slot."""

    START = "start"
    REPLACE = "replace"  # start it, and end the runs that are active
    QUEUE = "queue"  # let it wait
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of a slot, and why where it does not start."""

    act: Act
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Queued:
    """What waits of a task already: `ahead` goes before a slot that comes due now."""

    count: int = 0
    ahead: bool = False
    most: int = 0

    @property
    def full(self) -> bool:
        """Whether no other slot may wait."""
        return self.count >= self.most


def choose(policy: ConcurrencyPolicy, active: int, queued: Queued = Queued()) -> Choice:
    """Choose what becomes of a slot that is due, with so many runs of its task active."""
    if policy is ConcurrencyPolicy.FORBID and (active or queued.count):
        return Choice(Act.SKIP, CONCURRENCY_FORBID)
    if policy is ConcurrencyPolicy.REPLACE and active:
        return Choice(Act.REPLACE)
    if policy is ConcurrencyPolicy.QUEUE and (active or queued.ahead):
        return hold_back(policy, queued)
    if active >= ACTIVE_AT_MOST:
        return Choice(Act.SKIP, TOO_MANY_ACTIVE)
    return Choice(Act.START)


def hold_back(policy: ConcurrencyPolicy, queued: Queued) -> Choice:
    """Let a slot wait if there is room; with Replace it takes the place of the one that waits."""
    if queued.full and policy is not ConcurrencyPolicy.REPLACE:
        return Choice(Act.SKIP, QUEUE_FULL)
    return Choice(Act.QUEUE)
