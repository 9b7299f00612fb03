"""Places in concurrency groups: never more than there are, and the right one is woken."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cronwright.controller.groups import Group, Groups, Want
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.group_sizes import GroupSizes
from tests.core.world import NOON, finished, job

DB = Group("team", "db")
SECOND = timedelta(seconds=1)


class Bench:
    """Groups, and what they woke."""

    def __init__(self, size: int = 1) -> None:
        self.woken: list[str] = []
        self.groups = Groups(size, lambda key: self.woken.append(key.name))

    def wakes(self) -> list[str]:
        woken, self.woken = self.woken, []
        return woken

    def waits(self, *wants: Want, active: tuple[str, ...] = ()) -> None:
        self.groups.look(wants[0].key, DB, active, wants)


def want(task: str, second: int = 0, priority: int = 0, run: str = "") -> Want:
    return Want(TaskKey("team", task), "db", run or f"run-{task}", priority, NOON + second * SECOND)


def running(task: str, run: str = "", **changes: object) -> JobFacts:
    notes = {identity.GROUP: "db", identity.RUN_ID: run or f"run-{task}"}
    return replace(job(f"job-{task}", task=task, annotations=notes), **changes)  # type: ignore[arg-type]


def test_a_place_is_taken_once_and_held_by_the_job_after() -> None:
    bench = Bench()
    assert bench.groups.take(want("a"))
    assert not bench.groups.take(want("b"))
    bench.groups.job_changed(None, running("a"))
    bench.groups.release(want("a"))
    assert not bench.groups.take(want("b"))
    assert bench.groups.take(want("a")), "who holds a place may go on"


def test_a_run_without_a_group_needs_no_place() -> None:
    bench = Bench()
    assert bench.groups.take(None)
    bench.groups.release(None)
    bench.groups.job_changed(None, job())
    assert bench.wakes() == []


def test_a_place_that_came_to_nothing_is_free_again() -> None:
    bench = Bench()
    assert bench.groups.take(want("a"))
    bench.waits(want("b"))
    assert bench.wakes() == []
    bench.groups.release(want("a"))
    assert bench.wakes() == ["b"]


def test_priority_goes_before_due_time_over_all_tasks() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("now"))
    for each in (want("early", 1), want("urgent", 3, 10), want("late", 2)):
        bench.waits(each)
    assert bench.wakes() == []
    bench.groups.job_changed(running("now"), None)
    assert bench.wakes() == ["urgent"]
    assert not bench.groups.take(want("early", 1))
    assert bench.groups.take(want("urgent", 3, 10))


def test_who_comes_later_does_not_pass_by_those_that_wait() -> None:
    bench = Bench(2)
    bench.waits(want("early", 1), want("early", 2, run="second"))
    assert not bench.groups.take(want("late", 5))
    assert bench.groups.take(want("urgent", 5, 1))


def test_the_end_of_a_run_wakes_as_soon_as_it_is_known() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("a"))
    bench.waits(want("b"))
    # Its pods have ended; its Job notices that a second later.
    bench.groups.look(TaskKey("team", "a"), DB, (), ())
    assert bench.wakes() == ["b"]
    bench.groups.job_changed(None, running("a", suspended=True))
    assert bench.groups.take(want("b")), "news of it does not bring it back"


def test_the_last_to_look_is_not_woken_by_itself() -> None:
    bench = Bench()
    bench.waits(want("a"))
    bench.waits(want("a"))
    assert bench.wakes() == []


def test_a_task_that_is_gone_or_leaves_makes_way() -> None:
    bench = Bench()
    bench.waits(want("a", 1, 5))
    bench.waits(want("b"))
    assert bench.wakes() == ["a"]
    bench.groups.forget(TaskKey("team", "a"))
    assert bench.wakes() == ["b"]
    bench.groups.look(TaskKey("team", "b"), Group("team", "other"), (), ())
    assert bench.groups.take(want("c"))


def test_sizes_come_from_the_namespace_and_a_greater_one_wakes() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("a"))
    bench.waits(want("b"))
    bench.waits(want("c"))
    sizes = GroupSizes("team", "groups", "u", "5", {"db": 3}, ())
    bench.groups.sizes_changed(None, sizes)
    assert bench.wakes() == ["b", "c"]
    bench.groups.sizes_changed(sizes, None)
    assert not bench.groups.take(want("b"))


def test_a_finished_job_holds_no_place() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("a"))
    bench.groups.job_changed(running("a"), running("a", deleting=True))
    assert bench.groups.take(want("b"))


def test_a_run_that_is_tried_again_keeps_its_place_until_it_is_over() -> None:
    bench = Bench()
    notes = {identity.GROUP: "db", identity.RUN_ID: "run-a", identity.RETRY: "{}"}
    first, second = (
        job(name, uid=name, task="a", annotations=notes) for name in ("first", "second")
    )
    bench.groups.job_changed(None, first)
    bench.waits(want("b"))
    bench.groups.job_changed(first, finished(first, "Failed"))
    bench.groups.look(TaskKey("team", "a"), DB, {"first"}, ())  # it waits for the next attempt
    assert bench.wakes() == []
    bench.groups.job_changed(None, second)
    bench.groups.look(TaskKey("team", "a"), DB, {"second"}, ())
    assert not bench.groups.take(want("b"))
    bench.groups.job_changed(second, finished(second, "Failed"))
    bench.groups.look(TaskKey("team", "a"), DB, (), ())
    assert bench.wakes() == ["b"]


def test_runs_of_a_task_that_has_left_hold_their_places_until_they_are_over() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("a"))
    bench.groups.look(TaskKey("team", "a"), DB, {"job-job-a"}, ())
    bench.waits(want("b"))
    bench.groups.look(TaskKey("team", "a"), None, {"job-job-a"}, ())
    assert not bench.groups.take(want("b"))
    assert bench.groups.concerns(TaskKey("team", "a"))
    bench.groups.look(TaskKey("team", "a"), None, (), ())
    assert bench.wakes() == ["b"]
    bench.groups.job_changed(running("a"), None)
    assert not bench.groups.concerns(TaskKey("team", "a"))


def test_no_place_is_given_before_it_is_known_who_wants_one() -> None:
    bench = Bench()
    bench.groups.job_changed(None, running("old"))
    bench.groups.close()
    assert bench.groups.take(want("old")), "who holds a place may go on"
    bench.groups.job_changed(running("old"), None)
    assert not bench.groups.take(want("low"))
    bench.waits(want("low"))
    bench.wakes()
    bench.groups.open({})
    assert bench.wakes() == ["low"]
    assert bench.groups.take(want("low"))


def test_who_is_looked_at_first_does_not_pass_by_what_is_expected() -> None:
    bench = Bench()
    high = want("high", 5, 9)
    bench.groups.open({high.key: [high]})
    assert bench.wakes() == ["high"], "so that it is looked at in any case"
    assert not bench.groups.take(want("low"))
    bench.waits(want("low"))
    assert bench.groups.take(high)
    bench.groups.job_changed(None, running("high"))
    bench.groups.release(high)
    bench.groups.looked(high.key)
    assert not bench.groups.take(want("low"))
    bench.groups.job_changed(running("high"), None)
    assert bench.wakes()[-1] == "low"


def test_what_is_expected_and_comes_to_nothing_makes_way() -> None:
    for gone in (False, True):
        bench = Bench()
        high = want("high", 5, 9)
        bench.groups.open({high.key: [high]})
        bench.waits(want("low"))
        bench.wakes()
        if gone:
            bench.groups.forget(high.key)
        else:
            bench.groups.looked(high.key)
        assert bench.wakes() == ["low"]
        assert bench.groups.take(want("low"))
        bench.groups.looked(high.key)


def test_what_waits_and_is_expected_is_one_run() -> None:
    bench = Bench(2)
    high = want("high", 5, 9)
    bench.groups.open({high.key: [high]})
    bench.waits(high)
    assert bench.groups.take(want("low")), "there is a place for each"


def test_while_others_are_expected_those_that_wait_do_not_wake_one_another() -> None:
    bench = Bench(2)
    expected = {each.key: [each] for each in (want("x", 0, 9), want("y", 0, 9))}
    bench.groups.open(expected)
    bench.wakes()
    for _ in range(3):
        for name in ("a", "b"):
            assert not bench.groups.take(want(name))
            bench.waits(want(name))
    assert set(bench.wakes()) <= {"x", "y"}


@given(
    st.integers(1, 4),
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.integers(0, 3), st.sampled_from("tsew")),
        max_size=60,
    ),
)
def test_never_more_places_than_there_are_and_nobody_waits_beside_a_free_one(
    size: int, steps: list[tuple[str, int, str]]
) -> None:
    bench = Bench(size)
    held: dict[str, JobFacts] = {}
    waiting: dict[str, Want] = {}
    for name, priority, step in steps:
        each = waiting.get(name) or want(name, priority=priority)
        if step in "ts" and name not in held:
            if bench.groups.take(each):
                if step == "s":  # it starts; else the API server refuses
                    held[name] = running(name)
                    bench.groups.job_changed(None, held[name])
                    waiting.pop(name, None)
                bench.groups.release(each)
            else:
                waiting[name] = each
            still = [waiting[name]] if name in waiting else []
            bench.groups.look(each.key, DB, {f"job-job-{name}"} if name in held else (), still)
        elif step == "e" and name in held:
            bench.groups.job_changed(held.pop(name), None)
        assert len(held) <= size
        # Whoever is woken tries, until nobody is.
        tried = 0
        while bench.woken:
            tried += 1
            assert tried < 100
            woken = bench.woken.pop(0)
            each = waiting[woken] if woken in waiting else want(woken)
            if woken in waiting and bench.groups.take(each):
                held[woken] = running(woken)
                bench.groups.job_changed(None, held[woken])
                del waiting[woken]
                bench.groups.release(each)
            still = [waiting[woken]] if woken in waiting else []
            bench.groups.look(each.key, DB, {f"job-job-{woken}"} if woken in held else (), still)
        assert len(held) <= size
        if len(held) < size:
            # The one that looked last may be left: its own look goes on, as `reconcile` does.
            assert set(waiting) <= {name}
