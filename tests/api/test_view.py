from datetime import UTC, datetime
from typing import Any

import pytest

from cronwright.api import view
from cronwright.api.view import TaskSummary, TaskView, task_summary, task_view

RECORD = {
    "name": "backup-29384756",
    "id": "3f6c1b1e-27cd-4b2e-8d92-5f6e0a7b9c10",
    "generation": 1,
    "slot": "2026-01-31T02:00:00Z",
    "trigger": "Schedule",
    "verdict": "Failed",
    "startTime": "2026-01-31T02:00:00Z",
    "completionTime": "2026-01-31T02:00:09Z",
    "attempts": 1,
    "exitCode": 3,
    "captured": "Full",
}
STATUS: dict[str, Any] = {
    "mode": "Native",
    "nextRunTime": "2026-02-01T02:00:00Z",
    "lastRunTime": "2026-01-31T02:00:00Z",
    "lastRun": {**RECORD, "logTail": "no space left\n"},
    "lastFailure": {**RECORD, "logTail": "no space left\n"},
    "history": [RECORD],
    "statistics": {
        "runs": 1,
        "timedRuns": 1,
        "p50Seconds": 9,
        "p95Seconds": 9,
        "successRate": 0.0,
        "failureStreak": 1,
    },
    "counts": {"Failed": 1},
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "Reconciled",
            "message": "",
            "lastTransitionTime": "2026-01-30T12:00:00Z",
        }
    ],
}


NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def body(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "1541815603606036480",
            "namespace": "shop",
            "uid": "18d17661-ab5b-4839-aeae-a9301e02e954",
            "creationTimestamp": "2026-01-30T12:00:00Z",
            **metadata,
        },
        "spec": {"schedule": "0 2 * * *", "timeZone": "Etc/UTC", "container": {"image": "busybox"}},
        **({"status": status} if status else {}),
    }


def word_of(annotations: dict[str, str], status: dict[str, Any]) -> str:
    return view.status_word(annotations, status, NOW)


def test_a_task_is_shown_with_its_records() -> None:
    labels = {"cronwright.dev/name": "backup", "team": "a"}

    assert task_view(body(STATUS, labels=labels), NOW) == {
        "id": "1541815603606036480",
        "name": "backup",
        "namespace": "shop",
        "uid": "18d17661-ab5b-4839-aeae-a9301e02e954",
        "labels": labels,
        "createdAt": "2026-01-30T12:00:00Z",
        "status": "failed",
        "ready": True,
        "schedule": "0 2 * * *",
        "timeZone": "Etc/UTC",
        "suspend": False,
        "mode": "Native",
        "nextRunTime": "2026-02-01T02:00:00Z",
        "lastRunTime": "2026-01-31T02:00:00Z",
        "lastSuccessTime": None,
        "activeCount": 0,
        "lastResult": "Failed",
        "spec": body()["spec"],
        "sentence": "At 02:00, Etc/UTC",
        "nextRunTimes": [f"2026-02-0{day}T02:00:00Z" for day in range(1, 6)],
        "gaps": [],
        "active": [],
        "pending": [],
        "lastRun": STATUS["lastRun"],
        "lastFailure": STATUS["lastFailure"],
        "history": [RECORD],
        "statistics": STATUS["statistics"],
        "counts": {"Failed": 1},
        "conditions": STATUS["conditions"],
    }


@pytest.mark.parametrize("status", [None, STATUS], ids=["new", "with runs"])
def test_what_is_shown_is_what_the_document_describes(status: dict[str, Any] | None) -> None:
    TaskView.model_validate(task_view(body(status), NOW))
    TaskSummary.model_validate(task_summary(body(status), NOW))


def test_a_task_that_the_operator_has_not_seen_is_shown_with_nothing_known() -> None:
    view = task_view(body(), NOW)

    assert (view["status"], view["ready"], view["lastRun"]) == ("pending", None, None)
    assert view["name"] == view["id"]


def test_a_task_in_a_list_has_no_records() -> None:
    summary = task_summary(body(STATUS), NOW)

    assert summary["lastResult"] == "Failed"
    assert not summary.keys() & {"spec", "lastRun", "history", "active"}


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        ("Succeeded", "success"),
        ("Failed", "failed"),
        ("TimedOut", "failed"),
        ("Cancelled", "failed"),
        ("Replaced", "failed"),
        ("Missed", "failed"),
        ("Unknown", "failed"),
    ],
)
def test_the_word_follows_the_last_run(verdict: str, word: str) -> None:
    assert word_of({}, {"lastRun": {"verdict": verdict}}) == word


def test_a_slot_without_a_run_changes_nothing() -> None:
    status = {"lastRun": {"verdict": "Succeeded"}, "history": [{"verdict": "Skipped"}]}

    assert word_of({}, status) == "success"


def lacking(verdict: str, last: str, count: int = 1) -> dict[str, Any]:
    """Make a gap of slots up to an hour of 31 January."""
    gap = {"from": "2026-01-31T01:00:00Z", "to": f"2026-01-31T{last}:00:00Z"}
    return {**gap, "verdict": verdict, "reason": "Superseded", "count": count}


@pytest.mark.parametrize(
    ("gaps", "word"),
    [
        ([lacking("Missed", "03")], "failed"),
        ([lacking("Unknown", "03")], "failed"),
        ([lacking("Skipped", "04"), lacking("Missed", "03")], "failed"),
        ([lacking("Skipped", "03")], "success"),
        ([lacking("Excluded", "03")], "success"),
        ([lacking("Missed", "01")], "success"),
        ([lacking("Unknown", "03", 0)], "success"),
    ],
)
def test_a_slot_that_should_have_had_a_run_counts_as_one_that_failed(
    gaps: list[dict[str, Any]], word: str
) -> None:
    assert word_of({}, {"lastRun": {**RECORD, "verdict": "Succeeded"}, "gaps": gaps}) == word
    active = {"lastRun": RECORD, "gaps": gaps, "activeCount": 1}
    assert word_of({}, active) == "running"


def test_a_missed_slot_counts_before_the_first_run() -> None:
    assert word_of({}, {"gaps": [lacking("Missed", "03")]}) == "failed"
    assert word_of({}, {"gaps": [lacking("Skipped", "03")]}) == "pending"


def test_a_run_by_hand_after_a_missed_slot_counts() -> None:
    by_hand = {"verdict": "Succeeded", "trigger": "Manual", "startTime": "2026-01-31T05:00:00Z"}
    assert word_of({}, {"lastRun": by_hand, "gaps": [lacking("Missed", "03")]}) == "success"


def test_an_active_run_counts_before_the_last_one() -> None:
    assert word_of({}, {"activeCount": 1, "lastRun": {"verdict": "Failed"}}) == "running"


def test_a_request_counts_before_all_else() -> None:
    asked = {"run.cronwright.dev/1": "{}"}

    assert word_of(asked, {"activeCount": 1, "lastRun": {"verdict": "Failed"}}) == "pending"
    assert word_of({"other.cronwright.dev/1": "{}"}, {"activeCount": 1}) == "running"


@pytest.mark.parametrize(
    ("reason", "due", "word"),
    [
        ("Retry", "2026-01-31T12:00:30Z", "pending"),
        ("Retry", "2026-01-31T11:59:30Z", "running"),  # its attempt has begun
        ("Queued", "2026-01-31T11:59:30Z", "pending"),
    ],
)
def test_what_waits_is_pending_until_it_begins(reason: str, due: str, word: str) -> None:
    entry = {"id": RECORD["id"], "reason": reason, "trigger": "Schedule", "due": due}
    assert word_of({}, {"activeCount": 1, "pending": [entry]}) == word
