"""Runs that wait: none is lost, none starts twice, and each in its turn."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core.backlog import (
    PENDING_AT_MOST,
    Backlog,
    Rules,
    decide,
    remaining,
    united,
    without,
)
from cronwright.model.reasons import (
    CATCH_UP_LIMIT,
    CONCURRENCY_REPLACE,
    DEADLINE_PASSED,
    QUEUE_FULL,
    SUPERSEDED,
)
from cronwright.model.run import PendingReason, PendingRun, Trigger, Verdict
from cronwright.model.spec import ConcurrencyPolicy
from tests.core.world import NOON, task

SECOND = timedelta(seconds=1)
ALLOW, FORBID, REPLACE, QUEUE = ConcurrencyPolicy
ONE_BY_ONE = (FORBID, REPLACE, QUEUE)


def rules(
    policy: ConcurrencyPolicy = QUEUE, *, deadline: int = 60, catch_up: int = 50, over: bool = False
) -> Rules:
    return Rules(policy, deadline * SECOND, catch_up, over)


def slot(second: int, reason: PendingReason = PendingReason.QUEUED) -> PendingRun:
    made_up = reason is PendingReason.CATCH_UP
    return PendingRun(
        id=f"slot{second}",
        reason=reason,
        trigger=Trigger.CATCH_UP if made_up else Trigger.SCHEDULE,
        slot=NOON + second * SECOND,
        due=NOON + second * SECOND,
    )


def missed(second: int) -> PendingRun:
    return slot(second, PendingReason.CATCH_UP)


def asked(second: int) -> PendingRun:
    return PendingRun(
        id=f"asked{second}", reason=PendingReason.QUEUED, trigger=Trigger.MANUAL,
        request=f"asked{second}", due=NOON + second * SECOND,
    )  # fmt: skip


def filled(second: int, asked_at: int = 0) -> PendingRun:
    return PendingRun(
        id=f"filled{second}", reason=PendingReason.CATCH_UP, trigger=Trigger.CATCH_UP,
        slot=NOON + second * SECOND, request="fill", due=NOON + asked_at * SECOND,
    )  # fmt: skip


def retry(second: int) -> PendingRun:
    return PendingRun(
        id=f"retry{second}", reason=PendingReason.RETRY, trigger=Trigger.SCHEDULE, attempt=2,
        slot=NOON, due=NOON + second * SECOND,
    )  # fmt: skip


def names(entries: tuple[PendingRun, ...] | list[PendingRun]) -> list[str]:
    return [each.id for each in entries]


def look(*pending: PendingRun, by: Rules | None = None, active: int = 0, at: int = 30) -> Backlog:
    return decide(pending, by or rules(), active, frozenset(), NOON + at * SECOND)


def test_the_first_that_was_due_starts_once_nothing_is_active() -> None:
    assert names(look(slot(20), slot(10), active=1).starts) == []
    found = look(slot(20), slot(10))
    assert names(found.starts) == ["slot10"]
    assert names(found.rest) == ["slot10", "slot20"], "it waits until it has its Job"


def test_with_allow_all_start_beside_each_other_up_to_the_limit() -> None:
    entries = [missed(n) for n in range(10)]
    assert names(look(*entries, by=rules(ALLOW)).starts) == names(entries)
    assert len(look(*entries, by=rules(ALLOW), active=47).starts) == 3
    assert look(*entries, by=rules(ALLOW), active=50).starts == ()


@pytest.mark.parametrize("policy", ONE_BY_ONE)
def test_with_every_other_policy_one_starts_after_the_other(policy: ConcurrencyPolicy) -> None:
    entries = (missed(1), missed(2))
    assert names(look(*entries, by=rules(policy)).starts) == ["slot1"]
    assert look(*entries, by=rules(policy), active=1).starts == ()


def test_a_slot_that_outlives_its_deadline_is_missed() -> None:
    entries = (slot(0), slot(40))
    assert look(*entries, active=1, at=60).gaps == ()
    found = look(*entries, active=1, at=61)
    (gap,) = found.gaps
    assert (gap.verdict, gap.reason, gap.first) == (Verdict.MISSED, DEADLINE_PASSED, NOON)
    assert names(found.rest) == ["slot40"]
    assert found.wake == NOON + 101 * SECOND


def test_requests_and_slots_that_are_made_up_for_have_no_deadline() -> None:
    entries = (asked(0), missed(0), filled(0))
    found = look(*entries, active=1, at=10_000)
    assert (len(found.rest), found.gaps, found.wake) == (3, (), None)


def test_backfills_come_after_all_others_and_in_their_own_order() -> None:
    found = look(filled(5), filled(3), slot(29), asked(28), missed(2), active=1)
    assert names(found.rest) == ["slot2", "asked28", "slot29", "filled5", "filled3"]


def test_only_the_newest_slots_are_made_up_for() -> None:
    found = look(*(missed(n) for n in range(5)), by=rules(catch_up=2), active=1)
    assert names(found.rest) == ["slot3", "slot4"]
    assert [gap.reason for gap in found.gaps] == [CATCH_UP_LIMIT] * 3


def test_with_replace_a_newer_slot_takes_the_place_of_one_that_waits() -> None:
    found = look(slot(1), asked(2), slot(3), by=rules(REPLACE), active=1)
    assert names(found.rest) == ["asked2", "slot3"]
    (gap,) = found.gaps
    assert (gap.verdict, gap.reason) == (Verdict.SKIPPED, CONCURRENCY_REPLACE)


def test_when_a_task_is_suspended_its_slots_wait_no_longer_and_what_was_asked_for_does() -> None:
    found = look(slot(1), missed(2), asked(3), filled(4), retry(5), by=rules(over=True), active=1)
    assert names(found.rest) == ["asked3", "retry5", "filled4"]
    assert [(gap.verdict, gap.reason) for gap in found.gaps] == [(Verdict.MISSED, SUPERSEDED)] * 2


def test_a_task_says_its_rules() -> None:
    of = task({"concurrencyPolicy": "Queue", "catchUp": {"policy": "All", "limit": 3}})
    assert Rules.of(of) == rules(deadline=300, catch_up=3)
    of = task({"startingDeadlineSeconds": 5, "suspend": True, "catchUp": {"policy": "Latest"}})
    assert Rules.of(of) == rules(ALLOW, deadline=5, catch_up=1, over=True)
    assert Rules.of(task({"schedule": None})).over


def test_a_retry_is_left_to_its_own_rules() -> None:
    found = look(retry(1), slot(2))
    assert names(found.rest) == ["retry1", "slot2"]
    assert names(found.starts) == ["slot2"]


def test_what_a_crash_left_halfway_goes_on_whatever_is_active() -> None:
    entries = (slot(1), asked(2))
    found = decide(entries, rules(), 1, frozenset({"asked2"}), NOON + 30 * SECOND)
    assert names(found.starts) == ["asked2"]
    found = decide(entries, rules(), 0, frozenset({"asked2"}), NOON + 30 * SECOND)
    assert names(found.starts) == ["asked2"], "one at a time"


def test_what_has_started_waits_no_longer() -> None:
    found = look(slot(1), slot(2))
    left, gaps = remaining(found, {"slot1"}, [slot(1), slot(2), slot(3)])
    assert (names(left), gaps) == (["slot2", "slot3"], [])


def test_what_was_missed_does_not_come_back_from_where_it_was_put_off() -> None:
    found = look(slot(0), active=1, at=61)
    assert remaining(found, set(), [slot(0)]) == ([], [])


def test_what_finds_no_room_has_its_verdict() -> None:
    found = look(*(filled(n) for n in range(PENDING_AT_MOST - 1)), active=1)
    left, gaps = remaining(found, set(), [slot(50), slot(51), missed(52)])
    assert len(left) == PENDING_AT_MOST
    assert [(gap.verdict, gap.reason) for gap in gaps] == [
        (Verdict.SKIPPED, QUEUE_FULL),
        (Verdict.MISSED, CATCH_UP_LIMIT),
    ]


def test_runs_are_taken_out_by_their_ids_and_put_together_once() -> None:
    assert names(without([slot(1), slot(2)], {"slot1"})) == ["slot2"]
    assert names(united([slot(1), slot(2)], [slot(2), slot(3)])) == ["slot1", "slot2", "slot3"]


@given(
    st.sampled_from(ConcurrencyPolicy),
    st.lists(
        st.tuples(st.sampled_from([slot, missed, asked, filled, retry]), st.integers(0, 200)),
        max_size=70,
    ),
    st.integers(0, 60),
    st.integers(0, 200),
    st.integers(0, 50),
    st.booleans(),
)
def test_each_run_that_waits_starts_waits_on_or_has_its_verdict(
    policy: ConcurrencyPolicy, made: list[tuple[object, int]], active: int, at: int, most: int,
    over: bool,
) -> None:  # fmt: skip
    entries = united(make(second) for make, second in made)  # type: ignore[operator]
    by = rules(policy, catch_up=most, over=over)
    found = look(*entries, by=by, active=active, at=at)

    assert len(found.rest) + len(found.gaps) == len(entries)
    assert found.seen == {each.id for each in entries}
    assert set(names(found.starts)) <= set(names(found.rest))
    assert all(gap.count == 1 for gap in found.gaps)
    assert active + len(found.starts) <= (max(50, active) if policy is ALLOW else max(1, active))
    assert not any(each.reason is PendingReason.RETRY for each in found.starts)
    policy_slots = [each for each in found.rest if each.slot and not each.request]
    assert sum(each.reason is PendingReason.CATCH_UP for each in policy_slots) <= most
    again = look(*found.rest, by=by, active=active, at=at)
    assert (again.rest, again.starts, again.gaps) == (found.rest, found.starts, ())
