import struct
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.errors import FieldError
from cronwright.schedule.zone import _PROBE, ZoneOffsets, load_zone, offsets_of


@pytest.mark.parametrize("name", ["Etc/UTC", "UTC", "Europe/Berlin", "America/Argentina/Ushuaia"])
def test_a_zone_is_loaded_by_its_iana_name(name: str) -> None:
    assert load_zone(name).key == name


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("Europe/Berln", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("Melborne", "Australia/Melbourne"),
        ("America/New York", "America/New_York"),
        ("utc", "UTC"),
        ("PST", "Europe/Berlin or Etc/UTC"),
        # Etc/GMT+1 would be an hour behind UTC: the opposite of what was meant.
        ("GMT+1", "Europe/Berlin or Etc/UTC"),
        ("Local", "Europe/Berlin or Etc/UTC"),
        ("localtime", "Europe/Berlin or Etc/UTC"),
    ],
)
def test_what_is_no_zone_is_refused_with_the_nearest_one(name: str, suggestion: str) -> None:
    with pytest.raises(FieldError) as caught:
        load_zone(name)

    assert str(caught.value) == (
        f'spec.timeZone "{name}": no such time zone; write an IANA name, such as {suggestion}'
    )


@pytest.mark.parametrize(
    "name", ["", "Europe", "../etc/passwd", "/etc/localtime", "Europe/Berlin/", "\udcff", "a" * 64]
)
def test_no_name_reaches_the_file_system(name: str) -> None:
    with pytest.raises(FieldError, match="no such time zone"):
        load_zone(name)


def test_stretches_of_a_year_in_berlin() -> None:
    offsets = ZoneOffsets(load_zone("Europe/Berlin"))
    summer = datetime(2026, 3, 29, 1, tzinfo=UTC)
    winter = datetime(2026, 10, 25, 1, tzinfo=UTC)

    assert offsets.stretch_at(int(summer.timestamp()) - 1).offset == 3600
    assert offsets.stretch_at(int(summer.timestamp())).start == summer.timestamp()
    assert offsets.stretch_at(int(summer.timestamp())).offset == 7200
    assert offsets.stretch_at(int(winter.timestamp()) - 1).end == winter.timestamp()
    assert offsets.stretch_at(int(winter.timestamp())).offset == 3600


def test_a_month_between_two_changes_is_a_stretch_of_its_own() -> None:
    # Morocco leaves its time for the month of Ramadan.
    ramadan = int(datetime(2026, 3, 1, tzinfo=UTC).timestamp())

    stretch = ZoneOffsets(load_zone("Africa/Casablanca")).stretch_at(ramadan)

    assert stretch.offset == 0
    assert timedelta(seconds=stretch.end - stretch.start) == timedelta(days=35)


@given(
    name=st.sampled_from(sorted(available_timezones() - {"localtime"})),
    instant=st.integers(-3_000_000_000, 8_000_000_000),
)
def test_a_stretch_has_the_offset_of_its_zone_from_end_to_end(name: str, instant: int) -> None:
    zone = load_zone(name)

    stretch = offsets_of(zone).stretch_at(instant)

    assert stretch.start <= instant < stretch.end
    for moment in (stretch.start, instant, stretch.end - 1):
        assert datetime.fromtimestamp(moment, zone).utcoffset() == timedelta(seconds=stretch.offset)


def changes_of(name: str) -> list[int]:
    """Read the instants of a zone's changes from its compiled file (RFC 9636, version 2)."""
    data = files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()

    def counts(at: int) -> tuple[int, ...]:
        return struct.unpack(">6L", data[at + 20 : at + 44])

    utc, standard, leaps, times, types, letters = counts(0)
    second = 44 + times * 5 + types * 6 + letters + leaps * 8 + standard + utc
    _, _, _, times, types, _ = counts(second)
    at = second + 44
    instants = struct.unpack(f">{times}q", data[at : at + 8 * times])
    indices = data[at + 8 * times : at + 9 * times]
    at += 9 * times
    offsets = [struct.unpack(">l", data[at + 6 * i : at + 6 * i + 4])[0] for i in range(types)]
    pairs = zip(instants, [offsets[i] for i in indices], strict=True)
    changes, before = [], None
    for instant, offset in pairs:
        if before is not None and offset != before:
            changes.append(instant)
        before = offset
    return changes


def test_no_two_changes_of_any_zone_are_as_close_as_the_survey_looks() -> None:
    names = files("tzdata").joinpath("zones").read_text().split()

    closest = min(
        later - earlier for name in names for earlier, later in pairwise(changes_of(name))
    )

    assert closest > _PROBE


def test_a_zone_is_surveyed_once_for_all() -> None:
    assert offsets_of(ZoneInfo("Asia/Tokyo")) is offsets_of(load_zone("Asia/Tokyo"))
