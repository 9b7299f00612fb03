"""Benchmark `record`: how soon a run's end stands in its task's status, at a steady pace of runs.

From the moment at which the API server has the pod's terminated state to the one at which it has
the status with the run's record; both by its own audit log. Beside it the Job's own condition
for the same runs: what somebody sees who watches Jobs.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

from cronwright.kube import paths
from tests.bench import process, tasks
from tests.bench.cluster import cluster
from tests.bench.follow import Follower
from tests.bench.progress import Progress
from tests.bench.report import Figure, percentile
from tests.bench.runs import Runs, manual_job
from tests.bench.stage import Stage

NAME: Final = "record"
DEFAULT_N: Final = 300
_PACE: Final = 5.0
_TASKS: Final = 60
_P50_GOAL: Final = 0.5
_P99_GOAL: Final = 2.0
_WRITES_GOAL: Final = 2.0
_TIMEOUT: Final = 180.0

# By default the controller-manager makes 20 requests a second in all: it, not the operator, would
# set the pace of the runs.
_UNLIMITED: Final = (
    "--kube-api-qps=1000 --kube-api-burst=2000 "
    "--concurrent-cron-job-syncs=20 --concurrent-job-syncs=20"
)
_AUDIT_POLICY: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Request
  resources:
  - group: cronwright.dev
  - group: batch
  - resources: [pods/status]
- level: Metadata
"""
# Every tenth run fails; all say something, as programs do.
_PROGRAM: Final = """\
for line in 1 2 3 4 5 6 7 8 9 10; do echo "page $line: read, converted, stored"; done
sleep 0.5
echo done
exit %d
"""


async def run(count: int, given: Path | None, progress: Progress) -> list[Figure]:
    """Measure at the usual pace."""
    with tempfile.TemporaryDirectory(prefix="cronwright-bench-") as directory:
        policy = Path(directory) / "audit-policy.yaml"
        policy.write_text(_AUDIT_POLICY)
        flags = {
            "KCM_ARGS": _UNLIMITED,
            "APISERVER_ARGS": f"--audit-policy-file={policy}",
        }
        with cluster(given, progress, flags) as place:
            async with Stage(place, process.cronwright, progress, keep=given is None) as stage:
                return await _measure(stage, count)


async def _measure(stage: Stage, count: int) -> list[Figure]:
    await _set_up(stage)
    follower = Follower(stage.cluster, stage.subject)
    busy = stage.subject.cpu_seconds()
    stage.say(f"{count} runs at {_PACE:g} a second")
    runs = Runs(await _start_runs(stage, follower, count))

    def all_recorded() -> bool:
        runs.take(follower.everybody)
        follower.everybody.clear()
        stage.progress.count("recorded", len(runs.recorded), count)
        return len(runs.recorded) == count and len(runs.decided) == count

    await follower.until(all_recorded, _TIMEOUT, "record of all runs")
    busy = stage.subject.cpu_seconds() - busy
    await follower.until_quiet()
    statuses = [e for e in follower.operator if e.is_done({"update"}, "scheduledtasks/status")]
    return _figures(runs, count, len(statuses) / count, busy / count)


async def _set_up(stage: Stage) -> None:
    """Create the tasks and let the operator take them in."""
    path = paths.scheduledtasks(stage.namespace)
    for number in range(_TASKS):
        failing = number % 10 == 9
        container = {
            "image": "local/shell",
            "command": ["/bin/sh", "-c", _PROGRAM % (3 if failing else 0)],
        }
        await stage.client.create(path, tasks.task(number, container, policy="Allow"))
    follower = Follower(stage.cluster, stage.subject)
    stage.subject.start()

    def all_stand() -> bool:
        return sum(e.is_done({"update"}, "scheduledtasks/status") for e in follower.operator) >= (
            _TASKS
        )

    await follower.until(all_stand, _TIMEOUT, f"intake of {_TASKS} tasks")
    await follower.until_quiet()


async def _start_runs(stage: Stage, follower: Follower, count: int) -> list[str]:
    """Start Jobs from the tasks' CronJobs in turn, at a steady pace; give their names."""
    cronjobs = {
        each["metadata"]["name"]: each
        for each in (await stage.client.get(paths.cronjobs(stage.namespace)))["items"]
    }
    began = time.monotonic()
    names = []
    for index in range(count):
        await asyncio.sleep(max(0.0, began + index / _PACE - time.monotonic()))
        body = manual_job(cronjobs[tasks.name(index % _TASKS)], index)
        await stage.client.create(paths.jobs(stage.namespace), body)
        names.append(body["metadata"]["name"])
        stage.progress.count("started", index + 1, count)
    return names


def _figures(runs: Runs, count: int, writes: float, cpu: float) -> list[Figure]:
    ours, theirs = runs.delays(runs.recorded), runs.delays(runs.decided)
    delays = [
        ("pod's end to record, p50", 0.50, _P50_GOAL),
        ("pod's end to record, p90", 0.90, None),
        ("pod's end to record, p99", 0.99, _P99_GOAL),
        ("pod's end to record, longest", 1.0, None),
    ]
    return [
        *(
            Figure(NAME, name, percentile(ours, share), "s", percentile(theirs, share), goal)
            for name, share, goal in delays
        ),
        Figure(NAME, "runs a second, by their ends", runs.pace(), ""),
        Figure(
            NAME, "complete records", runs.complete, f"of {count}", goal=count, more_is_better=True
        ),
        Figure(NAME, "status writes a run", writes, "", goal=_WRITES_GOAL),
        Figure(NAME, "processor time a run", cpu * 1000, "ms"),
    ]
