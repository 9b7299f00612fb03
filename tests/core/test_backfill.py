"""Backfills: each slot of a span once, as far as there is room, over any number of looks."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cronwright.core import identity
from cronwright.core.answer import Act
from cronwright.core.backfill import Backfill, Order, slots_of, take_in
from cronwright.core.backlog import without
from cronwright.errors import FieldError
from cronwright.model.base import render_time
from cronwright.model.run import PendingReason, PendingRun, Trigger
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Terms, Timetable, read
from tests.core.world import NOON, TASK_UID, task

MINUTE = timedelta(minutes=1)
HOURLY = read(Terms(schedule="0 * * * *"))


def asked(
    status: dict[str, Any] | None = None, age: float = 5, **wishes: dict[str, Any]
) -> ScheduledTask:
    annotations = {
        f"backfill.cronwright.dev/{name}": json.dumps(
            {"requestedAt": render_time(NOON - timedelta(seconds=age)), **wish}
        )
        for name, wish in wishes.items()
    }
    return task({"schedule": "0 * * * *"}, annotations=annotations, status=status)


def hours(count: float, **more: Any) -> dict[str, Any]:
    return {"from": render_time(NOON - timedelta(hours=count)), **more}


def waiting(count: int, request: str | None = None) -> list[PendingRun]:
    return [
        PendingRun(
            id=f"other-{n}", reason=PendingReason.CATCH_UP, trigger=Trigger.CATCH_UP,
            slot=NOON - n * MINUTE, request=request, due=NOON,
        )
        for n in range(count)
    ]  # fmt: skip


def test_the_slots_of_a_span_wait_with_ids_of_their_own() -> None:
    found = take_in(asked(one=hours(2)), HOURLY, [], NOON)

    slots = [NOON - timedelta(hours=2), NOON - timedelta(hours=1)]
    assert [(each.slot, each.trigger, each.request) for each in found.pending] == [
        (slot, Trigger.CATCH_UP, "one") for slot in slots
    ]
    ids = [identity.backfill_run_id(TASK_UID, "one", slot) for slot in slots]
    assert [each.id for each in found.pending] == ids
    assert identity.slot_run_id(TASK_UID, slots[0]) not in ids
    (answer,) = found.answers
    assert (answer.act, answer.annotation, answer.remembered) == (
        Act.TAKEN, "backfill.cronwright.dev/one", "backfill.cronwright.dev/one",
    )  # fmt: skip
    assert found.progress == ()


def test_the_slot_of_this_very_moment_counts_and_none_to_come() -> None:
    of = asked(age=0, one={"from": "2026-03-02T12:00:00Z", "to": "2030-01-01T00:00:00Z"})
    assert [each.slot for each in take_in(of, HOURLY, [], NOON).pending] == [NOON]


def test_newest_first_begins_at_the_end() -> None:
    of = asked(one=hours(9, limit=3, order="NewestFirst"))
    slots = [each.slot for each in take_in(of, HOURLY, [], NOON).pending]
    assert slots == [NOON - timedelta(hours=n) for n in (1, 2, 3)]


def test_what_has_no_room_is_taken_in_later() -> None:
    of = asked(one=hours(30, limit=25))
    first = take_in(of, HOURLY, [], NOON)
    assert (len(first.pending), first.answers) == (20, ())
    (place,) = first.progress
    assert (place.id, place.taken, place.slot) == ("one", 20, NOON - timedelta(hours=11))

    later = asked({"backfills": [place.model_dump(mode="json")]}, age=5000, one=hours(30, limit=25))
    second = take_in(later, HOURLY, first.pending[3:], NOON)
    assert [each.slot for each in second.pending] == [NOON - timedelta(hours=n) for n in (10, 9, 8)]
    assert [each.taken for each in second.progress] == [23]


def test_where_nothing_has_room_it_is_noted_so_that_it_does_not_grow_old() -> None:
    for others in (waiting(20, "other"), waiting(40)):
        found = take_in(asked(one=hours(2)), HOURLY, others, NOON)
        assert (found.pending, found.answers) == ((), ())
        assert [(each.id, each.taken, each.slot) for each in found.progress] == [("one", 0, None)]


def test_a_backfill_that_was_taken_in_is_only_forgotten() -> None:
    requests = [{"id": "backfill.cronwright.dev/one", "time": render_time(NOON)}]
    found = take_in(asked({"requests": requests}, one=hours(2)), HOURLY, [], NOON)
    assert (found.pending, [each.act for each in found.answers]) == ((), [Act.FORGET])


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({}, "from: no date-time"),
        ({"from": "yesterday"}, 'from "yesterday": no date-time'),
        ({"from": "2026-03-02T10:00:00"}, "with its offset"),
        ({"from": "0001-01-01T00:00:00+14:00"}, "no date-time"),
        (hours(2, to="2026-03-01T00:00:00Z"), "lies after to"),
        (hours(2, limit=0), "limit 0: no such number"),
        (hours(2, limit=101), "limit 101: no such number"),
        (hours(2, limit=True), "limit True: no such number"),
        (hours(2, limit="3"), 'limit "3": no such number'),
        (hours(2, order="Random"), 'order "Random": no such order'),
        (hours(0.5), "was not due"),
    ],
)
def test_what_can_not_be_read_is_refused_with_a_remedy(wish: dict[str, Any], words: str) -> None:
    found = take_in(asked(one=wish), HOURLY, [], NOON)
    (answer,) = found.answers
    assert answer.act is Act.REFUSE
    assert words in answer.message
    assert (found.pending, found.progress) == ((), ())


def test_an_old_one_is_refused_and_so_is_one_of_a_task_without_slots() -> None:
    (old,) = take_in(asked(age=601, one=hours(2)), HOURLY, [], NOON).answers
    assert "new id" in old.message
    (none,) = take_in(asked(one=hours(2)), None, [], NOON).answers
    assert "no schedule" in none.message


def test_one_that_is_spoilt_halfway_ends() -> None:
    of = task(
        annotations={"backfill.cronwright.dev/one": "["},
        status={"backfills": [{"id": "one", "taken": 3, "slot": render_time(NOON)}]},
    )
    assert [each.act for each in take_in(of, HOURLY, [], NOON).answers] == [Act.REFUSE]


def test_the_earliest_asked_for_comes_first() -> None:
    annotations = {
        f"backfill.cronwright.dev/{name}": json.dumps(
            {"requestedAt": render_time(NOON - timedelta(seconds=age)), **hours(40, limit=15)}
        )
        for name, age in (("a", 1), ("b", 9))
    }
    of = task({"schedule": "0 * * * *"}, annotations=annotations)
    found = take_in(of, HOURLY, [], NOON)
    assert [each.request for each in found.pending] == ["b"] * 15 + ["a"] * 5


def test_a_span_begins_and_ends_with_the_second() -> None:
    wish = Backfill.read(
        {"from": "2026-03-02T10:00:00.5Z", "to": "2026-03-02T14:00:00.5+02:00"}, NOON
    )
    assert (wish.first.second, wish.last) == (1, NOON)
    assert slots_of(HOURLY, wish, 10) == [NOON - timedelta(hours=1), NOON]


def test_no_object_is_refused() -> None:
    with pytest.raises(FieldError, match="no JSON object"):
        Backfill.read([], NOON)


def test_the_beginning_of_time_is_no_trouble() -> None:
    wish = Backfill.read({"from": "0001-01-01T00:00:00Z", "limit": 1}, NOON)
    assert slots_of(HOURLY, wish, 1) == [datetime.fromisoformat("1970-01-01T00:00:00Z")]


@given(
    st.integers(1, 200), st.integers(1, 100), st.sampled_from(Order),
    st.lists(st.integers(0, 20), min_size=1, max_size=12),
)  # fmt: skip
def test_over_any_number_of_looks_each_slot_comes_once(
    minutes: int, limit: int, order: Order, ended: list[int]
) -> None:
    timetable: Timetable = read(Terms(schedule="* * * * *"))
    wish = {"from": render_time(NOON - minutes * MINUTE), "limit": limit, "order": str(order)}
    status: dict[str, Any] = {}
    pending: list[PendingRun] = []
    seen: list[PendingRun] = []
    for some in [*ended, *([20] * 12)]:
        found = take_in(asked(status, age=1, one=wish), timetable, pending, NOON)
        seen += found.pending
        if found.answers:
            break
        pending = [*pending, *found.pending]
        pending = without(pending, {each.id for each in pending[:some]})
        assert len(pending) <= 20
        status = {"backfills": [each.model_dump(mode="json") for each in found.progress]}
    else:
        raise AssertionError("it never ends")
    whole = Backfill.read(wish, NOON - timedelta(seconds=1))
    assert [each.slot for each in seen] == slots_of(timetable, whole, limit)
