"""Why a Job could not be made, in the words of the Events that tell it."""

from datetime import timedelta
from typing import Any

import pytest

from cronwright.core.refusal import Refusal, explained, refusal_reason
from cronwright.model.base import render_time
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from tests.core.world import NOON

MINUTE = timedelta(minutes=1)
QUOTA = (
    'Error creating job: jobs.batch "report-29540880" is forbidden: exceeded quota: jobs, '
    "requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1"
)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (QUOTA, "QuotaExceeded"),
        ('Error creating job: Job.batch "report-1" is invalid: spec: no', "TemplateRefused"),
        ("Error creating job: admission webhook denied the request: no", "CreateRefused"),
        ("", "CreateRefused"),
    ],
)
def test_the_api_servers_words_name_the_cause(message: str, reason: str) -> None:
    assert refusal_reason(message) == reason


def gap(first: float, last: float, reason: str = "Superseded", **more: Any) -> Gap:
    fields = {"verdict": Verdict.MISSED, "count": 1, **more}
    return Gap(first=NOON + first * MINUTE, last=NOON + last * MINUTE, reason=reason, **fields)


def event(first: float, last: float | None = None, **more: Any) -> dict[str, Any]:
    times = {"firstTimestamp": render_time(NOON + first * MINUTE)}
    if last is not None:
        times["lastTimestamp"] = render_time(NOON + last * MINUTE)
    return {**times, "message": QUOTA, **more}


@pytest.mark.parametrize(
    ("seen", "of", "reason"),
    [
        (event(0, 3), gap(0, 0), "QuotaExceeded"),
        (event(4, 4), gap(0, 0), "QuotaExceeded"),
        (event(0, 3), gap(1, 3, "DeadlinePassed"), "QuotaExceeded"),
        (event(0, 3), gap(1, 4), "Superseded"),
        (event(6, 6), gap(0, 0), "Superseded"),
        (event(0, 3), gap(0, 0, "NoCronJob"), "NoCronJob"),
        (event(0, 3), gap(0, 0, verdict=Verdict.UNKNOWN), "Superseded"),
    ],
)
def test_a_gap_has_the_cause_of_creates_that_were_refused_all_the_time(
    seen: dict[str, Any], of: Gap, reason: str
) -> None:
    refusal = Refusal.of(seen)
    assert refusal is not None
    assert [each.reason for each in explained([of], [refusal])] == [reason]


def test_an_event_of_the_newer_kind_is_read_too() -> None:
    refusal = Refusal.of({"eventTime": "2026-03-02T12:00:00.123456Z", "message": QUOTA})
    assert refusal is not None
    assert refusal.first == refusal.last
    assert Refusal.of({"message": QUOTA, "firstTimestamp": None}) is None
