from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cronwright.model.run import ActiveRun, Captured, RunRecord, Trigger, Verdict
from cronwright.model.status import (
    Condition,
    ConditionStatus,
    CronJobRef,
    Mode,
    RequestRef,
    TaskStatus,
)

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)

WHOLE: dict[str, Any] = {
    "observedGeneration": 3,
    "mode": "Native",
    "modeReason": "One CronJob says the same.",
    "schedule": "*/5 * * * *",
    "nextRunTime": "2026-01-01T00:05:00Z",
    "lastRunTime": "2026-01-01T00:00:01Z",
    "lastSuccessTime": "2025-12-31T23:55:09Z",
    "active": [
        {
            "name": "backup-29454240",
            "id": "7a0d4f5e-0c0f-4b52-9f0a-0d3c3f1c8b11",
            "slot": "2026-01-01T00:00:00Z",
            "trigger": "Schedule",
            "startTime": "2026-01-01T00:00:01Z",
        }
    ],
    "activeCount": 1,
    "lastRun": {
        "name": "backup-29454235",
        "id": "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10",
        "generation": 3,
        "version": "1.4",
        "slot": "2025-12-31T23:55:00Z",
        "trigger": "Schedule",
        "verdict": "Failed",
        "startTime": "2025-12-31T23:55:01Z",
        "completionTime": "2025-12-31T23:55:09Z",
        "attempts": 1,
        "exitCode": 0,
        "reason": "Error",
        "message": "the disk is full",
        "result": "{}",
        "captured": "Full",
        "logTail": "line\n",
    },
    "history": [{"id": "x", "trigger": "Manual", "verdict": "Succeeded", "attempts": 0}],
    "counts": {"Failed": 1, "Succeeded": 41},
    "cronJob": {"generation": 2},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Reconciled",
            "message": "",
            "lastTransitionTime": "2025-12-01T00:00:00Z",
            "observedGeneration": 3,
        }
    ],
    "requests": [{"id": "r1", "time": "2025-12-31T23:54:00Z"}],
    "recorded": ["3f6c1b1e27cd"],
}


def test_reading_and_rendering_a_status_gives_it_back() -> None:
    assert TaskStatus.model_validate(WHOLE).render() == WHOLE


def test_a_status_made_of_parts_renders_as_the_api_server_stores_it() -> None:
    status = TaskStatus(
        observed_generation=1,
        mode=Mode.NATIVE,
        next_run_time=NEW_YEAR,
        active=[ActiveRun(name="a-1", id="u1", trigger=Trigger.MANUAL)],
        active_count=1,
        last_run=RunRecord(
            id="u2", trigger=Trigger.SCHEDULE, verdict=Verdict.TIMED_OUT, captured=Captured.LOST
        ),
        cron_job=CronJobRef(generation=4),
        conditions=[
            Condition(
                type="Ready",
                status=ConditionStatus.TRUE,
                reason="Reconciled",
                message="",
                last_transition_time=NEW_YEAR,
            )
        ],
        requests=[RequestRef(id="r", time=NEW_YEAR)],
    )

    assert status.render() == {
        "observedGeneration": 1,
        "mode": "Native",
        "nextRunTime": "2026-01-01T00:00:00Z",
        "active": [{"name": "a-1", "id": "u1", "trigger": "Manual"}],
        "activeCount": 1,
        "lastRun": {
            "id": "u2",
            "trigger": "Schedule",
            "verdict": "TimedOut",
            "attempts": 0,
            "captured": "Lost",
        },
        "cronJob": {"generation": 4},
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Reconciled",
                "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
        "requests": [{"id": "r", "time": "2026-01-01T00:00:00Z"}],
    }


def test_an_empty_status_renders_only_that_nothing_is_active() -> None:
    assert TaskStatus().render() == {"activeCount": 0}


def test_a_time_is_rendered_in_utc_and_whole_seconds() -> None:
    berlin = timezone(timedelta(hours=1))
    status = TaskStatus(next_run_time=datetime(2026, 1, 1, 1, 0, 0, 999_999, tzinfo=berlin))

    assert status.render()["nextRunTime"] == "2026-01-01T00:00:00Z"


def test_what_a_newer_operator_wrote_is_passed_over() -> None:
    status = TaskStatus.model_validate({"forecast": [{"slot": "x"}], "activeCount": 2})

    assert status == TaskStatus(active_count=2)


def test_a_status_can_not_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        TaskStatus().active_count = 1  # type: ignore[misc]


@given(st.builds(TaskStatus, conditions=st.just([]), next_run_time=st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.timezones()  # noqa: DTZ001
)))  # fmt: skip
def test_rendering_is_the_identity_for_what_was_rendered(status: TaskStatus) -> None:
    rendered = status.render()

    assert TaskStatus.model_validate(rendered).render() == rendered
