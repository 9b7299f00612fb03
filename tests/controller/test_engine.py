"""The trigger engine on a clock of its own, with Jobs that are only noted down."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import cast

import pytest

from cronwright.controller.claim import Claims, Followed
from cronwright.controller.engine import Engine
from cronwright.controller.groups import Groups, Want
from cronwright.controller.intake import Intake
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.catch_up import CatchUpTerms
from cronwright.core.facts import JobFacts
from cronwright.core.firing import Course
from cronwright.core.job import SlotTemplate
from cronwright.kube.errors import ApiError, Fenced, Forbidden, Unavailable
from cronwright.model.run import PendingReason, PendingRun, Trigger, Verdict
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.status import Gap, TaskStatus
from cronwright.schedule import Slot, Terms, read
from tests.cluster.waiting import until
from tests.core.world import CRONJOB_UID, NOON, TASK_UID, job

SECOND = timedelta(seconds=1)
KEY = TaskKey("team", "report")
REFUSED = Forbidden(HTTPStatus.FORBIDDEN, "Forbidden", "exceeded quota")
DOWN = Unavailable(HTTPStatus.SERVICE_UNAVAILABLE, "Unavailable", "no")


class Noted:
    """Stand in for the cluster: note what is made, or fail as told."""

    def __init__(self) -> None:
        self.made: list[tuple[TaskKey, datetime]] = []
        self.ids: set[str] = set()
        self.seen: Callable[[TaskKey], None] = lambda _: None
        self.replaced: list[int] = []
        self.running: list[JobFacts] = []
        self.jobs: set[datetime] = set()
        self.fails: ApiError | None = None
        self.tries = 0
        self.answer = asyncio.Event()
        self.answer.set()

    def active(self, key: TaskKey, *, judged: bool) -> Sequence[JobFacts]:
        return self.running

    def taken(self, key: TaskKey, followed: Followed) -> set[datetime]:
        return self.jobs

    def begun(self, key: TaskKey) -> set[str]:
        return self.ids

    async def make(
        self, key: TaskKey, followed: Followed, slot: Slot, replaced: Sequence[JobFacts]
    ) -> None:
        self.tries += 1
        await self.answer.wait()
        if self.fails:
            raise self.fails
        self.made.append((key, slot.nominal))
        self.replaced.append(len(replaced))
        self.seen(key)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Bench:
    """An engine with its surroundings."""

    def __init__(self) -> None:
        self.cluster, self.clock = Noted(), Clock()
        self.queue: WorkQueue[TaskKey] = WorkQueue()
        self.groups, self.intake = Groups(1, self.queue.add), Intake()
        claims = cast("Claims", self.cluster)
        self.engine = Engine(claims, self.groups, self.intake, self.queue, self.clock)

    def follow(
        self, key: TaskKey = KEY, schedule: str = "*/10 * * * * *", *, priority: int = 0,
        policy: ConcurrencyPolicy = ConcurrencyPolicy.ALLOW, jitter: str | None = None,
        deadline: int = 60, group: str | None = None, catch_up: int = 0,
        since: datetime | None = None,
    ) -> None:  # fmt: skip
        timetable = read(Terms(schedule=schedule, jitter=jitter, seed=str(key)))
        digest = f"{schedule} {jitter}"
        followed = Followed(
            TASK_UID, CRONJOB_UID, timetable, digest, SlotTemplate(""), policy, priority, deadline,
            digest, max_queued=2, group=group,
        )  # fmt: skip
        since = since or self.clock.now
        terms = CatchUpTerms(catch_up, None, since) if catch_up else None
        course = Course(timetable, since, deadline * SECOND, catch_up=terms)
        self.engine.follow(key, followed, course)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.engine.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def at(self, moment: datetime, made: int) -> None:
        """Set the clock, and wait until the engine has gone by it: so many Jobs in all."""
        self.clock.now = moment

        async def gone_by() -> bool:
            progress = self.engine.progress(KEY)
            due = progress.next_due if progress else None
            return len(self.cluster.made) >= made and (not due or due > moment)

        await until(gone_by, 5.0, every=0.01)
        assert len(self.cluster.made) == made


async def test_a_clock_set_forward_and_back_loses_and_doubles_nothing() -> None:
    bench = Bench()
    bench.follow()
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 1)
        await bench.at(NOON + 45 * SECOND, 4)  # as after a suspended laptop
        await bench.at(NOON + 5 * SECOND, 4)
        await bench.at(NOON + 50 * SECOND, 5)

    assert [slot - NOON for _, slot in bench.cluster.made] == [n * 10 * SECOND for n in range(1, 6)]


async def test_the_greater_priority_goes_first() -> None:
    bench = Bench()
    for priority in (0, 100, -100, 50):
        bench.follow(TaskKey("team", f"task{priority}"), priority=priority)
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 4)

    assert [key.name for key, _ in bench.cluster.made] == ["task100", "task50", "task0", "task-100"]


async def test_a_slot_that_has_its_job_is_neither_skipped_nor_made_again() -> None:
    for policy in ConcurrencyPolicy:
        bench = Bench()
        bench.follow(policy=policy)
        bench.cluster.jobs = {NOON + 10 * SECOND}
        bench.cluster.running = [job()]
        bench.clock.now = NOON + 10 * SECOND
        async with bench.engine.held(KEY):
            await bench.engine.settle(KEY, bench.clock.now, ends=False)

        assert bench.cluster.made == []
        assert bench.engine.gaps(KEY) == ()


async def test_of_slots_that_are_late_together_only_the_last_replaces_a_run() -> None:
    bench = Bench()
    bench.follow(policy=ConcurrencyPolicy.REPLACE)
    bench.cluster.running = [job()]
    async with bench.running():
        await bench.at(NOON + 35 * SECOND, 1)
        (gap,) = bench.engine.gaps(KEY)
    assert bench.cluster.made == [(KEY, NOON + 30 * SECOND)]
    assert (gap.verdict, gap.reason, gap.count) == ("Skipped", "ConcurrencyReplace", 2)


async def test_replace_ends_the_runs_that_are_active() -> None:
    bench = Bench()
    bench.follow(policy=ConcurrencyPolicy.REPLACE)
    bench.cluster.running = [job()]
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 1)

    assert bench.cluster.replaced == [1]


async def test_what_is_refused_is_tried_until_its_deadline_and_then_missed() -> None:
    bench = Bench()
    bench.follow(deadline=15)
    bench.cluster.fails = REFUSED
    bench.clock.now = NOON + 10 * SECOND
    async with bench.running():

        async def tried() -> bool:
            return bench.cluster.tries > 0

        await until(tried, 5.0, every=0.01)
        bench.clock.now = NOON + 29 * SECOND

        async def missed() -> tuple[Gap, ...]:
            return bench.engine.gaps(KEY)

        gaps = await until(missed, 5.0, every=0.01)
    assert [(gap.verdict, gap.reason) for gap in gaps] == [(Verdict.MISSED, "QuotaExceeded")]


async def test_a_refusal_keeps_nobody_from_editing_and_nothing_from_suspending() -> None:
    for error, ends in ((REFUSED, False), (REFUSED, True), (DOWN, True)):
        bench = Bench()
        bench.follow()
        bench.cluster.fails = error
        bench.clock.now = NOON + 10 * SECOND
        async with bench.engine.held(KEY):
            await bench.engine.settle(KEY, bench.clock.now, ends=ends)
            bench.engine.drop(KEY, bench.clock.now)

        assert [gap.count for gap in bench.engine.gaps(KEY)] == [1]
        bench.engine.accounted(KEY, (), TaskStatus())
        assert bench.engine.gaps(KEY) == ()


async def test_what_jitter_has_put_off_survives_an_edit() -> None:
    bench = Bench()
    bench.follow(jitter="10m", deadline=3600)
    bench.clock.now = NOON + timedelta(minutes=1)
    async with bench.running():
        async with bench.engine.held(KEY):
            await bench.engine.settle(KEY, bench.clock.now, ends=False)
            bench.follow(schedule="0 0 0 1 1 *", deadline=3600)
        await bench.at(NOON + timedelta(minutes=12), 6)

    assert sorted(slot - NOON for _, slot in bench.cluster.made) == [
        n * 10 * SECOND for n in range(1, 7)
    ]


async def test_with_queue_a_slot_waits_for_the_run_that_is_active_until_the_queue_is_full() -> None:
    bench = Bench()
    bench.follow(policy=ConcurrencyPolicy.QUEUE)
    bench.cluster.running = [job()]
    async with bench.running():
        await bench.at(NOON + 35 * SECOND, 0)

    waiting = bench.intake.put_off(KEY)
    assert [(each.slot, each.due) for each in waiting] == [
        (NOON + n * 10 * SECOND,) * 2 for n in (1, 2)
    ]
    assert [(each.reason, each.trigger) for each in waiting] == [("Queued", "Schedule")] * 2
    assert waiting[0].id == identity.slot_run_id(TASK_UID, NOON + 10 * SECOND)
    (gap,) = bench.engine.gaps(KEY)
    assert (gap.verdict, gap.reason, gap.count) == (Verdict.SKIPPED, "QueueFull", 1)
    progress = bench.engine.progress(KEY)
    assert progress is not None
    assert progress.until == NOON + 30 * SECOND, "what waits is decided"


async def test_a_slot_does_not_pass_by_what_waits_already() -> None:
    bench = Bench()
    bench.follow(policy=ConcurrencyPolicy.QUEUE)
    waits = PendingRun(id="w", reason=PendingReason.QUEUED, trigger=Trigger.SCHEDULE, slot=NOON)
    bench.intake.stands(KEY, [waits])
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 0)
        bench.cluster.ids = {"w", *(each.id for each in bench.intake.put_off(KEY))}
        await bench.at(NOON + 20 * SECOND, 1)

    assert [each.slot for each in bench.intake.put_off(KEY)] == [NOON + 10 * SECOND]


ORPHAN = PendingRun(
    id="orphan", reason=PendingReason.RETRY, trigger=Trigger.SCHEDULE, slot=NOON, attempt=2,
    due=NOON + 60 * SECOND,
)  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "made", "reasons", "waits"),
    [
        (ConcurrencyPolicy.ALLOW, 1, [], 0),
        (ConcurrencyPolicy.FORBID, 0, ["ConcurrencyForbid"], 0),
        (ConcurrencyPolicy.QUEUE, 0, [], 1),
        (ConcurrencyPolicy.REPLACE, 1, [], 0),
    ],
)
async def test_a_run_that_waits_for_an_attempt_is_active_also_where_its_jobs_are_gone(
    policy: ConcurrencyPolicy, made: int, reasons: list[str], waits: int
) -> None:
    bench = Bench()
    bench.follow(policy=policy)
    bench.intake.stands(KEY, [ORPHAN])
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, made)

    assert [gap.reason for gap in bench.engine.gaps(KEY)] == reasons
    assert len(bench.intake.put_off(KEY)) == waits


async def test_it_counts_among_the_fifty_and_once() -> None:
    bench = Bench()
    bench.follow()
    bench.cluster.running = [job(f"busy-{n}") for n in range(49)]
    bench.intake.stands(KEY, [ORPHAN])
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 0)
        bench.cluster.ids = {"orphan"}  # its last Job stands, and is among those that are active
        await bench.at(NOON + 20 * SECOND, 1)

    (gap,) = bench.engine.gaps(KEY)
    assert (gap.first, gap.reason) == (NOON + 10 * SECOND, "TooManyActive")


async def test_what_was_put_off_is_handed_out_until_the_status_has_it() -> None:
    bench = Bench()
    bench.follow(policy=ConcurrencyPolicy.QUEUE)
    bench.cluster.running = [job()]
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 0)
        shown = bench.intake.put_off(KEY)
        await bench.at(NOON + 20 * SECOND, 0)
    bench.engine.accounted(KEY, shown, TaskStatus(pending=list(shown)))

    assert [each.slot for each in bench.intake.put_off(KEY)] == [NOON + 20 * SECOND]
    assert len(bench.intake.waiting(KEY)) == 2
    bench.engine.forget(KEY)
    assert bench.intake.waiting(KEY) == []


async def test_a_group_has_one_place_and_the_others_wait() -> None:
    bench = Bench()
    for priority in (0, 7):
        bench.follow(TaskKey("team", f"task{priority}"), priority=priority, group="db")
    alone = TaskKey("team", "alone")
    bench.follow(alone, priority=-1)

    def seen(key: TaskKey) -> None:
        annotations = {identity.GROUP: "db"} if key != alone else {}
        bench.groups.job_changed(None, job(f"job-{key.name}", annotations=annotations))

    bench.cluster.seen = seen
    async with bench.running():
        await bench.at(NOON + 10 * SECOND, 2)

    assert [key.name for key, _ in bench.cluster.made] == ["task7", "alone"]
    assert [each.slot for each in bench.intake.put_off(TaskKey("team", "task0"))] == [
        NOON + 10 * SECOND
    ]


async def test_a_slot_that_came_due_before_the_first_look_keeps_its_turn_in_the_group() -> None:
    bench = Bench()
    high, low = TaskKey("team", "high"), TaskKey("team", "low")
    expected = Want(high, "db", str(high), 9, NOON - SECOND)
    other = Want(low, "db", "other", 0, NOON - 60 * SECOND)
    bench.groups.open({high: [expected]})
    bench.follow(high, priority=9, group="db", since=NOON - 2 * SECOND, schedule="59 59 11 * * *")
    bench.engine.looked(high)
    assert not bench.groups.take(other), "its slot is about to be fired"
    bench.cluster.seen = lambda key: bench.groups.job_changed(
        None, job(f"job-{key.name}", task=key.name, annotations={identity.GROUP: "db"})
    )
    async with bench.running():
        await bench.at(NOON, 1)
    assert [key.name for key, _ in bench.cluster.made] == ["high"]
    bench.engine.looked(high)
    assert not bench.groups.take(other), "the place is held by the Job"

    bench.engine.looked(low)  # one that the engine does not follow
    bench.groups.open({low: [other]})
    bench.engine.looked(low)
    assert not bench.groups._expected


async def test_after_downtime_the_newest_missed_slots_wait_to_be_made_up_for() -> None:
    bench = Bench()
    bench.follow(catch_up=3, deadline=5, since=NOON - timedelta(days=400))
    async with bench.running():
        await bench.at(NOON, 1)

    waiting = bench.intake.put_off(KEY)
    assert [each.slot for each in waiting] == [NOON - n * 10 * SECOND for n in (3, 2, 1)]
    assert [(each.reason, each.trigger) for each in waiting] == [("CatchUp", "CatchUp")] * 3
    assert sum(gap.count for gap in bench.engine.gaps(KEY)) == 400 * 8640 - 4


async def test_at_the_end_what_was_begun_is_ended_and_nothing_else_begun() -> None:
    bench = Bench()
    bench.follow()
    bench.cluster.answer.clear()
    bench.clock.now = NOON + 30 * SECOND
    async with bench.running():

        async def begun() -> bool:
            return bench.cluster.tries > 0

        await until(begun, 5.0, every=0.01)
        ending = asyncio.create_task(bench.engine.end())
        await asyncio.sleep(0)
        assert not ending.done()
        bench.cluster.answer.set()
        await ending
        bench.clock.now = NOON + 40 * SECOND
        # An edit has to wait for the next leader: it can't settle what is due before it.
        async with bench.engine.held(KEY):
            with pytest.raises(Fenced):
                await bench.engine.settle(KEY, bench.clock.now, ends=True)

    assert [slot - NOON for _, slot in bench.cluster.made] == [10 * SECOND]
    assert bench.engine.gaps(KEY) == ()
    assert bench.engine.behind == 0


async def test_edits_of_far_off_tasks_leave_no_timers_behind() -> None:
    bench = Bench()
    for number in range(3000):
        bench.follow(schedule=f"{number % 60} {number // 60} 0 1 1 *")

    assert len(bench.engine._timers) < 1100


def skipped(count: int) -> TaskStatus:
    """Give the status that accounts for so many slots, all of them skipped."""
    counts = {"Skipped": count} if count else {}
    return TaskStatus(accounted_until=NOON + count * 10 * SECOND, counts=counts)


async def skip(bench: Bench, number: int) -> None:
    """Let a slot come due while a run is in its way."""
    bench.cluster.running = [job()]
    async with bench.running():
        await bench.at(NOON + number * 10 * SECOND, 0)


async def test_what_a_write_without_an_answer_has_told_is_not_told_again() -> None:
    bench = Bench()
    bench.engine.meet(KEY, skipped(0))
    bench.follow(policy=ConcurrencyPolicy.FORBID)
    await skip(bench, 1)
    assert [gap.count for gap in bench.engine.gaps(KEY)] == [1]
    bench.engine.tells(KEY, skipped(1))  # and its answer is lost
    await skip(bench, 2)
    assert [gap.count for gap in bench.engine.gaps(KEY)] == [1, 1]
    bench.engine.tells(KEY, skipped(2))  # refused: the task has changed

    bench.engine.meet(KEY, skipped(1))

    (gap,) = bench.engine.gaps(KEY)
    assert gap.first == NOON + 20 * SECOND


async def test_a_write_that_had_no_effect_is_told_again() -> None:
    bench = Bench()
    bench.engine.meet(KEY, skipped(0))
    bench.follow(policy=ConcurrencyPolicy.FORBID)
    await skip(bench, 1)
    assert len(bench.engine.gaps(KEY)) == 1
    bench.engine.tells(KEY, skipped(1))

    bench.engine.meet(KEY, skipped(0))

    assert len(bench.engine.gaps(KEY)) == 1


async def test_what_a_task_that_is_dropped_has_left_is_told_once() -> None:
    bench = Bench()
    bench.engine.meet(KEY, skipped(0))
    bench.follow(policy=ConcurrencyPolicy.FORBID)
    await skip(bench, 1)
    bench.engine.drop(KEY, bench.clock.now)
    assert len(bench.engine.gaps(KEY)) == 1
    bench.engine.tells(KEY, skipped(1))

    bench.engine.meet(KEY, skipped(1))

    assert bench.engine.gaps(KEY) == ()


async def test_a_status_of_an_earlier_operator_says_from_where_to_go_on() -> None:
    bench = Bench()
    bench.engine.meet(KEY, skipped(0))
    bench.follow(policy=ConcurrencyPolicy.FORBID)
    await skip(bench, 1)

    bench.engine.meet(KEY, skipped(3))

    assert bench.engine.followed(KEY) is None
    assert bench.engine.gaps(KEY) == ()


async def test_a_status_that_was_set_back_changes_nothing_of_what_is_followed() -> None:
    bench = Bench()
    bench.engine.meet(KEY, skipped(3))
    bench.follow(policy=ConcurrencyPolicy.FORBID)
    bench.engine.meet(KEY, skipped(1))
    assert bench.engine.followed(KEY) is not None
