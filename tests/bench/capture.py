"""Benchmark `capture`: the operator's memory while many print far more than can be kept.

Runs of 50 MB each, of every kind of output that is awkward, that all end within a second; then as
many that print without end, and whose pods are deleted at the same moment. Beside the memory the
operator's with nothing to do. What is kept of each is held against what it printed.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from cronwright.kube import paths
from tests.bench import process, tasks
from tests.bench.api import all_at_once
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.progress import Progress
from tests.bench.report import Figure
from tests.bench.runs import manual_job
from tests.bench.stage import Stage
from tests.floods import FLOODS, LAST_WORDS, endless, printed_by, true_tail

NAME: Final = "capture"
DEFAULT_N: Final = 50
_MEMORY_GOAL: Final = 300.0
_TIMEOUT: Final = 600.0
_ENDS_IN: Final = 150.0  # the machine has to write all of it first
_PACE: Final = 10_000  # 200 KB a second each

_UNLIMITED: Final = "--kube-api-qps=1000 --kube-api-burst=2000"

Records = Mapping[str, Mapping[str, Any]]


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure the floods, and then what is ended in the middle."""
    expected = {name: true_tail(printed_by(script)) for name, script in FLOODS.items()}
    with cluster(given, progress, {"KCM_ARGS": _UNLIMITED}) as place:
        async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
            follower = Follower(stage.cluster, stage.subject)
            stage.subject.start()
            await follower.until(lambda: len(follower.operator) > 0, _TIMEOUT, "first request")
            await follower.until_quiet()
            idle = stage.subject.memory()
            floods, took = await _flood(stage, count)
            after = stage.subject.memory()
            deleted = await _delete(stage, count)
            peak = stage.subject.memory()
    kinds = list(FLOODS)
    last_words = true_tail(printed_by(LAST_WORDS))
    return [
        Figure(
            NAME, f"{count} times 50 MB at once: memory, peak", after.peak, "MiB", idle.peak,
            _MEMORY_GOAL,
        ),
        _true(count, "50 MB", floods, lambda number: expected[kinds[number % len(kinds)]]),
        _full(count, "50 MB", floods),
        Figure(NAME, "last end to last record", took, "s"),
        Figure(
            NAME, f"{count} deleted in the middle: memory, peak", peak.peak, "MiB", idle.peak,
            _MEMORY_GOAL,
        ),
        _true(count, "deleted", deleted, lambda _: last_words),
        _full(count, "deleted", deleted),
    ]  # fmt: skip


async def _flood(stage: Stage, count: int) -> tuple[Records, float]:
    """Start all floods and let them end together; give the records and how long those took."""
    end = int(time.time() + _ENDS_IN)
    scripts = list(FLOODS.values())
    wait = f"while [ $(date +%s) -lt {end} ]; do sleep 0.2; done"
    await _start(stage, [f"{scripts[n % len(scripts)]}\n{wait}" for n in range(count)])
    records = await _recorded(stage, range(count))
    return records, time.time() - end


async def _delete(stage: Stage, count: int) -> Records:
    """Start endless printers, and delete their pods once all run."""
    first = count
    await _start(stage, [endless(_PACE)] * count, first)
    running: list[str] = []
    while len(running) < count:
        await _pause()
        running = await _running(stage)
    stage.say(f"deleting {len(running)} pods")
    calls = [stage.client.delete(paths.pods(stage.namespace, name)) for name in running]
    await all_at_once(calls, "deleted", stage.progress)
    return await _recorded(stage, range(first, first + count))


async def _pause() -> None:
    """Let a moment pass between two looks."""
    await asyncio.sleep(1.0)


async def _start(stage: Stage, scripts: list[str], first: int = 0) -> None:
    path = paths.scheduledtasks(stage.namespace)
    for number, script in enumerate(scripts, first):
        container = {"image": "local/shell", "command": ["/bin/sh", "-c", script]}
        await stage.client.create(path, tasks.task(number, container, policy="Allow"))
    cronjobs: dict[str, dict[str, Any]] = {}
    while len(cronjobs) < first + len(scripts):
        await _pause()
        found = await stage.client.get(paths.cronjobs(stage.namespace))
        cronjobs = {each["metadata"]["name"]: each for each in found["items"]}
    numbers = range(first, first + len(scripts))
    jobs = [manual_job(cronjobs[tasks.name(number)], number) for number in numbers]
    calls = [stage.client.create(paths.jobs(stage.namespace), job) for job in jobs]
    await all_at_once(calls, "started", stage.progress)


async def _running(stage: Stage) -> list[str]:
    found = await stage.client.get(paths.pods(stage.namespace))
    return [
        each["metadata"]["name"]
        for each in found["items"]
        if each["status"].get("phase") == "Running"
    ]


async def _recorded(stage: Stage, numbers: range) -> Records:
    """Wait for the records of tasks, each of which has one run; by the task's name."""
    names = [tasks.name(number) for number in numbers]
    path, give_up = paths.scheduledtasks(stage.namespace), time.monotonic() + _TIMEOUT
    records: dict[str, Mapping[str, Any]] = {}
    while len(records) < len(names):
        if time.monotonic() > give_up:
            raise RuntimeError(f"{len(records)} of {len(names)} recorded in {_TIMEOUT:.0f} s")
        await _pause()
        stage.subject.check()
        async for page in stage.client.list_pages(path):
            for body in page["items"]:
                name, last = body["metadata"]["name"], body.get("status", {}).get("lastRun")
                if name in names and last:
                    records[name] = last
        stage.progress.count("recorded", len(records), len(names))
    return records


def _true(count: int, what: str, records: Records, expected: Callable[[int], str]) -> Figure:
    """Count the tails that are true, or say that they are not whole."""
    ordered = sorted(records.items())
    true = sum(
        record["captured"] != "Full" or record.get("logTail") == expected(number)
        for number, (_, record) in enumerate(ordered)
    )
    name = f"{what}: tails that are true or say Partial"
    return Figure(NAME, name, true, f"of {count}", goal=count, more_is_better=True)


def _full(count: int, what: str, records: Records) -> Figure:
    full = sum(record["captured"] == "Full" for record in records.values())
    return Figure(NAME, f"{what}: captured Full", full, f"of {count}")
