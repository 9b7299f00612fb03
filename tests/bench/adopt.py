"""Benchmark `adopt`: tasks taken in per second, writes a task, restarts, memory.

The textbook operator first, then ours on the same number of tasks, each in a cluster of its own
on the same machine. Ours then goes on to five times as many, and to full histories.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import histories, process
from tests.bench.api import all_at_once
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.intake import Intake, take_in
from tests.bench.process import Memory
from tests.bench.progress import Progress
from tests.bench.report import Figure
from tests.bench.restart import Restart, restart
from tests.bench.stage import Stage

NAME: Final = "adopt"
DEFAULT_N: Final = 1000
_GROWTH: Final = 5
_PACE_GOAL: Final = 2.0
_WRITES_GOAL: Final = 2.0
_CAUGHT_UP_GOAL: Final = 20.0
_MEMORY_GOAL: Final = 250.0
_TIMEOUT: Final = 600.0


@dataclass(frozen=True, slots=True)
class Course:
    """What was measured of one operator at one number of tasks."""

    count: int
    new: int
    intake: Intake
    back: Restart
    memory: Memory  # at rest after the restart

    @property
    def pace(self) -> float:
        """Tasks taken in per second."""
        return self.new / self.intake.seconds


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure both operators."""
    with cluster(given, progress) as place:
        async with Stage(place, process.textbook, progress, keep=given is None) as stage:
            baseline = await _course(stage, 0, count)
    with cluster(given, progress) as place:
        async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
            small = await _course(stage, 0, count)
            large = await _course(stage, count, count * _GROWTH)
            full = await _full_histories(stage, large.count)
    return [*_compared(small, baseline), *_grown(large, full)]


async def _course(stage: Stage, standing: int, count: int) -> Course:
    """Create more tasks while the operator is away, let it take them in, restart it."""
    stage.subject.stop()
    await stage.create(range(standing, count))
    intake = await take_in(stage, count - standing)
    back = await restart(stage, count)
    return Course(count, count - standing, intake, back, stage.subject.memory())


async def _full_histories(stage: Stage, count: int) -> tuple[Restart, Memory]:
    """Give every task the history of twenty runs, and restart and weigh the operator again."""
    stage.subject.stop()
    stage.say(f"writing {histories.RUNS} runs into each history")
    fills = (histories.fill(stage, number) for number in range(count))
    await all_at_once(fills, "written", stage.progress)
    # The operator has yet to say its part on them; the restart that counts is the one after.
    follower = Follower(stage.cluster, stage.subject)
    stage.subject.start()
    await follower.until(lambda: len(follower.writes) >= count, _TIMEOUT, "first look")
    await follower.until_quiet()
    back = await restart(stage, count)
    return back, stage.subject.memory()


def _compared(ours: Course, baseline: Course) -> list[Figure]:
    """List what both were measured at, on the same number of tasks."""
    pairs = [
        ("writes a task", _writes, "", _WRITES_GOAL),
        ("Events a task", lambda c: c.intake.events / c.new, "", None),
        ("processor time a task", lambda c: c.intake.cpu / c.new * 1000, "ms", None),
        ("from process start to first request", lambda c: c.intake.startup, "s", None),
        ("memory", lambda c: c.memory.resident, "MiB", None),
        ("restart: first change carried out", lambda c: c.back.first, "s", _CAUGHT_UP_GOAL),
        ("restart: caught up", lambda c: c.back.caught_up, "s", _CAUGHT_UP_GOAL),
        ("restart: writes", lambda c: c.back.writes, "", 0.0),
    ]
    pace = Figure(
        NAME,
        f"{ours.count} tasks: taken in",
        ours.pace,
        "a second",
        baseline=baseline.pace,
        goal=_PACE_GOAL * baseline.pace,
        more_is_better=True,
    )
    return [
        pace,
        Figure(
            NAME, f"{ours.count} tasks: faster than the baseline", ours.pace / baseline.pace, "x"
        ),
        *(
            Figure(NAME, f"{ours.count} tasks: {name}", get(ours), unit, get(baseline), goal)
            for name, get, unit, goal in pairs
        ),
    ]


def _grown(course: Course, full: tuple[Restart, Memory]) -> list[Figure]:
    """List what only ours was measured at."""
    back, memory = full
    head, filled = f"{course.count} tasks", f"{course.count} tasks with {histories.RUNS} runs"
    rest = [
        (f"{head}: taken in on top", course.pace, "a second", None),
        (f"{head}: writes a task", _writes(course), "", _WRITES_GOAL),
        (f"{head}: restart: first change carried out", course.back.first, "s", _CAUGHT_UP_GOAL),
        (f"{head}: restart: caught up", course.back.caught_up, "s", _CAUGHT_UP_GOAL),
        (f"{head}: restart: writes", course.back.writes, "", 0.0),
        (f"{head}: memory", course.memory.resident, "MiB", _MEMORY_GOAL),
        (f"{head}: memory, proportional", course.memory.proportional, "MiB", None),
        (f"{head}: memory, peak", course.memory.peak, "MiB", None),
        (f"{filled}: restart: first change carried out", back.first, "s", _CAUGHT_UP_GOAL),
        (f"{filled}: restart: caught up", back.caught_up, "s", _CAUGHT_UP_GOAL),
        (f"{filled}: restart: writes", back.writes, "", 0.0),
        (f"{filled}: restart: processor time", back.cpu, "s", None),
        (f"{filled}: memory", memory.resident, "MiB", _MEMORY_GOAL),
        (f"{filled}: memory, peak", memory.peak, "MiB", None),
    ]
    return [Figure(NAME, name, value, unit, goal=goal) for name, value, unit, goal in rest]


def _writes(course: Course) -> float:
    return course.intake.writes / course.new
