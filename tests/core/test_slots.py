"""Slots that the CronJob controller owes, and what is shown of them."""

from datetime import timedelta

from cronwright.core.slots import due_slot, slot_at_hand, unsettled_slot
from cronwright.schedule import Terms, read
from tests.core.world import NOON, cronjob, task

TASK = task()
TIMETABLE = read(Terms(schedule="*/5 * * * *"))
FIVE = timedelta(minutes=5)
NOW = NOON + timedelta(seconds=4)


def test_a_passed_slot_is_owed_until_the_controller_has_fired_it() -> None:
    assert due_slot(TIMETABLE, cronjob(TASK), NOW) == NOON
    assert due_slot(TIMETABLE, cronjob(TASK, last_schedule_time=NOON), NOW) is None


def test_slots_before_the_cronjob_are_not_owed() -> None:
    fresh = cronjob(TASK, last_schedule_time=None, created=NOON + timedelta(seconds=1))
    assert due_slot(TIMETABLE, fresh, NOW) is None


def test_a_suspended_cronjob_owes_nothing() -> None:
    assert due_slot(TIMETABLE, cronjob(TASK, suspended=True), NOW) is None


def test_a_slot_past_its_deadline_is_owed_no_more() -> None:
    assert due_slot(TIMETABLE, cronjob(TASK, starting_deadline=3), NOW) is None
    assert due_slot(TIMETABLE, cronjob(TASK, starting_deadline=4), NOW) == NOON


def test_a_schedule_that_cannot_be_read_holds_nothing_back() -> None:
    assert unsettled_slot(cronjob(TASK, schedule="bad"), [], NOW) is None


def test_a_slot_is_at_hand_from_just_before_it_until_it_is_settled() -> None:
    early, fired = cronjob(TASK), cronjob(TASK, last_schedule_time=NOON)
    assert not slot_at_hand(fired, [], NOON - timedelta(seconds=2))
    assert slot_at_hand(early, [], NOON - timedelta(seconds=1))
    assert slot_at_hand(early, [], NOW)
    assert not slot_at_hand(fired, [], NOW)


def test_a_controller_far_behind_is_not_waited_for() -> None:
    assert not slot_at_hand(cronjob(TASK), [], NOON + timedelta(seconds=30))


def test_no_slot_is_at_hand_where_none_will_be_fired() -> None:
    assert not slot_at_hand(cronjob(TASK, suspended=True), [], NOW)
    assert not slot_at_hand(cronjob(TASK, schedule="bad"), [], NOW)
