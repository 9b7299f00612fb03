"""The ledger: each slot has exactly one verdict, for the cause that the facts tell."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core.ledger import (
    MARGIN,
    Facts,
    Span,
    account,
    excluded,
    lost,
    passed_over,
)
from cronwright.model import reasons
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from cronwright.schedule import Terms, read
from tests.core.timeline import Timeline
from tests.core.world import NOON

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
EVERY_MINUTE = read(Terms(schedule="* * * * *"))
HOURLY = read(Terms(schedule="0 * * * *"))
YEARS = timedelta(days=5 * 365)


def at(minute: float) -> Facts:
    """Give facts as of so many minutes after noon, and a moment more than the margin."""
    return Facts(NOON + minute * MINUTE + MARGIN)


def told(gaps: tuple[Gap, ...]) -> list[tuple[str, str, float, float, int]]:
    """Say each gap as verdict, reason, first and last minute, count."""
    return [
        (g.verdict, g.reason, (g.first - NOON) / MINUTE, (g.last - NOON) / MINUTE, g.count)
        for g in gaps
    ]


def test_a_slot_without_a_job_is_missed_once_the_next_one_is_due() -> None:
    before = account(EVERY_MINUTE, NOON, at(1.99))
    assert (before.until, before.gaps, before.next_due) == (NOON, (), NOON + MINUTE)
    assert before.look_at == NOON + 2 * MINUTE + MARGIN

    after = account(EVERY_MINUTE, NOON, at(2))
    assert told(after.gaps) == [("Missed", "Superseded", 1, 1, 1)]
    assert after.until == NOON + MINUTE


def test_a_slot_without_a_job_is_missed_once_its_deadline_has_passed() -> None:
    facts = replace(at(60.5), deadline=30 * SECOND, missed=reasons.DEADLINE_PASSED)
    assert told(account(HOURLY, NOON, facts).gaps) == [("Missed", "DeadlinePassed", 60, 60, 1)]
    early = replace(facts, seen=facts.seen - SECOND)
    assert account(HOURLY, NOON, early).gaps == ()
    assert account(HOURLY, NOON, early).look_at == facts.seen


def test_a_job_decides_about_its_slot_and_all_before_at_once() -> None:
    facts = replace(at(3), runs=frozenset({NOON + 3 * MINUTE}), fired=NOON + 3 * MINUTE)
    found = account(EVERY_MINUTE, NOON, replace(facts, seen=NOON + 3 * MINUTE))
    assert told(found.gaps) == [("Missed", "Superseded", 1, 2, 2)]
    assert (found.until, found.next_due) == (NOON + 3 * MINUTE, NOON + 4 * MINUTE)


def test_what_the_engine_made_itself_decides_about_nothing_else() -> None:
    facts = replace(at(3), seen=NOON + 3 * MINUTE, runs=frozenset({NOON + 3 * MINUTE}))
    assert account(EVERY_MINUTE, NOON, facts).until == NOON + MINUTE


def test_a_slot_behind_a_run_is_skipped_under_forbid() -> None:
    busy = (Span(NOON + SECOND, NOON + 190 * SECOND),)
    facts = replace(at(5), runs=frozenset({NOON}), busy=busy)
    assert told(account(EVERY_MINUTE, NOON, facts).gaps) == [
        ("Skipped", "ConcurrencyForbid", 1, 2, 2),
        ("Missed", "Superseded", 3, 4, 2),
    ]


def test_a_slot_behind_a_run_is_skipped_when_its_deadline_passes() -> None:
    busy = (Span(NOON + SECOND, NOON + 61 * MINUTE),)
    facts = replace(at(62), runs=frozenset({NOON}), busy=busy, deadline=MINUTE)
    assert told(account(HOURLY, NOON, facts).gaps) == [("Skipped", "ConcurrencyForbid", 60, 60, 1)]


def test_slots_whose_jobs_may_have_been_pruned_are_unknown() -> None:
    runs = frozenset({NOON + 2 * MINUTE, NOON + 5 * MINUTE})
    facts = replace(at(7), runs=runs, fired=NOON + 5 * MINUTE, unwatched=NOON + 3 * MINUTE)
    assert told(account(EVERY_MINUTE, NOON, facts).gaps) == [
        ("Unknown", "FactsGone", 1, 3, 2),
        ("Missed", "Superseded", 4, 6, 2),
    ]


def test_a_slot_that_was_fired_and_has_no_job_is_unknown() -> None:
    facts = replace(at(3), passed=NOON + MINUTE)
    assert told(account(EVERY_MINUTE, NOON, facts).gaps) == [
        ("Unknown", "JobGone", 1, 1, 1),
        ("Missed", "Superseded", 2, 2, 1),
    ]


def test_what_a_guard_has_passed_is_decided_before_the_next_slot() -> None:
    facts = replace(at(90), passed=NOON + 61 * MINUTE)
    assert told(account(HOURLY, NOON, facts).gaps) == [("Missed", "Superseded", 60, 60, 1)]
    fired = replace(facts, passed=NOON + 60 * MINUTE)
    assert account(HOURLY, NOON, fired).gaps == (), "its Job may not be seen yet"


def test_an_edit_ends_the_account() -> None:
    found = account(EVERY_MINUTE, NOON, Facts(NOON), NOON + 90 * SECOND)
    assert told(found.gaps) == [("Missed", "Superseded", 1, 1, 1)]
    assert found.until == NOON + 90 * SECOND


def test_a_schedule_that_is_over_has_no_more_slots() -> None:
    once = read(Terms(at="2026-03-02T12:01:00Z"))
    found = account(once, NOON, replace(at(2), deadline=30 * SECOND))
    assert told(found.gaps) == [("Missed", "Superseded", 1, 1, 1)]
    assert (found.next_due, found.look_at) == (None, None)
    assert account(once, NOON, at(2)).look_at is None, "it may be fired at any time"


def test_five_years_are_counted_not_listed() -> None:
    facts = Facts(NOON + YEARS, unwatched=NOON + YEARS - 200 * MINUTE)
    unknown, missed = account(EVERY_MINUTE, NOON, facts).gaps
    assert (unknown.verdict, unknown.count) == (Verdict.UNKNOWN, YEARS // MINUTE - 200)
    assert (missed.verdict, missed.count) == (Verdict.MISSED, 198)


def test_slots_passed_over_by_an_edit_are_missed_where_they_can_be_told() -> None:
    span, runs = Span(NOON, NOON + 3 * MINUTE), frozenset({NOON + 2 * MINUTE})
    assert told(passed_over(EVERY_MINUTE, span, runs, suspended=False)) == [
        ("Missed", "OperatorDown", 1, 3, 2)
    ]
    assert told(passed_over(EVERY_MINUTE, span, runs, suspended=True)) == [
        ("Unknown", "Suspended", 1, 3, 2)
    ]
    assert told(passed_over(None, span, runs, suspended=False)) == [("Unknown", "Edited", 0, 3, 0)]
    assert passed_over(None, Span(NOON, NOON), runs, suspended=False) == ()


def test_what_calendars_take_out_is_named_by_its_first_and_last() -> None:
    timetable = read(Terms(schedule="*/20 * * * * *", exclude=("1-3 12 * * *",)))
    found = excluded(timetable, Span(NOON, NOON + 10 * MINUTE))
    assert found is not None
    assert told((found,)) == [("Excluded", "Calendar", 1, 3 + 2 / 3, 9)]
    assert excluded(timetable, Span(NOON, NOON + 59 * SECOND)) is None


def test_what_a_restored_state_has_lost_is_unknown() -> None:
    runs = frozenset({NOON + 2 * MINUTE})
    span = Span(NOON, NOON + 4 * MINUTE)
    found = lost(EVERY_MINUTE, span, runs)
    assert found is not None
    assert (found.verdict, found.reason, found.count) == (Verdict.UNKNOWN, "StateLost", 3)
    assert lost(EVERY_MINUTE, Span(NOON + MINUTE, NOON + 2 * MINUTE), runs) is None
    assert lost(EVERY_MINUTE, Span(NOON, NOON), runs) is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["look", "look", "fail", "mend", "crash", "restart", "long", "short"]),
        st.integers(1, 200),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.parametrize("policy", ["Allow", "Forbid"])
@given(steps=STEPS, deadline=st.sampled_from([None, 5, 30, 90]), limit=st.sampled_from([1, 3, 10]))
def test_every_slot_has_exactly_one_verdict(
    policy: str, steps: list[tuple[str, int]], deadline: int | None, limit: int
) -> None:
    line = Timeline(policy=policy, deadline=deadline, limit=limit)
    line.look()
    for step, seconds in steps:
        line.pass_to(line.now + seconds * SECOND)
        if step in {"fail", "mend"}:
            line.controller = step == "mend"
        elif step in {"long", "short"}:
            line.lasts = 3 * MINUTE if step == "long" else SECOND
        elif step == "crash":
            line.crash()
        elif step == "restart":
            line.restart()
        line.look()
    line.restart()
    line.controller = True
    line.pass_to(line.now + 5 * MINUTE)
    status = line.look()

    until = status.accounted_until
    assert until is not None
    assert until >= line.now - 2 * MINUTE - MARGIN
    slots = (until - NOON) // MINUTE
    without = set[datetime]().union(*(each for _, each in line.gaps))
    assert sum(len(each) for _, each in line.gaps) == len(without), "a slot has two verdicts"
    assert sum(status.counts.values()) + len(status.active) == slots, "a slot has none"
    runs = status.counts.copy()
    for found, its in line.gaps:
        runs[found.verdict] -= found.count
        assert found.verdict is Verdict.UNKNOWN or not its & line.fired.keys(), "it had a run"
        assert found.verdict is not Verdict.SKIPPED or policy == "Forbid"
    assert not runs.get("Missed")
    assert not runs.get("Skipped")
