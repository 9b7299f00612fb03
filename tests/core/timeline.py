"""A native task over time: a controller that fires, skips and dies, and an operator that looks.

The controller does as Kubernetes' own (pkg/controller/cronjob): it fires the latest slot that is
due, unless its deadline has passed or `Forbid` holds it back, and keeps so many Jobs. What it did
is the truth that tests hold the statuses against.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cronwright.core import identity
from cronwright.core.account import accounted
from cronwright.core.evidence import slots_with_runs
from cronwright.core.facts import Finished, JobFacts
from cronwright.core.identity import short_id
from cronwright.core.ledger import Sight
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Step, decide
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.status import Gap, TaskStatus
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Terms, Timetable, read
from tests.core.world import NOON, cronjob, job, task

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@dataclass
class Timeline:
    """Everything at one time; `pass_to` moves on, second by second."""

    schedule: str = "* * * * *"
    policy: str = "Allow"
    deadline: int | None = None
    limit: int = 10
    now: datetime = NOON
    controller: bool = True
    watched: datetime | None = NOON  # since when the operator has watched; None while it is down
    fired: dict[datetime, datetime] = field(default_factory=dict)  # slot by its Job's creation
    jobs: dict[datetime, JobFacts] = field(default_factory=dict)  # those that stand, by slot
    last: datetime | None = None
    lasts: timedelta = SECOND  # how long a run takes
    status: TaskStatus = field(default_factory=TaskStatus)
    gone: dict[datetime, JobFacts] = field(default_factory=dict)
    gaps: list[tuple[Gap, set[datetime]]] = field(default_factory=list)  # all there ever were

    @property
    def timetable(self) -> Timetable:
        return read(Terms(schedule=self.schedule))

    def pass_to(self, moment: datetime) -> None:
        """Let time pass; whole minutes are what matters, and the ends of runs."""
        while self.now < moment:
            self.now += SECOND
            self._end_runs()
            if self.controller:
                self._fire()
                self._prune()

    def crash(self) -> None:
        self.watched, self.gone = None, {}

    def restart(self) -> None:
        if self.watched is None:
            self.watched = self.now

    def look(self) -> TaskStatus:
        """Look as the operator does, if it is up, and write what it would write."""
        if self.watched is None:
            return self.status
        outcome, world, plan = self._outcome()
        self.status = fold(world, plan, outcome)
        for gap in outcome.gaps:
            slots = {gap.first + n * MINUTE for n in range((gap.last - gap.first) // MINUTE + 1)}
            slots -= slots_with_runs(world)
            assert len(slots) == gap.count
            self.gaps.append((gap, slots))
        again, world, plan = self._outcome()
        assert fold(world, plan, again).render() == self.status.render(), "looking twice"
        self.gone = {}
        return self.status

    def _outcome(self) -> tuple[Outcome, World, Any]:
        of = self.task()
        recorded, runs = [], []
        known = {entry.id for entry in self.status.history}
        for each in (*self.jobs.values(), *self.gone.values()):
            if each.run_id in known or short_id(each.run_id) in self.status.recorded:
                recorded += [each] if each.uid in {j.uid for j in self.jobs.values()} else []
            else:
                runs.append(Run(each, (), gone=each not in self.jobs.values()))
        standing = replace(
            cronjob(of, last_schedule_time=self.last, created=NOON),
            succeeded_limit=self.limit,
        )
        sight = Sight(self.watched, self.now)
        world = World(
            of, standing, tuple(runs), tuple(recorded), self.now, own_generation=1, sight=sight
        )
        plan = decide(world)
        outcome = Outcome(plan.readiness, standing, written=plan.step is Step.KEEP)
        return accounted(world, plan, outcome, followed=False), world, plan

    def task(self) -> ScheduledTask:
        spec: dict[str, Any] = {"schedule": self.schedule, "concurrencyPolicy": self.policy}
        if self.deadline is not None:
            spec["startingDeadlineSeconds"] = self.deadline
        made = task(spec, status=self.status.render())
        return replace(made, created=NOON)

    def _fire(self) -> None:
        slot = self.timetable.last(self.now)
        if slot is None or slot <= (self.last or NOON):
            return
        if self.deadline is not None and slot + timedelta(seconds=self.deadline) < self.now:
            return
        active = any(each.finished is None for each in self.jobs.values())
        if self.policy == "Forbid" and active:
            return
        notes = {identity.SCHEDULED_TIMESTAMP: render_time(slot)}
        made = job(f"report-{int(slot.timestamp()) // 60}", created=self.now, annotations=notes)
        self.jobs[slot] = replace(made, start_time=self.now)
        self.fired[slot], self.last = self.now, slot

    def _end_runs(self) -> None:
        for slot, each in self.jobs.items():
            if each.finished is None and each.created + self.lasts <= self.now:
                end = Finished(succeeded=True, reason="", message="", time=self.now)
                self.jobs[slot] = replace(each, finished=end)

    def _prune(self) -> None:
        done = sorted((each.created, slot) for slot, each in self.jobs.items() if each.finished)
        for _, slot in done[: max(0, len(done) - self.limit)]:
            dropped = self.jobs.pop(slot)
            if self.watched is not None:
                self.gone[slot] = dropped
