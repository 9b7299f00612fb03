"""What the status has been told of slots without a run, also where no answer says so.

A write can have its effect while its answer is lost: told again, its slots would be counted
twice. `engine` keeps what is to be told, and asks here at each look what stands by now. Nobody
else writes the account, so one that was never tried and is ahead is an earlier operator's.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cronwright.controller.tasks import TaskKey
from cronwright.core.firing import Course
from cronwright.model.status import Gap, TaskStatus

# However long the API server is away, so many are kept of each task.
_TRIES_AT_MOST: Final = 20


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
    """Keep what is to be told of each task's slots, and what was tried.

    `course` is the task's, while it is followed: it has gaps of its own.
    """

    def __init__(self) -> None:
        self._told: dict[TaskKey, _Told] = {}
        self._left: dict[TaskKey, list[Gap]] = {}  # of tasks that are not followed any more

    def gaps(self, key: TaskKey, course: Course | None) -> tuple[Gap, ...]:
        """List the slots without a run that no status has yet."""
        return (*self._left.get(key, ()), *(course.hand_out() if course else ()))

    def leave(self, key: TaskKey, course: Course) -> None:
        """Keep the gaps of a course that ends."""
        self._left[key] = [*self._left.get(key, ()), *course.hand_out()]

    def tries(self, key: TaskKey, status: TaskStatus, course: Course | None) -> None:
        """Note that a status is being written that has all gaps which were listed."""
        told = self._told.get(key)
        if told is not None:
            count = len(self._left.get(key, ())) + (len(course.shown) if course else 0)
            told.tries = [*told.tries, (Account.of(status), count)][-_TRIES_AT_MOST:]

    def stands(self, key: TaskKey, status: TaskStatus, course: Course | None) -> None:
        """Forget the gaps that were listed: they stand in this status."""
        self._told[key] = _Told(Account.of(status))
        self._left.pop(key, None)
        if course is not None:
            course.shown = []

    def meet(self, key: TaskKey, status: TaskStatus, course: Course | None) -> bool:
        """Forget the gaps that a status has by now; False where it is ahead of all that was told.

        Then an earlier operator wrote it, and says from where to go on.
        """
        account, told = Account.of(status), self._told.get(key)
        if told is not None and account == told.known:
            return True
        self._told[key] = _Told(account)
        if told is None:
            return True
        had = next((gaps for tried, gaps in told.tries if tried == account), None)
        if had is None:
            return not account.ahead_of(told.known)
        left = self._left.pop(key, [])
        if left[had:]:
            self._left[key] = left[had:]
        if course is not None:
            del course.shown[: max(had - len(left), 0)]
        return True

    def set_aside(self, key: TaskKey) -> None:
        """Forget what was left of a task: an earlier operator has told it."""
        self._left.pop(key, None)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone."""
        self._told.pop(key, None)
        self._left.pop(key, None)
