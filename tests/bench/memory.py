"""Benchmark `memory`: what tasks weigh that have run for weeks, and how soon a restart is over.

Each has a full history, a log tail, and three Jobs with a Pod each that stand. Beside it the same
operator with nothing to do.
"""

from pathlib import Path
from typing import Final

from cronwright.kube import paths
from tests.bench import lived, process
from tests.bench.api import all_at_once
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.intake import take_in
from tests.bench.process import Memory
from tests.bench.progress import Progress
from tests.bench.report import Figure
from tests.bench.restart import Restart, restart
from tests.bench.stage import Stage

NAME: Final = "memory"
DEFAULT_N: Final = 5000
_MEMORY_GOAL: Final = 250.0
_CAUGHT_UP_GOAL: Final = 20.0
_TIMEOUT: Final = 600.0

# The controllers have to take in what is created here at a pace that no cluster sees; and beyond
# 12,500 Pods that have ended they would delete some.
_UNLIMITED: Final = "--kube-api-qps=1000 --kube-api-burst=2000 --terminated-pod-gc-threshold=0"


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Weigh the operator, idle and then at work."""
    with cluster(given, progress, {"KCM_ARGS": _UNLIMITED}) as place:
        async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
            idle = await _idle(stage)
            await stage.create(range(count))
            await take_in(stage, count)
            stage.subject.stop()
            await _live(stage, count)
            await _settle(stage, count)
            back = await restart(stage, count)
            return _figures(count, idle, stage.subject.memory(), back)


async def _idle(stage: Stage) -> Memory:
    follower = Follower(stage.cluster, stage.subject)
    stage.subject.start()
    await follower.until(lambda: len(follower.operator) > 0, _TIMEOUT, "first request")
    await follower.until_quiet()
    memory = stage.subject.memory()
    stage.subject.stop()
    return memory


async def _live(stage: Stage, count: int) -> None:
    stage.say(f"giving each task {lived.RUNS} runs, and the Jobs and Pods of {lived.KEPT}")
    uids = {
        cronjob["metadata"]["name"]: cronjob["metadata"]["uid"]
        async for page in stage.client.list_pages(paths.cronjobs(stage.namespace))
        for cronjob in page["items"]
    }
    names = sorted(uids)
    fills = (lived.fill(stage, number, uids[names[number]]) for number in range(count))
    await all_at_once(fills, "lived", stage.progress)


async def _settle(stage: Stage, count: int) -> None:
    """Let the operator say its part on the new past: the restart that counts is the one after."""
    stage.say("settling")
    follower = Follower(stage.cluster, stage.subject)
    stage.subject.start()
    await follower.until(lambda: len(follower.writes) >= count, _TIMEOUT, "first look")
    await follower.until_all_quiet()


def _figures(count: int, idle: Memory, memory: Memory, back: Restart) -> list[Figure]:
    head = f"{count} tasks"
    return [
        Figure(NAME, f"{head}: memory", memory.resident, "MiB", idle.resident, _MEMORY_GOAL),
        Figure(NAME, f"{head}: memory, peak", memory.peak, "MiB", idle.peak),
        Figure(
            NAME, f"{head}: memory, proportional", memory.proportional, "MiB", idle.proportional
        ),
        Figure(
            NAME,
            f"{head}: memory a task",
            (memory.resident - idle.resident) / count * 1024,
            "KiB",
        ),
        Figure(
            NAME, f"{head}: restart: first change carried out", back.first, "s",
            goal=_CAUGHT_UP_GOAL,
        ),
        Figure(NAME, f"{head}: restart: caught up", back.caught_up, "s", goal=_CAUGHT_UP_GOAL),
        Figure(NAME, f"{head}: restart: writes", back.writes, "", goal=0.0),
        Figure(NAME, f"{head}: restart: processor time", back.cpu, "s"),
    ]  # fmt: skip
