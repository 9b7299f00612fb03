"""What the calendars of a task take out, as wall times: periods, and the times of expressions.

calendars.py reads them; walls.py leaves them out of a schedule.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from cronwright.schedule.expression import CronExpression


class Period(NamedTuple):
    """Wall times from `start` until before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Exclusion:
    """The wall times that do not count; the periods are in order and don't touch."""

    periods: tuple[Period, ...] = ()
    expressions: tuple[CronExpression, ...] = ()

    def covers(self, wall: int) -> bool:
        """Whether a wall time is taken out."""
        index = bisect_right(self.periods, wall, key=lambda period: period.start) - 1
        if index >= 0 and wall < self.periods[index].end:
            return True
        return any(expression.matches(wall) for expression in self.expressions)

    def periods_within(self, start: int, end: int) -> tuple[Period, ...]:
        """Return the periods that have a part between two wall times."""
        first = bisect_right(self.periods, start, key=lambda period: period.end)
        last = bisect_right(self.periods, end - 1, key=lambda period: period.start)
        return self.periods[first:last]


def merged(periods: Iterable[Period]) -> tuple[Period, ...]:
    """Put periods in order, and those that overlap or touch together."""
    ordered: list[Period] = []
    for period in sorted(periods):
        if ordered and period.start <= ordered[-1].end:
            before = ordered.pop()
            ordered.append(Period(before.start, max(before.end, period.end)))
        else:
            ordered.append(period)
    return tuple(ordered)


NOTHING = Exclusion()
