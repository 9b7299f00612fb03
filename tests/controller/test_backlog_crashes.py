"""A task's slots over crashes at the worst moments: each has one run, one verdict, or waits.

The parts are the operator's own. Simulated are the Jobs that stand, a status that is written whole
or not at all, and a process whose memory is lost.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from cronwright.controller.backlog import Backlogs, Footing
from cronwright.controller.claim import Claims, Followed
from cronwright.controller.course import course_of
from cronwright.controller.gather import Sources
from cronwright.controller.groups import Groups
from cronwright.controller.intake import Intake
from cronwright.controller.request import Requests
from cronwright.controller.slots import Entry, Slots
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.backlog import PENDING_AT_MOST
from cronwright.core.facts import JobFacts
from cronwright.core.firing import Progress
from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.run import Output, Run, slot_of
from cronwright.core.status import fold
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.run import Trigger
from cronwright.model.spec import ConcurrencyPolicy
from cronwright.model.status import TaskStatus
from cronwright.schedule import Slot, read
from tests.core.world import NOON, cronjob, finished, job, pod, task

SECOND = timedelta(seconds=1)
KEY = TaskKey("team", "report")


@dataclass
class Cluster:
    """What outlives the operator."""

    spec: dict[str, Any]
    now: datetime = NOON
    status: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, JobFacts] = field(default_factory=dict)

    def end_first(self) -> None:
        """Let the oldest run end."""
        for each in self.jobs.values():
            if each.finished is None:
                self.jobs[each.run_id] = finished(each, "Complete")
                return

    def active(self, key: TaskKey, *, judged: bool) -> Sequence[JobFacts]:
        return [each for each in self.jobs.values() if each.finished is None]

    def taken(self, key: TaskKey, followed: Followed) -> set[datetime]:
        return {slot for slot in map(slot_of, self.jobs.values()) if slot}

    def begun(self, key: TaskKey) -> set[str]:
        return set(self.jobs)

    async def make(
        self, key: TaskKey, followed: Followed, slot: Slot, replaced: Sequence[JobFacts] = (),
        trigger: Trigger = Trigger.SCHEDULE,
    ) -> JobFacts:  # fmt: skip
        """Make the Job of a slot, unless it stands."""
        for each in replaced:
            self.jobs[each.run_id] = finished(each, "Failed")
        run_id = identity.slot_run_id(followed.task_uid, slot.nominal)
        notes = {
            identity.RUN_ID: run_id,
            identity.SCHEDULED_TIMESTAMP: render_time(slot.nominal),
            identity.TRIGGER: str(trigger),
        }
        name = f"report-{len(self.jobs)}"
        new = job(name, created=self.now, start_time=self.now, annotations=notes)
        return self.jobs.setdefault(run_id, new)


class Operator:
    """One life of the operator."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.intake = cluster, Intake()
        groups, claims = Groups(1, lambda _: None), cast("Claims", cluster)
        nothing = cast("Sources", None), claims, cast("Requests", None)
        self.slots = Slots(claims, groups, self.intake, lambda _: None)
        self.backlogs = Backlogs(*nothing, groups)
        world = self.gather()
        plan = decide(world)
        assert world.cronjob is not None
        self.entry = Entry(KEY, *course_of(world, plan, world.cronjob))

    def gather(self) -> World:
        """Put the world together as it stands."""
        cluster = self.cluster
        of = replace(task(cluster.spec, status=cluster.status), created=NOON)
        self.intake.stands(KEY, of.status.pending)
        known = {identity.short_id(each.id) for each in of.status.history}
        known |= set(of.status.recorded)
        runs = [
            each for each in cluster.jobs.values() if identity.short_id(each.run_id) not in known
        ]
        recorded = tuple(each for each in cluster.jobs.values() if each not in runs)
        standing = replace(cronjob(of), suspended=True)
        put_off = self.intake.put_off(KEY)
        now = cluster.now
        world = World(of, standing, tuple(map(_run, runs)), recorded, now, 1, put_off)
        rendered = decide(world).rendered
        assert rendered is not None
        return replace(world, cronjob=replace(standing, template_hash=rendered.hash))

    async def fire(self) -> None:
        """Decide the slots that are due."""
        await self.slots.decide(self.entry, self.cluster.now)

    async def reconcile(self, *, dies: bool = False, meanwhile: int = 0) -> TaskStatus:
        """Look at the task; it may die between the Jobs and the status.

        Slots may come due meanwhile, before the status is written and while it is.
        """
        world = self.gather()
        plan = decide(world)
        assert world.cronjob is not None
        footing = Footing(world.task, world.cronjob, self.entry.followed, frozenset())
        started = tuple(await self.backlogs.work_off(KEY, plan, footing, world.now))
        if dies:
            return world.task.status
        await self._pass(meanwhile)
        course, put_off = self.entry.course, self.intake.put_off(KEY)
        progress = Progress(plan.digest, course.until, None)
        outcome = Outcome(
            plan.readiness, world.cronjob, True, started, (), progress, course.hand_out(), put_off
        )
        status = fold(world, plan, outcome)
        assert len(status.pending) <= PENDING_AT_MOST
        await self._pass(meanwhile)
        self.cluster.status = status.render()
        self.intake.accounted(KEY, put_off)
        self.entry.course.shown = []
        return status

    async def _pass(self, seconds: int) -> None:
        if seconds:
            self.cluster.now += seconds * SECOND
            await self.fire()


def _run(of: JobFacts) -> Run:
    if of.finished is None:
        return Run(of, ())
    last = pod(of)
    output = Output(last.log_key(last.containers[0]), "", complete=True)
    return Run(of, (last,), (output,), frozenset({output.log_key}))


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("look"), st.integers(0, 30)),
    st.tuples(st.sampled_from(["fire", "end", "kill", "die"]), st.just(0)),
)


@given(
    st.sampled_from(ConcurrencyPolicy), st.integers(1, 4), st.sampled_from([0, 1, 3, 50]),
    st.lists(STEPS, max_size=40),
)  # fmt: skip
def test_over_crashes_each_slot_has_one_run_or_one_verdict(
    policy: ConcurrencyPolicy, queued: int, made_up: int, steps: list[tuple[str, int]]
) -> None:
    catch_up = {"policy": "All", "limit": made_up} if made_up else {}
    cluster = Cluster(
        {
            "schedule": "*/10 * * * * *",
            "startingDeadlineSeconds": 45,
            "concurrencyPolicy": str(policy),
            "maxQueued": queued,
            "catchUp": catch_up,
            "historyLimit": 5,
        }
    )
    asyncio.run(_live(cluster, steps))

    of = task(cluster.spec, status=cluster.status)
    until = of.status.accounted_until
    assert until is not None
    without = sum(of.status.counts.get(each, 0) for each in ("Missed", "Skipped"))
    assert len(cluster.jobs) + without == read(of.terms).count(NOON, until)
    slots = [slot_of(each) for each in cluster.jobs.values()]
    assert len(set(slots)) == len(slots)
    assert sum(of.status.counts.values()) - without == len(cluster.jobs)


async def _live(cluster: Cluster, steps: list[tuple[str, int]]) -> None:
    operator = Operator(cluster)
    await operator.reconcile()
    for step, seconds in steps:
        if step == "wait":
            cluster.now += seconds * SECOND
        elif step == "fire":
            await operator.fire()
        elif step == "end":
            cluster.end_first()
        elif step == "look":
            await operator.reconcile(meanwhile=seconds)
        else:
            if step == "die":
                await operator.reconcile(dies=True)
            operator = Operator(cluster)
    await operator.fire()
    for _ in range(400):
        status = await operator.reconcile()
        if not (status.pending or status.active):
            return
        cluster.end_first()
    raise AssertionError("it never comes to rest")
