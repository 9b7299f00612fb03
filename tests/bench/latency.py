"""Benchmark `latency`: from a slot to its Job, for twenty tasks at seconds of their own.

For five minutes; beside them as many CronJobs, which the CronJob controller fires each minute.
Then once more, with five thousand other tasks at rest.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cronwright.kube import paths
from tests.bench import process, slots
from tests.bench.audit import Entry
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.progress import Progress
from tests.bench.report import Figure, percentile
from tests.bench.stage import Stage

NAME: Final = "latency"
DEFAULT_N: Final = 5  # minutes
_TASKS: Final = 20
_AT_REST: Final = 5000
_P50_GOAL: Final = 0.040
_P99_GOAL: Final = 0.150
_FIRST_OF_OTHERS: Final = 10_000
_FIRST_CRONJOB: Final = 90_000


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure for so many minutes, without other tasks and with them."""
    figures: list[Figure] = []
    for others in (0, _AT_REST):
        with cluster(given, progress) as place:
            async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
                figures += await _measure(stage, count, others)
    return figures


async def _measure(stage: Stage, minutes: int, others: int) -> list[Figure]:
    far = datetime.now(UTC) + timedelta(hours=12)
    resting = f"0 {far.minute} {far.hour} * * *"
    chance = random.Random()
    bodies = [slots.task(n, f"{chance.randrange(60)} * * * * *") for n in range(_TASKS)]
    bodies += [slots.task(_FIRST_OF_OTHERS + n, resting) for n in range(others)]
    await slots.create_tasks(stage, bodies)
    follower = Follower(stage.cluster, stage.subject)
    stage.subject.start()
    await _until_taken_in(stage, follower, len(bodies))
    cronjobs = [slots.cronjob(_FIRST_CRONJOB + n, "* * * * *") for n in range(_TASKS)]
    await slots.create_all(stage, paths.cronjobs(stage.namespace), cronjobs, "CronJobs")
    began = slots.at_minute(5.0)
    end = began + timedelta(minutes=minutes)
    stage.say(f"{_TASKS} tasks at seconds of their own until {end:%H:%M:%S}")
    busy, rest = stage.subject.cpu_seconds(), time.monotonic()
    while datetime.now(UTC) < end + timedelta(seconds=5):
        follower.read()
        await follower.pause()
    busy = (stage.subject.cpu_seconds() - busy) / (time.monotonic() - rest)
    jobs = [
        each
        for each in slots.created(follower.everybody, stage.namespace)
        if began <= slots.slot_of(each) < end
    ]
    head = f"beside {others} tasks at rest: " if others else ""
    return _figures(head, jobs, minutes, busy)


async def _until_taken_in(stage: Stage, follower: Follower, count: int) -> None:
    def taken() -> bool:
        written = {e.name for e in follower.operator if e.resource == "scheduledtasks/status"}
        stage.progress.count("taken in", len(written), count)
        return len(written) >= count

    await follower.until(taken, 600.0, f"intake of {count} tasks")


def _figures(head: str, jobs: list[Entry], minutes: int, busy: float) -> list[Figure]:
    native = slots.lateness([each for each in jobs if each.user == slots.CONTROLLER])
    ours = slots.lateness([each for each in jobs if each.user != slots.CONTROLLER])
    rows = [("p50", 0.5, _P50_GOAL), ("p99", 0.99, _P99_GOAL), ("longest", 1.0, None)]
    return [
        *(
            Figure(
                NAME, f"{head}slot to Job, {name}", percentile(ours, share) * 1000, "ms",
                percentile(native, share) * 1000, goal * 1000 if goal else None,
            )
            for name, share, goal in rows
        ),
        Figure(
            NAME, f"{head}slots with a Job", len(ours), f"of {_TASKS * minutes}",
            goal=_TASKS * minutes, more_is_better=True,
        ),
        Figure(NAME, f"{head}processor, share of one core", busy * 100, "%"),
    ]  # fmt: skip
