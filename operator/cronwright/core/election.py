"""Who may lead: judged by what a Lease says, and by our own monotonic clock.

`kube/lease` reads and writes the Lease and asks here. The times in it come from other machines'
clocks, so none is ever compared with ours: what counts is whether the Lease has changed since it
was last looked at, and how long ago that is.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Durations:
    """How long a Lease holds, in seconds; the same for all who contend for it.

    Who leads stops to write at the `deadline` after its last renewal, and nobody else begins
    before the whole `lease` has passed. What lies between is for what is still on its way.
    """

    lease: int
    deadline: float
    retry: float  # how often the leader renews; a standby looks twice as often


@dataclass(frozen=True, slots=True)
class Record:
    """A Lease as it stood when it was looked at."""

    version: str
    holder: str  # empty: nobody
    term: int  # counts the changes of leader
    duration: float
    renewed: str  # whoever wrote it: only ever compared with itself

    def differs(self, other: "Record") -> bool:
        """Tell whether its holder has written; a label that somebody sets is no renewal."""
        mine, its = ((each.holder, each.term, each.renewed) for each in (self, other))
        return mine != its


@dataclass(slots=True)
class Sighting:
    """What one that does not lead has seen of the Lease, and since when that has stood."""

    record: Record | None = None
    since: float = 0.0

    def see(self, record: Record | None, now: float) -> None:
        """Take note of the Lease as it was found.

        One that was deleted is remembered: its holder may not know yet, and has its time left.
        """
        if record is None:
            return
        if self.record is None or record.differs(self.record):
            self.since = now
        self.record = record

    def free_from(self, identity: str) -> float:
        """Say from when on, by our clock, the Lease may be taken under that identity.

        One that is held under our own was held before a crash: its holder is gone.
        """
        if self.record is None or self.record.holder in {"", identity}:
            return -math.inf
        return self.since + self.record.duration

    @property
    def next_term(self) -> int:
        """Number the term of whoever takes the Lease now."""
        return self.record.term + 1 if self.record else 1


@dataclass(slots=True)
class Tenure:
    """The Lease as its holder counts it: from before each renewal was sent.

    Others count from when they see the renewal, which is later; so they begin later.
    """

    durations: Durations
    renewed: float = -math.inf

    @property
    def writes_until(self) -> float:
        """Give the moment from which on nothing may be written any more."""
        return self.renewed + self.durations.deadline

    @property
    def ends(self) -> float:
        """Give the moment before which nobody else begins."""
        return self.renewed + self.durations.lease
