"""What the status has been told of slots without a run, also where no answer says so.

A write can have its effect while its answer is lost: told again, its slots would be counted
twice. `engine` keeps what is to be told, and asks here at each look what stands by now. Nobody
else writes the account, so one that was never tried and is ahead is an earlier operator's.
"""

from dataclasses import dataclass, field
from datetime import datetime

from cronwright.controller.tasks import TaskKey
from cronwright.model.status import TaskStatus


@dataclass(frozen=True, slots=True)
class Account:
    """What a status says of its slots: up to where, and how many of each verdict."""

    until: datetime | None
    counts: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, status: TaskStatus) -> "Account":
        """Read a status, written or about to be: it is written in whole seconds."""
        until = status.accounted_until
        return cls(until and until.replace(microsecond=0), tuple(sorted(status.counts.items())))

    def ahead_of(self, other: "Account") -> bool:
        """Tell whether slots are decided here that are not there."""
        return self.until is not None and other.until is not None and self.until > other.until


@dataclass(slots=True)
class _Told:
    known: Account
    tries: list[tuple[Account, int]] = field(default_factory=list)


class Tellings:
    """Keep what was tried to be told of each task."""

    def __init__(self) -> None:
        self._told: dict[TaskKey, _Told] = {}

    def tries(self, key: TaskKey, status: TaskStatus, gaps: int) -> None:
        """Note that a status is being written that has so many of the gaps to be told."""
        told = self._told.get(key)
        if told is not None:
            told.tries.append((Account.of(status), gaps))

    def stands(self, key: TaskKey, status: TaskStatus) -> None:
        """Note that a status was written."""
        self._told[key] = _Told(Account.of(status))

    def meet(self, key: TaskKey, status: TaskStatus) -> int | None:
        """Say how many of the gaps to be told a status has; None for one that is ahead of all."""
        account, told = Account.of(status), self._told.get(key)
        if told is not None and account == told.known:
            return 0
        self._told[key] = _Told(account)
        if told is None:
            return 0
        had = next((gaps for tried, gaps in told.tries if tried == account), None)
        return had if had is not None else None if account.ahead_of(told.known) else 0

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._told.pop(key, None)
