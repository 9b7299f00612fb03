from datetime import UTC, datetime

import pytest

from cronwright.core import size
from cronwright.core.checkpoint import BYTES
from cronwright.core.gaps import GAPS_AT_MOST
from cronwright.core.terms import LONGEST, text_of
from cronwright.model.reasons import CONCURRENCY_REPLACE
from cronwright.model.status import (
    ActiveRun,
    Gap,
    PendingReason,
    PendingRun,
    RequestRef,
    RunRecord,
    TaskStatus,
    Trigger,
    Verdict,
)
from cronwright.schedule import Terms

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
    )
    return TaskStatus(history=[record] * runs, last_run=record)


@pytest.mark.parametrize(("text", "stored"), [("a", 1), ("<", 6), ("\u2028", 6), ("é", 2)])
def test_a_text_is_measured_as_the_api_server_stores_it(text: str, stored: int) -> None:
    once, twice = (size.encoded_size(status_of(text * count, 0)) for count in (1, 2))
    # The text stands in two fields.
    assert twice - once == 2 * stored


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
