"""Times of day: which of the 86,400 seconds of a day an expression names.

`FieldTimes` answers from the fields themselves, which is quick and small. `MaskTimes` holds one bit
a second, for what fields can't say: several expressions on one day, or what a calendar takes out.
walls.py picks between the two.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

DAY = 86_400
WHOLE_DAY = (1 << DAY) - 1


class Times(Protocol):
    """Some seconds of a day; never none of them."""

    @property
    def total(self) -> int:
        """How many they are."""

    @property
    def mask(self) -> int:
        """The seconds as bits."""

    def first_from(self, second: int) -> int | None:
        """Return the first one at or after a second."""

    def last_until(self, second: int) -> int | None:
        """Return the last one at or before a second."""


@dataclass(frozen=True, slots=True)
class FieldTimes:
    """The seconds that three fields name, each as bits."""

    seconds: int
    minutes: int
    hours: int

    @property
    def total(self) -> int:
        """How many they are."""
        return self.seconds.bit_count() * self.minutes.bit_count() * self.hours.bit_count()

    @property
    def mask(self) -> int:
        """The seconds as bits."""
        return _mask(self.seconds, self.minutes, self.hours)

    def first_from(self, second: int) -> int | None:
        """Return the first one at or after a second."""
        hour, rest = divmod(second, 3600)
        if self.hours >> hour & 1:
            minute, rest = divmod(rest, 60)
            if self.minutes >> minute & 1:
                seconds = self.seconds >> rest << rest
                if seconds:
                    return hour * 3600 + minute * 60 + lowest(seconds)
            minutes = self.minutes >> minute + 1 << minute + 1
            if minutes:
                return hour * 3600 + lowest(minutes) * 60 + lowest(self.seconds)
        hours = self.hours >> hour + 1 << hour + 1
        if not hours:
            return None
        return lowest(hours) * 3600 + lowest(self.minutes) * 60 + lowest(self.seconds)

    def last_until(self, second: int) -> int | None:
        """Return the last one at or before a second."""
        hour, rest = divmod(second, 3600)
        if self.hours >> hour & 1:
            minute, rest = divmod(rest, 60)
            if self.minutes >> minute & 1:
                seconds = self.seconds & (2 << rest) - 1
                if seconds:
                    return hour * 3600 + minute * 60 + highest(seconds)
            minutes = self.minutes & (1 << minute) - 1
            if minutes:
                return hour * 3600 + highest(minutes) * 60 + highest(self.seconds)
        hours = self.hours & (1 << hour) - 1
        if not hours:
            return None
        return highest(hours) * 3600 + highest(self.minutes) * 60 + highest(self.seconds)


@dataclass(frozen=True, slots=True)
class MaskTimes:
    """Seconds of a day, one bit each."""

    mask: int

    @property
    def total(self) -> int:
        """How many they are."""
        return self.mask.bit_count()

    def first_from(self, second: int) -> int | None:
        """Return the first one at or after a second."""
        rest = self.mask >> second
        return second + lowest(rest) if rest else None

    def last_until(self, second: int) -> int | None:
        """Return the last one at or before a second."""
        rest = self.mask & (2 << second) - 1
        return highest(rest) if rest else None


def count_between(times: Times, first: int, end: int) -> int:
    """Count the seconds from one until before another."""
    if first == 0 and end == DAY:
        return times.total
    return (times.mask >> first & (1 << end - first) - 1).bit_count() if end > first else 0


@lru_cache(maxsize=512)
def joined(taken: tuple[Times, ...], left_out: tuple[Times, ...]) -> Times | None:
    """Return what some name and none of others does; None where nothing is left."""
    if len(taken) == 1 and not left_out:
        return taken[0]
    mask = 0
    for times in taken:
        mask |= times.mask
    for times in left_out:
        mask &= ~times.mask
    return MaskTimes(mask) if mask else None


@lru_cache(maxsize=512)
def _mask(seconds: int, minutes: int, hours: int) -> int:
    of_hour = sum(seconds << minute * 60 for minute in range(60) if minutes >> minute & 1)
    data = of_hour.to_bytes(450, "little")
    none = bytes(450)
    return int.from_bytes(
        b"".join(data if hours >> hour & 1 else none for hour in range(24)), "little"
    )


def lowest(bits: int) -> int:
    """Return the number of the lowest bit that is set."""
    return (bits & -bits).bit_length() - 1


def highest(bits: int) -> int:
    """Return the number of the highest bit that is set."""
    return bits.bit_length() - 1
