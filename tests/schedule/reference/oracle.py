"""The independent oracle: the slots of a meaning, by the rule of DESIGN and `zoneinfo` alone.

A slot is every instant whose local wall time matches. So the oracle goes through the calendar
day by day, writes down the wall times that a meaning (grammar.py) names, and asks the zone at
which instants the clock shows each: none in a gap, two in an overlap.
"""

import heapq
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from tests.schedule.reference.changes import epoch
from tests.schedule.reference.grammar import Meaning

# The longest overlap of these years: 3 hours, at Casey in the Antarctic.
_OVERLAP = timedelta(hours=3)
_HORIZON_DAYS = 60 * 366


def slots(meaning: Meaning, zone: str, start: int, count: int, *, last: bool = False) -> list[int]:
    """Give the first slots strictly after an instant, in epoch seconds.

    With `last`, a wall time that an overlap repeats is due the second time only. A search ends
    after 60 years: what is not due by then is never due.
    """
    place = ZoneInfo(zone)
    local = datetime.fromtimestamp(start, place).replace(tzinfo=None)
    found: list[int] = []
    waiting: list[int] = []
    for wall in _walls(meaning, local - _OVERLAP):
        instants = _instants(wall, place)
        for instant in instants[-1:] if last else instants:
            if instant > start:
                heapq.heappush(waiting, instant)
        # A later wall time can come before this one, but by no more than an overlap.
        while waiting and instants and waiting[0] < instants[0] - _OVERLAP.total_seconds():
            found.append(heapq.heappop(waiting))
            if len(found) == count:
                return found
    return (found + sorted(waiting))[:count]


def _walls(meaning: Meaning, first: datetime) -> Iterator[datetime]:
    """Give the wall times of a meaning in the order of the calendar."""
    for number in range(_HORIZON_DAYS):
        day = first.date() + timedelta(days=number)
        if meaning.day(day):
            times = product(meaning.hours, meaning.minutes, meaning.seconds)
            walls = (datetime(day.year, day.month, day.day, *each) for each in times)  # noqa: DTZ001
            yield from walls if number else (wall for wall in walls if wall >= first)


def _instants(wall: datetime, zone: ZoneInfo) -> list[int]:
    """Give the instants at which the clock shows a wall time."""
    first, second = (epoch(wall.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if first == second:
        return [first]
    # In a gap neither instant leads back to the wall time, in an overlap both do.
    return sorted(each for each in (first, second) if _shows(zone, each, wall))


def _shows(zone: ZoneInfo, instant: int, wall: datetime) -> bool:
    return datetime.fromtimestamp(instant, zone).replace(tzinfo=None) == wall
