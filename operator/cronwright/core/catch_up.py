"""Which of the slots that nobody could start are made up for.

`firing` asks it when it gives slots up: however many they are, only the newest are looked at. They
wait in the backlog (`backlog`) and become runs with the trigger CatchUp; the others are missed.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.model.spec import TaskSpec
from cronwright.schedule import Timetable

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class CatchUpTerms:
    """How many slots are made up for, and how far back.

    `since` is where the task was last edited or resumed: what passed before is past.
    """

    most: int
    window: timedelta | None
    since: datetime

    @classmethod
    def of(cls, spec: TaskSpec, since: datetime) -> "CatchUpTerms | None":
        """Read the terms of a task; None where it makes up for nothing."""
        most = spec.catch_up.most
        return cls(most, spec.catch_up.reach, since) if most else None

    def reaches(self, slot: datetime, now: datetime) -> bool:
        """Tell whether a slot is recent enough."""
        return slot > self.since and (self.window is None or slot >= now - self.window)

    def newest(
        self,
        timetable: Timetable,
        span: tuple[datetime, datetime],
        taken: Collection[datetime],
        now: datetime,
    ) -> list[datetime]:
        """Choose the newest slots of a span, its end included, the oldest first.

        Those that are `taken` have a Job.
        """
        start, end = span
        found: list[datetime] = []
        slot = timetable.last(end)
        while slot is not None and slot > start and self.reaches(slot, now):
            if slot not in taken:
                found.append(slot)
                if len(found) == self.most:
                    break
            slot = timetable.last(slot - _SECOND)
        return found[::-1]
