"""The course of a managed task: each slot decided once, in order, however late."""

from collections.abc import Iterable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cronwright.core.firing import Course
from cronwright.model.reasons import DEADLINE_PASSED, OPERATOR_DOWN
from cronwright.model.run import Verdict
from cronwright.schedule import Slot, Terms, read
from tests.core.world import NOON

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def course(schedule: str = "*/10 * * * * *", jitter: str | None = None) -> Course:
    timetable = read(Terms(schedule=schedule, seed="team/report", jitter=jitter))
    return Course(timetable, NOON, timedelta(seconds=60))


def fire(of: Course, now: timedelta) -> list[Slot]:
    """Decide all that is due, as the engine does; give what was started."""
    fired = []
    of.give_up(NOON + now)
    while (slot := of.first()) is not None and slot.due <= NOON + now:
        if of.is_late(slot, NOON + now):
            of.settle(slot, Verdict.MISSED, of.late_reason)
        else:
            of.settle(slot)
            fired.append(slot)
    of.on_time()
    return fired


def test_slots_are_started_in_order_and_once() -> None:
    of = course()

    assert [slot.nominal - NOON for slot in fire(of, 25 * SECOND)] == [10 * SECOND, 20 * SECOND]
    assert fire(of, 25 * SECOND) == []
    assert of.until == NOON + 20 * SECOND
    first = of.first()
    assert first is not None
    assert first.due == NOON + 30 * SECOND


def test_a_clock_that_is_set_back_starts_nothing_twice() -> None:
    of = course()
    fire(of, 25 * SECOND)

    assert fire(of, 5 * SECOND) == []
    assert [slot.nominal - NOON for slot in fire(of, 30 * SECOND)] == [30 * SECOND]


def test_what_is_late_is_started_within_its_deadline_and_missed_beyond() -> None:
    of = course()

    fired = fire(of, 95 * SECOND)

    assert [slot.nominal - NOON for slot in fired] == [40 * SECOND, 50 * SECOND, MINUTE] + [
        n * 10 * SECOND for n in (7, 8, 9)
    ]
    (gap,) = of.gaps
    assert (gap.verdict, gap.reason, gap.count) == (Verdict.MISSED, OPERATOR_DOWN, 3)
    assert (gap.first - NOON, gap.last - NOON) == (10 * SECOND, 30 * SECOND)


def test_five_years_are_counted_not_listed() -> None:
    of = course("* * * * * *")

    fired = fire(of, timedelta(days=5 * 365))

    assert len(fired) == 61
    assert sum(gap.count for gap in of.gaps) == 5 * 365 * 86400 - 61


def test_what_is_missed_while_the_operator_runs_has_another_reason() -> None:
    of = course()
    fire(of, 10 * SECOND)
    fire(of, 3 * MINUTE)

    assert [gap.reason for gap in of.gaps] == [DEADLINE_PASSED]


def test_a_slot_owed_by_the_cronjob_comes_first() -> None:
    of = course()
    of.owed = [Slot(NOON - 30 * SECOND, NOON - 30 * SECOND)]
    assert of.first() == of.owed[0]

    assert [slot.nominal - NOON for slot in fire(of, SECOND)] == [-30 * SECOND]
    assert of.owed == []
    assert of.until == NOON


@given(st.integers(0, 60), st.lists(st.integers(1, 120), min_size=1, max_size=8))
def test_jitter_puts_slots_off_and_loses_none(jitter: int, steps: list[int]) -> None:
    of = course(jitter=f"{jitter}s") if jitter else course()
    timetable, now = of.timetable, timedelta()
    fired: list[Slot] = []
    of.deadline = timedelta(days=1)
    for step in steps:
        now += step * SECOND
        fired += fire(of, now)
        undecided = of.until + SECOND
        assert undecided <= NOON + now + SECOND

    wanted = [slot for slot in _until(timetable.slots(NOON), now) if slot.due <= NOON + now]
    assert sorted(fired, key=lambda slot: slot.nominal) == wanted
    late = [slot.nominal for slot in _until(timetable.slots(NOON), now) if slot not in fired]
    assert of.until < min(late, default=NOON + now + SECOND)


def _until(slots: Iterable[Slot], now: timedelta) -> list[Slot]:
    found = []
    for slot in slots:
        if slot.nominal > NOON + now:
            break
        found.append(slot)
    return found


def test_a_deadline_of_no_seconds_can_be_met() -> None:
    of = course()
    of.deadline = timedelta()

    assert len(fire(of, timedelta(seconds=10, milliseconds=900))) == 1
    fire(of, timedelta(seconds=21))
    assert [gap.count for gap in of.gaps] == [1]


def test_slots_that_have_a_job_are_not_given_up() -> None:
    of = course()
    of.give_up(NOON + 95 * SECOND, [NOON + 20 * SECOND, NOON + 90 * SECOND])

    assert [gap.count for gap in of.gaps] == [2]


def test_gaps_are_handed_out_until_they_stand_and_new_ones_apart() -> None:
    of = course()
    fire(of, 3 * MINUTE)
    first = of.hand_out()
    fire(of, 6 * MINUTE)

    assert sum(gap.count for gap in of.hand_out()) == sum(
        gap.count for gap in (*first, *of.shown[len(first) :])
    )
    assert of.shown[: len(first)] == list(first)
    of.shown = []
    assert of.hand_out() == ()


def test_what_jitter_has_put_off_is_known() -> None:
    of = course(jitter="30s")
    fire(of, 10 * SECOND)
    put_off = of.postponed(NOON + 10 * SECOND)

    assert all(slot.due > NOON + 10 * SECOND for slot in put_off)
    assert len(put_off) + (of.until > NOON) == 1


def test_what_is_decided_out_of_turn_is_told_when_the_earlier_ones_are_decided() -> None:
    of = course(jitter="30s")
    told = 0
    for second in range(1, 600):
        of.give_up(NOON + second * SECOND)
        while (slot := of.first()) is not None and slot.due <= NOON + second * SECOND:
            of.settle(slot, Verdict.SKIPPED, "ConcurrencyForbid")
            assert all(gap.last <= of.until for gap in of.gaps)
            told = sum(gap.count for gap in of.gaps)
            assert told == of.timetable.count(NOON, of.until), "an operator goes on from there"
    assert told > 50


def test_a_slot_that_is_looked_at_before_the_others_are_given_up_is_told_with_them() -> None:
    of = course()
    of.first()
    of.give_up(NOON + 200 * SECOND)
    assert (of.until, of.gaps) == (NOON, [])
    fire(of, 200 * SECOND)
    assert sum(gap.count for gap in of.gaps) == 13
    assert of.until == NOON + 200 * SECOND


def test_an_edit_takes_along_what_is_not_told_yet() -> None:
    of = course(jitter="30s")
    while (slot := of.first()) is not None and slot.due <= NOON + 60 * SECOND:
        of.settle(slot, Verdict.SKIPPED, "ConcurrencyForbid")
    decided = of.timetable.count(NOON, NOON + 60 * SECOND) - len(of.postponed(NOON + MINUTE))
    edited = course("0 0 * * * *")
    edited.until = NOON + MINUTE
    edited.follow(of)
    assert sum(gap.count for gap in edited.gaps) == decided
