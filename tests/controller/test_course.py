"""From where on the engine fires, and what became of the slots before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cronwright.controller.course import course_of
from cronwright.core.firing import Course
from cronwright.core.ledger import Sight
from cronwright.core.plan import decide
from cronwright.core.terms import text_of
from cronwright.model.base import render_time
from tests.core.world import NOON, cronjob, task, world

SECONDS: dict[str, Any] = {"schedule": "*/30 * * * * *"}
AWAY = timedelta(minutes=5)
TEXT = text_of(task(SECONDS).terms)


def course(
    spec: dict[str, Any] = SECONDS,
    *,
    generation: int = 2,
    restored: bool = False,
    **status: Any,
) -> Course:
    """Make the course of a task that was accounted for until five minutes before noon."""
    known = {
        "observedGeneration": 1,
        "mode": "Managed",
        "timetable": TEXT,
        "accountedUntil": render_time(NOON - AWAY),
    }
    of = task(spec, status={**known, **status}, generation=generation)
    standing = cronjob(of)
    looked = world(of, standing=standing, now=NOON)
    if restored:
        looked = replace(looked, sight=Sight(NOON, NOON, NOON - timedelta(minutes=2)))
    return course_of(looked, decide(looked), standing)[1]


def told(of: Course) -> list[tuple[str, str, int]]:
    return [(each.verdict, each.reason, each.count) for each in of.gaps]


def test_after_a_restart_it_goes_on_from_the_cursor() -> None:
    of = course(generation=1)
    assert (of.until, told(of)) == (NOON - AWAY, [])


def test_an_edit_that_nobody_saw_begins_now_and_the_old_slots_are_missed() -> None:
    of = course({"schedule": "15 * * * * *"})
    assert (of.until, told(of)) == (NOON, [("Missed", "OperatorDown", 10)])
    assert (of.gaps[0].first, of.gaps[0].last) == (NOON - AWAY + timedelta(seconds=30), NOON)


def test_old_slots_that_cannot_be_told_are_unknown() -> None:
    of = course({"schedule": "15 * * * * *"}, timetable="sha256:0123456789abcdef")
    assert told(of) == [("Unknown", "Edited", 0)]


def test_calendars_of_the_old_timetable_are_told_as_well() -> None:
    old = task({"schedule": "*/30 * * * * *", "exclude": ["57 11 * * *"]})
    of = course({"schedule": "15 * * * * *"}, timetable=text_of(old.terms))
    assert sorted(told(of)) == [("Excluded", "Calendar", 2), ("Missed", "OperatorDown", 8)]


def test_a_native_task_leaves_its_account_to_others() -> None:
    of = course(mode="Native", timetable='{"schedule":"* * * * *"}')
    assert (of.until, told(of)) == (NOON, [])


def test_after_a_restore_nothing_is_fired_that_may_have_been() -> None:
    of = course(generation=1, restored=True)
    assert of.until == NOON - timedelta(minutes=2)
    assert told(of) == [("Unknown", "StateLost", 6)]
    later = course(generation=1, restored=True, accountedUntil=render_time(NOON))
    assert (later.until, told(later)) == (NOON, [])
