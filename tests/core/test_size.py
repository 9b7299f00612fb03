import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cronwright.core import identity, size
from cronwright.core.backlog import PENDING_AT_MOST
from cronwright.core.checkpoint import BYTES
from cronwright.core.gaps import GAPS_AT_MOST
from cronwright.core.prune import KEPT_AT_MOST
from cronwright.core.record import record
from cronwright.core.requests import WAITING_BYTES
from cronwright.core.run import Run
from cronwright.core.statistics import statistics_of
from cronwright.core.tail import TailRing, cut
from cronwright.core.terms import LONGEST, text_of
from cronwright.core.verdict import Ending
from cronwright.model.logs import Logs
from cronwright.model.reasons import CONCURRENCY_REPLACE
from cronwright.model.run import (
    ActiveRun,
    Captured,
    PendingReason,
    PendingRun,
    RunRecord,
    Trigger,
    Verdict,
)
from cronwright.model.status import Condition, Gap, RequestRef, TaskStatus
from cronwright.schedule import Terms
from tests.core.world import job

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def status_of(text: str, runs: int) -> TaskStatus:
    record = RunRecord(
        id="2f1d2c3b-0000-4000-8000-000000000000",
        name="n" * 63,
        trigger=Trigger.SCHEDULE,
        verdict=Verdict.SUCCEEDED,
        slot=NOW,
        start_time=NOW,
        completion_time=NOW,
        result=text,
        message=text,
        parameters={"name": text} if runs > 20 else None,
    )
    return TaskStatus(history=[record] * runs, last_run=record)


@pytest.mark.parametrize(("text", "stored"), [("a", 1), ("<", 6), ("\u2028", 6), ("é", 2)])
def test_a_text_is_measured_as_the_api_server_stores_it(text: str, stored: int) -> None:
    once, twice = (size.encoded_size(status_of(text * count, 0)) for count in (1, 2))
    # The text stands in two fields.
    assert twice - once == 2 * stored


FULL = st.sampled_from(["a", "<", '"', "\n", "é", "\u2028", "😀"])


def at_most(text: str, size_in_bytes: int) -> str:
    """Fill a field up to its bound, as JSON carries it."""
    return cut(text * size_in_bytes, size_in_bytes)


def largest(text: str, entries: int, values: int, crowd: int) -> TaskStatus:
    """Make a status with every field at its bound, but for what is left to others."""
    names = {f"{'n' * 60}{number:03d}": text * 40 for number in range(values)}
    of = job(annotations={identity.PARAMETERS: json.dumps(names)})
    kept = record(Run(of, ()), Ending(Verdict.FAILED, "R" * 64, "", NOW), Logs()).parameters
    entry = RunRecord(
        name="n" * 63,
        id="i" * 36,
        generation=10**9,
        version="v" * 63,
        slot=NOW,
        trigger=Trigger.SCHEDULE,
        verdict=Verdict.FAILED,
        start_time=NOW,
        completion_time=NOW + timedelta(days=3650),
        attempts=10**6,
        exit_code=255,
        reason="R" * 64,
        message=at_most(text, 512),
        result=at_most(text, 1024),
        parameters=kept,
        captured=Captured.PARTIAL,
    )
    tail = TailRing(16384, 1000)
    tail.feed((text * 70_000).encode())
    full = entry.model_copy(update={"log_tail": tail.text()})
    stalled = Condition(
        type="Stalled",
        status="True",
        reason="PodNotStarting",
        message=at_most(text, 600),
        last_transition_time=NOW,
    )
    active = ActiveRun(
        name="n" * 63, id="i" * 36, slot=NOW, trigger=Trigger.SCHEDULE, start_time=NOW
    )
    waits = PendingRun(
        id="i" * 36,
        reason=PendingReason.QUEUED,
        trigger=Trigger.MANUAL,
        slot=NOW,
        request="r" * 63,
        due=NOW,
        parameters={"n" * 63: "<" * ((WAITING_BYTES // PENDING_AT_MOST - 80) // 6)},
    )
    gap = Gap(first=NOW, last=NOW, verdict=Verdict.SKIPPED, reason="R" * 24, count=10**12)
    return TaskStatus(
        active=[active] * crowd,
        active_count=crowd,
        pending=[waits] * crowd,
        gaps=[gap] * GAPS_AT_MOST,
        requests=[RequestRef(id="r" * 63, time=NOW)] * 2 * crowd,
        last_run=full,
        last_failure=full,
        history=[entry] * entries,
        conditions=[stalled, stalled.model_copy(update={"type": "Ready"})],
        schedule=" | ".join(["s" * 256] * 10),
        timetable='"' * 1024,
        counts=dict.fromkeys(Verdict, 10**12),
    )


@given(FULL, st.integers(0, 50), st.integers(0, 32), st.integers(0, 50))
@example("<", 50, 32, 0)
@example('"', 50, 32, 0)
@example("<", 50, 32, 50)
def test_the_largest_status_fits_with_what_is_added_after(
    text: str, entries: int, values: int, crowd: int
) -> None:
    whole = largest(text, entries, values, crowd)
    fitted = size.fit(whole)
    statistics = statistics_of(fitted.history)
    recorded = ["0123456789ab"] * 2 * KEPT_AT_MOST
    stored = fitted.model_copy(update={"statistics": statistics, "recorded": recorded})
    assert size.encoded_size(stored) < 64 * 1024
    assert (fitted.pending, fitted.active) == (whole.pending, whole.active)
    assert size.fit(fitted) == fitted, "else each look would write it anew"


def test_where_nothing_else_is_left_the_tails_are_shortened_at_their_beginning() -> None:
    whole = largest("a line\n", 50, 0, 50)
    fitted = size.fit(whole)
    assert fitted.last_run is not None
    assert whole.last_run is not None
    tail, full = fitted.last_run.log_tail, whole.last_run.log_tail
    assert tail
    assert full
    assert 500 < len(tail) < len(full)
    assert full.endswith(tail)


@pytest.mark.parametrize("text", ["a", "<", '"', "😀"])
@pytest.mark.parametrize("length", [1, 200, 500])
@pytest.mark.parametrize("runs", [0, 20, 50])
def test_what_is_taken_for_small_is_small(text: str, length: int, runs: int) -> None:
    status = status_of(text * length, runs)
    assert not size._surely_small(status) or size.encoded_size(status) <= size.LIMIT


@pytest.mark.parametrize("length", range(700, 1100, 20))
def test_gaps_and_long_terms_count(length: int) -> None:
    gap = Gap(
        first=NOW, last=NOW, verdict=Verdict.EXCLUDED, reason=CONCURRENCY_REPLACE, count=10**9
    )
    status = status_of("a" * length, 20).model_copy(
        update={
            "gaps": [gap] * GAPS_AT_MOST,
            "timetable": text_of(Terms(schedules=("* * * * * *",) * 10, exclude=("* *",) * 100)),
        }
    )
    assert len(status.timetable or "") > LONGEST // 2
    assert not size._surely_small(status) or size.encoded_size(status) <= size.LIMIT


def test_whatever_comes_in_fits_when_it_goes_out() -> None:
    fitted = size.fit(status_of("<" * 500, 50))
    assert size.encoded_size(fitted) <= size.LIMIT
    assert fitted.history


@pytest.mark.parametrize("letter", ["a", "<"])
@pytest.mark.parametrize("tail", [0, 2000, 16384])
@pytest.mark.parametrize("runs", [0, 50])
def test_runs_that_wait_and_a_checkpoint_fit_beside_all_else(
    letter: str, tail: int, runs: int
) -> None:
    last = status_of("x", 0).last_run
    assert last is not None
    last = last.model_copy(update={"log_tail": letter * tail})
    ids = [f"2f1d2c3b-0000-4000-8000-{number:012}" for number in range(50)]
    going = {"trigger": Trigger.SCHEDULE, "slot": NOW}
    status = status_of("y" * 500, runs).model_copy(
        update={
            "last_run": last,
            "last_failure": last,
            "checkpoint": "c" * (BYTES - 2),
            "active": [ActiveRun(id=i, name="n" * 63, start_time=NOW, **going) for i in ids],
            "pending": [
                PendingRun(id=i, reason=PendingReason.RETRY, request="r" * 63, due=NOW, **going)
                for i in ids
            ],
            "requests": [RequestRef(id=f"{'r' * 60}{n}", time=NOW) for n in range(100)],
        }
    )
    assert not size._surely_small(status) or size.encoded_size(status) <= size.LIMIT
    fitted = size.fit(status)
    assert size.encoded_size(fitted) <= size.LIMIT
    assert (fitted.pending, fitted.checkpoint) == (status.pending, status.checkpoint)
