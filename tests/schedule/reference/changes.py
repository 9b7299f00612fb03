"""Zones and the changes of their clocks, straight from `zoneinfo`.

Nothing here knows the package: what is read from it judges the package's answers (oracle.py)
and says which known bug of a library may be at work (differences.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo

# No two changes of any zone are closer (tests/schedule/test_zone.py holds that).
_PROBE: Final = 5 * 86_400
_HOUR: Final = 3600
_DAY: Final = 86_400

# The zones that are known for a bug of a library, and others of each kind: without a change,
# with offsets that are no whole hours, with changes at odd times or days.
ZONES: Final = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Asuncion",
    "America/Caracas",
    "America/Havana",
    "America/Los_Angeles",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Atlantic/Azores",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Etc/UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/Istanbul",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Norfolk",
)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of clock: its instant in epoch seconds, and the offsets before and after it."""

    instant: int
    before: int
    after: int

    @property
    def step(self) -> int:
        """The seconds that the clock goes forward; below zero where it goes back."""
        return self.after - self.before

    @property
    def skips_midnight(self) -> bool:
        """Whether a 00:00 falls into the gap."""
        first, end = self.instant + self.before, self.instant + self.after
        return first < end and -(-first // _DAY) * _DAY < end

    @property
    def repeats_midnight(self) -> bool:
        """Whether a 00:00 falls into the overlap."""
        first, end = self.instant + self.after, self.instant + self.before
        return first < end and -(-first // _DAY) * _DAY < end

    @property
    def ends_at_midnight(self) -> bool:
        """Whether the gap ends at 00:00."""
        return self.step > 0 and (self.instant + self.after) % _DAY == 0

    @property
    def whole_hours(self) -> bool:
        """Whether the clock changes by whole hours."""
        return self.step % _HOUR == 0

    @property
    def full_hour(self) -> bool:
        """Whether the clock shows a full hour when it changes."""
        return (self.instant + self.before) % _HOUR == 0


def offset_at(zone: str, instant: int) -> int:
    """Give a zone's offset from UTC at an instant, in seconds."""
    offset = datetime.fromtimestamp(instant, ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())


@cache
def changes_in(zone: str, year: int) -> tuple[Change, ...]:
    """Give the changes of a zone in a year, as UTC counts it."""
    start, stop = (
        epoch(datetime(year, 1, 1, tzinfo=UTC)),
        epoch(datetime(year + 1, 1, 1, tzinfo=UTC)),
    )
    # From a second before: a change at the very beginning of the year is one of its own.
    return tuple(_changes(zone, start - 1, stop - 1))


def _changes(zone: str, start: int, stop: int) -> Iterator[Change]:
    before = offset_at(zone, start)
    for probe in range(start, stop, _PROBE):
        low, high = probe, min(probe + _PROBE, stop)
        after = offset_at(zone, high)
        if after == before:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset_at(zone, middle) == before:
                low = middle
            else:
                high = middle
        yield Change(high, before, after)
        before = after


def changes_between(zone: str, start: int, stop: int) -> list[Change]:
    """Give the changes of a zone between two instants, in epoch seconds."""
    years = range(moment(start).year, moment(stop).year + 1)
    found = (each for year in years for each in changes_in(zone, year))
    return [each for each in found if start <= each.instant <= stop]


def epoch(instant: datetime) -> int:
    """Give an instant in epoch seconds."""
    return round(instant.timestamp())


def moment(instant: int) -> datetime:
    """Give an instant of epoch seconds as a date-time in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=instant)


def written(instant: int) -> str:
    """Write an instant as the programs do."""
    return f"{moment(instant):%Y-%m-%dT%H:%M:%SZ}"


def read(text: str) -> int:
    """Read an instant as the programs write it."""
    return epoch(datetime.fromisoformat(text))
