"""The trigger engine on a clock of its own, with Jobs that are only noted down."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import cast

from cronwright.controller.claim import Claims, Followed
from cronwright.controller.engine import Engine
from cronwright.controller.groups import Groups
from cronwright.controller.intake import Intake
from cronwright.controller.queue import WorkQueue
from cronwright.controller.tasks import TaskKey
from cronwright.core.facts import JobFacts
from cronwright.core.firing import Course
from cronwright.core.job import SlotTemplate
from cronwright.kube.errors import ApiError, Forbidden, Unavailable
from cronwright.model.status import Gap, Verdict
from cronwright.model.task import ConcurrencyPolicy
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
        self.replaced: list[int] = []
        self.running: list[JobFacts] = []
        self.jobs: set[datetime] = set()
        self.fails: ApiError | None = None
        self.tries = 0

    def active(self, key: TaskKey, *, judged: bool) -> Sequence[JobFacts]:
        return self.running

    def taken(self, key: TaskKey, followed: Followed) -> set[datetime]:
        return self.jobs

    def begun(self, key: TaskKey) -> set[str]:
        return set()

    async def make(
        self, key: TaskKey, followed: Followed, slot: Slot, replaced: Sequence[JobFacts]
    ) -> None:
        self.tries += 1
        if self.fails:
            raise self.fails
        self.made.append((key, slot.nominal))
        self.replaced.append(len(replaced))


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
        deadline: int = 60,
    ) -> None:  # fmt: skip
        timetable = read(Terms(schedule=schedule, jitter=jitter, seed=str(key)))
        digest = f"{schedule} {jitter}"
        followed = Followed(
            TASK_UID, CRONJOB_UID, timetable, digest, SlotTemplate(""), policy, priority, deadline,
            digest,
        )  # fmt: skip
        course = Course(timetable, self.clock.now, deadline * SECOND)
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
    assert [(gap.verdict, gap.reason) for gap in gaps] == [(Verdict.MISSED, "CreateRefused")]


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
        bench.engine.accounted(KEY, (), ())
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


async def test_edits_of_far_off_tasks_leave_no_timers_behind() -> None:
    bench = Bench()
    for number in range(3000):
        bench.follow(schedule=f"{number % 60} {number // 60} 0 1 1 *")

    assert len(bench.engine._timers) < 1100
