"""Benchmark `burst`: a thousand tasks that are due in the same second, and how late each starts.

Beside them as many CronJobs due in the same minute, and the bare limit: one client that creates
as many Jobs at once. Once with the controller-manager as it comes, once with its limits lifted.
Each has a fresh cluster on the same machine.
"""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cronwright.kube import paths
from tests.bench import lived, process, slots, tasks
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.progress import Progress
from tests.bench.report import Figure, percentile
from tests.bench.stage import Stage

NAME: Final = "burst"
DEFAULT_N: Final = 1000
_LIFTED: Final = {
    "KCM_ARGS": "--kube-api-qps=1000 --kube-api-burst=2000 --concurrent-cron-job-syncs=20"
}
# Of Jobs all that was asked; of statuses, 12 KB each, only that they were written: a log of their
# text, which the API server writes before it answers, would take the time that is measured.
_AUDIT_POLICY: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  resources:
  - group: batch
    resources: [jobs]
- level: Metadata
"""
_LAST_GOAL: Final = 1.5
_LIMIT_GOAL: Final = 2.0
_RECORDED_GOAL: Final = 5.0
_TIMEOUT: Final = 600.0


@dataclass(frozen=True, slots=True)
class Burst:
    """How late the Jobs of one burst were, in seconds; `recorded`: until all starts stood."""

    late: list[float]
    recorded: float = 0.0


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure both, with and without the controller-manager's limits."""
    figures: list[Figure] = []
    settings: tuple[tuple[str, Mapping[str, str]], ...] = (("", {}), ("limits lifted: ", _LIFTED))
    with tempfile.TemporaryDirectory(prefix="cronwright-bench-") as directory:
        policy = Path(directory) / "audit-policy.yaml"
        policy.write_text(_AUDIT_POLICY)
        for head, more in settings:
            flags = {"APISERVER_ARGS": f"--audit-policy-file={policy}", **more}
            native = await _native(count, given, progress, flags)
            ours, limit = await _ours(count, given, progress, flags)
            figures += _figures(f"{head}{count} tasks", ours, native, limit)
    return figures


async def _native(
    count: int, given: Path | None, progress: Progress, flags: Mapping[str, str]
) -> Burst:
    """Let the CronJob controller fire as many CronJobs in one minute."""
    with cluster(given, progress, flags) as place:
        async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
            slot = slots.at_minute(10 + count / 100)
            bodies = [slots.cronjob(n, f"{slot.minute} * * * *") for n in range(count)]
            follower = Follower(place, stage.subject)
            await slots.create_all(stage, paths.cronjobs(stage.namespace), bodies, "CronJobs")
            progress.say(f"the CronJob controller: {count} CronJobs due at {slot:%H:%M:%S}")
            return Burst(await _jobs(stage, follower, count))


async def _ours(
    count: int, given: Path | None, progress: Progress, flags: Mapping[str, str]
) -> tuple[Burst, float]:
    """Let the operator fire tasks that have run for weeks; then measure the bare limit."""
    with cluster(given, progress, flags) as place:
        async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
            slot = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30 + count / 20)
            if slot.second == 0:
                slot += timedelta(seconds=1)  # else a CronJob could say it
            schedule = f"{slot.second} {slot.minute} {slot.hour} * * *"
            await slots.create_tasks(stage, [slots.task(n, schedule) for n in range(count)])
            for number in range(count):
                path = paths.scheduledtasks(stage.namespace, tasks.name(number), "status")
                status = lived.history(tasks.name(number), datetime.now(UTC))
                await stage.client.merge_patch(path, {"status": status})
                progress.count("given a history", number + 1, count)
            follower = Follower(place, stage.subject)
            stage.subject.start()
            await follower.until_quiet()
            stage.say(f"{count} tasks due at {slot:%H:%M:%S}")
            late = await _jobs(stage, follower, count)
            jobs = [each.body for each in slots.created(follower.everybody, stage.namespace)]
            recorded = await _recorded(stage, follower, count, slot) - slot.timestamp()
            await follower.until_quiet()
            stage.subject.stop()
            return Burst(late, recorded), await _bare(stage, jobs)


async def _jobs(stage: Stage, follower: Follower, count: int) -> list[float]:
    """Wait until all Jobs are made; give how late each was."""

    def made() -> bool:
        jobs = slots.created(follower.everybody, stage.namespace)
        stage.progress.count("started", len(jobs), count)
        return len(jobs) >= count

    deadline = time.monotonic() + _TIMEOUT
    while not made():
        follower.read()
        if time.monotonic() > deadline:
            raise RuntimeError(f"not {count} Jobs within {_TIMEOUT:.0f} s")
        await follower.pause()
    return slots.lateness(slots.created(follower.everybody, stage.namespace))


async def _recorded(stage: Stage, follower: Follower, count: int, slot: datetime) -> float:
    """Wait until each task's status was written after its slot; give the time of the last one.

    All was quiet before, and that a run has started is the next thing that there is to be said.
    """
    shown: dict[str, float] = {}

    def all_shown() -> bool:
        for entry in follower.operator:
            late = entry.time >= slot.timestamp()
            if late and entry.is_done({"update"}, "scheduledtasks/status"):
                shown.setdefault(entry.name, entry.time)
        stage.progress.count("recorded", len(shown), count)
        return len(shown) >= count

    await follower.until(all_shown, _TIMEOUT, "record of all starts")
    return max(shown.values())


async def _bare(stage: Stage, jobs: list[dict[str, Any]]) -> float:
    """Create the same Jobs once more, with one client; give the seconds that it takes."""
    path = paths.jobs(stage.namespace)
    bodies = [slots.renamed(job) for job in jobs]
    began = time.monotonic()
    await slots.create_all(stage, path, bodies, "Jobs, bare")
    return time.monotonic() - began


def _figures(head: str, ours: Burst, native: Burst, limit: float) -> list[Figure]:
    last = max(ours.late)
    rows = [
        ("first Job late by", min(ours.late), min(native.late), None),
        ("p50", percentile(ours.late, 0.5), percentile(native.late, 0.5), None),
        ("p99", percentile(ours.late, 0.99), percentile(native.late, 0.99), None),
        ("last Job late by", last, max(native.late), min(_LAST_GOAL, max(native.late))),
    ]
    return [
        *(Figure(NAME, f"{head}: {name}", late, "s", theirs, goal)
          for name, late, theirs, goal in rows),
        Figure(
            NAME, f"{head}: last Job, beside the bare limit", last, "s", limit, _LIMIT_GOAL * limit
        ),
        Figure(
            NAME, f"{head}: all starts recorded after the last", ours.recorded - last, "s",
            goal=_RECORDED_GOAL,
        ),
    ]  # fmt: skip
