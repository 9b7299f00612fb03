"""When a task is due, as its callers are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cronwright.api.timing import next_run_times, sentence, timing_faults

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)


def body(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "b", "creationTimestamp": "2026-01-31T12:00:00Z"}
    return {"metadata": metadata, "spec": {"container": {"image": "busybox"}, **spec}}


@pytest.mark.parametrize(
    ("spec", "times"),
    [
        pytest.param({"schedule": "*/20 * * * * *"}, ["00:40", "01:00", "01:20"], id="seconds"),
        pytest.param({"every": "1m30s"}, ["01:30", "03:00", "04:30"], id="an interval"),
        pytest.param({"at": "2026-01-31T12:00:45Z"}, ["00:45"], id="a one-shot"),
        pytest.param({"at": "2026-01-31T11:00:00Z"}, [], id="one that is over"),
        pytest.param({"schedule": "* * * * *", "suspend": True}, [], id="a suspended task"),
        pytest.param({"schedule": "61 * * * *"}, [], id="one that can't be read"),
        pytest.param({}, [], id="one that runs on demand"),
    ],
)
def test_the_next_times_are_shown(spec: dict[str, Any], times: list[str]) -> None:
    shown = next_run_times(body(**spec), NOW)

    assert [each.removeprefix("2026-01-31T12:").removesuffix("Z") for each in shown[:3]] == times
    assert len(shown) <= 5


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"schedule": "0 2 * * *", "timeZone": "Europe/Berlin"}, "At 02:00, Europe/Berlin"),
        ({"every": "2d"}, "Every 2 days, counted from 2026-01-31 12:00:00 UTC"),
        ({"schedule": "61 * * * *"}, None),
        ({}, None),
    ],
)
def test_when_it_is_due_is_said_in_words(spec: dict[str, Any], words: str | None) -> None:
    assert sentence(body(**spec)) == words


def test_jitter_is_in_what_is_shown() -> None:
    later = NOW + timedelta(minutes=2)  # when nothing that is past is still to come
    plain = next_run_times(body(schedule="*/5 * * * *"), later)
    spread = next_run_times(body(schedule="*/5 * * * *", jitter="1m"), later)

    assert all(a <= b for a, b in zip(plain, spread, strict=True))
    assert plain != spread


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"schedule": "0 2 * *"}, "spec.schedule"),
        ({"schedules": ["0 2 * * *", "0 2 * *"]}, "spec.schedules[1]"),
        ({"every": "0s"}, "spec.every"),
        ({"at": "tomorrow"}, "spec.at"),
        ({"schedule": "0 2 * * *", "startAt": "soon"}, "spec.startAt"),
        ({"schedule": "0 2 * * *", "exclude": ["2026-02-30"]}, "spec.exclude[0]"),
        ({"schedule": "0 2 * * *", "every": "1h"}, "spec.every"),
    ],
)
def test_what_is_wrong_is_named(spec: dict[str, Any], field: str) -> None:
    (fault,) = timing_faults(spec, "spec.")

    assert fault.field == field
    assert fault.remedy


def test_a_bad_zone_hides_no_bad_schedule() -> None:
    (fault,) = timing_faults({"schedule": "soon", "timeZone": "Mars"}, "")

    assert fault.field == "schedule"


def test_nothing_is_wrong_with_what_can_be_read() -> None:
    assert timing_faults({"schedule": "0 0 2 ? * 6L", "scheduleDialect": "Quartz"}, "") == []
    assert timing_faults({"schedule": 5}, "") == []
