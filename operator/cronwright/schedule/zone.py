"""Time zones: loading one by name, and its offsets as stretches that evaluate.py walks."""

import re
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronwright.errors import FieldError

SPEC_FIELD = "spec.timeZone"

_NAME = re.compile(r"[A-Za-z]{1,20}(?:/[A-Za-z][A-Za-z0-9_+-]{0,30}){1,2}")

# No two changes of clock of any zone are closer than 6 days (Gaza, 2040, by the current
# rules), so one look at each end of 5 days finds the only change between them.
_PROBE = 5 * 86_400
# Offsets are worked out a block at a time, when a search comes by; 73 probes make 365 days.
_BLOCK = 73 * _PROBE

# The seconds that slots can have: all of `datetime`'s but those that no zone could show.
EARLIEST = int(datetime(1, 1, 3, tzinfo=UTC).timestamp())
LATEST = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()) + 1
# Past this a zone east of UTC can't be asked; no rule changes a clock in the days that are left.
_LATEST_ASKED = int(datetime(9999, 12, 29, tzinfo=UTC).timestamp())


class Stretch(NamedTuple):
    """Instants from `start` until before `end`, in epoch seconds, with one offset from UTC."""

    start: int
    end: int
    offset: int


@lru_cache(maxsize=4096)
def load_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name, from the machine's database or else the one we bring."""
    zone = ZoneInfo(name) if name in _zone_names() else _newer_zone(name)
    if zone is not None:
        return zone
    remedy = f"write an IANA name, such as {_nearest(name) or 'Europe/Berlin or Etc/UTC'}"
    raise FieldError(SPEC_FIELD, name, "no such time zone", remedy)


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    # The list of the database that we bring: going through the machine's files takes too long
    # for a command. "localtime" and "Local", which Go would take, are no names.
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


def _newer_zone(name: str) -> ZoneInfo | None:
    """Load a zone that only the machine's database has yet."""
    area = name.partition("/")[0]
    if _NAME.fullmatch(name) and any(each.startswith(f"{area}/") for each in _zone_names()):
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            return None
    return None


def _nearest(name: str) -> str | None:
    """Find the zone that was meant: by its letters, by its city alone, or by a likely slip."""
    folded = name.casefold().replace(" ", "_")
    names = {each.casefold(): each for each in sorted(_zone_names())}
    if folded in names:
        return names[folded]
    # Never a guess under Etc/: the signs there are the other way round from what people write.
    places = {key: each for key, each in names.items() if "/" in key and key[:4] != "etc/"}
    if "/" not in folded:
        places = {key.rpartition("/")[2]: each for key, each in places.items()}
    close = get_close_matches(folded, places, n=1, cutoff=0.8)
    return places[close[0]] if close else None


class ZoneOffsets:
    """The stretches of one zone, worked out once for each block that is asked for."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._blocks: dict[int, list[Stretch]] = {}

    def stretch_at(self, instant: int) -> Stretch:
        """Return a stretch that holds `instant`; it may end before the offset changes."""
        index = instant // _BLOCK
        block = self._blocks.get(index)
        if block is None:
            block = self._blocks[index] = self._survey(index)
        for stretch in block:
            if instant < stretch.end:
                return stretch
        return block[-1]

    def _survey(self, index: int) -> list[Stretch]:
        start, end = max(index * _BLOCK, EARLIEST), min((index + 1) * _BLOCK, LATEST)
        stretches, offset = [], self._offset(start)
        begin = start
        for probe in range(start, end, _PROBE):
            until = min(probe + _PROBE, end)
            if self._offset(until) != offset:
                change = self._first_with_other_offset(probe, until, offset)
                stretches.append(Stretch(begin, change, offset))
                begin, offset = change, self._offset(until)
        stretches.append(Stretch(begin, end, offset))
        return [stretch for stretch in stretches if stretch.start < stretch.end]

    def _first_with_other_offset(self, low: int, high: int, offset: int) -> int:
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def _offset(self, instant: int) -> int:
        moment = datetime.fromtimestamp(min(instant, _LATEST_ASKED), self._zone)
        offset = moment.utcoffset()
        return round(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=1024)
def offsets_of(zone: ZoneInfo) -> ZoneOffsets:
    """Return the one survey of a zone that all searches share."""
    return ZoneOffsets(zone)
