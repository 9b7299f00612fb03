"""Full histories: the status of a task that has run for weeks, for weighing an operator."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cronwright.kube import paths
from tests.bench import tasks
from tests.bench.stage import Stage

RUNS: Final = 20
_TAIL: Final = 4000


async def fill(stage: Stage, number: int) -> None:
    """Write a history of daily runs, and a log tail, into a task's status."""
    path = paths.scheduledtasks(stage.namespace, tasks.name(number), "status")
    status = history(tasks.name(number), datetime.now(UTC))
    await stage.client.merge_patch(path, {"status": status})


def history(name: str, now: datetime) -> dict[str, Any]:
    """Make what a status says of twenty daily runs, the newest of them an hour ago."""
    records = [_record(name, now - timedelta(hours=1, days=day)) for day in range(RUNS)]
    newest = records[0]
    return {
        "history": records,
        "lastRun": {**newest, "logTail": _log_tail()},
        "counts": {"Succeeded": RUNS},
        "lastRunTime": newest["startTime"],
        "lastSuccessTime": newest["completionTime"],
    }


def _record(name: str, end: datetime) -> dict[str, Any]:
    start = end - timedelta(seconds=90)
    return {
        "name": f"{name}-{int(start.timestamp()) // 60}",
        "id": str(uuid.uuid4()),
        "generation": 1,
        "slot": _time(start),
        "trigger": "Schedule",
        "verdict": "Succeeded",
        "startTime": _time(start),
        "completionTime": _time(end),
        "attempts": 1,
        "exitCode": 0,
        "reason": "Completed",
        "result": f"{uuid.uuid4().int % 100_000} rows written",
        "captured": "Full",
    }


def _log_tail() -> str:
    # Every line differs, as a program's do: equal ones would pack too well.
    lines = (f"page {number}: request {uuid.uuid4()} done\n" for number in range(200))
    return "".join(lines)[-_TAIL:]


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
