"""Benchmark `adopt`: tasks taken in per second, writes a task, restarts, memory.

The textbook operator first, then ours on the same number of tasks, each in a cluster of its own
on the same machine. Ours then goes on to five times as many. These tasks are new; `memory` has
what tasks weigh that have run for a while.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import process
from tests.bench.cluster import cluster
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
    return [*_compared(small, baseline), *_grown(large)]


async def _course(stage: Stage, standing: int, count: int) -> Course:
    """Create more tasks while the operator is away, let it take them in, restart it."""
    stage.subject.stop()
    await stage.create(range(standing, count))
    intake = await take_in(stage, count - standing)
    back = await restart(stage, count)
    return Course(count, count - standing, intake, back, stage.subject.memory())


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


def _grown(course: Course) -> list[Figure]:
    """List what only ours was measured at."""
    head = f"{course.count} tasks"
    rest = [
        (f"{head}: taken in on top", course.pace, "a second", None),
        (f"{head}: writes a task", _writes(course), "", _WRITES_GOAL),
        (f"{head}: restart: first change carried out", course.back.first, "s", _CAUGHT_UP_GOAL),
        (f"{head}: restart: caught up", course.back.caught_up, "s", _CAUGHT_UP_GOAL),
        (f"{head}: restart: writes", course.back.writes, "", 0.0),
        (f"{head}: memory", course.memory.resident, "MiB", _MEMORY_GOAL),
        (f"{head}: memory, proportional", course.memory.proportional, "MiB", None),
        (f"{head}: memory, peak", course.memory.peak, "MiB", None),
    ]
    return [Figure(NAME, name, value, unit, goal=goal) for name, value, unit, goal in rest]


def _writes(course: Course) -> float:
    return course.intake.writes / course.new
