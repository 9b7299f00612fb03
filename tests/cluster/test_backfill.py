"""Backfills: runs of slots that have passed, asked for by the command line and by annotations."""

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cronwright.core.identity import BACKFILL_PREFIX, backfill_run_id
from cronwright.kube import paths
from cronwright.model.base import render_time
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

HOUR = timedelta(hours=1)
HOURLY = "0 * * * *"  # native; with seconds it is managed


def backfill(kubeconfig: Path, tasks: Tasks, name: str, *arguments: str) -> list[str]:
    """Run the command line; give the slots that it lists."""
    command = [sys.executable, "-m", "cronwright", "backfill", name, "-n", tasks.namespace]
    command += ["--kubeconfig", str(kubeconfig)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=True)
    return [line.split()[-1] for line in done.stdout.splitlines()[1:]]


def passed(count: int, second: int = 0) -> list[str]:
    """List the last full hours, or that second of them, the oldest first."""
    hour = now().replace(minute=0, second=0, microsecond=0) - HOUR + timedelta(seconds=second)
    return [render_time(hour - each * HOUR) for each in range(count - 1, -1, -1)]


async def recorded(tasks: Tasks, name: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many runs are recorded and nothing waits; give them, the first first."""

    async def all_over() -> list[dict[str, Any]]:
        body = await tasks.get(name)
        history: list[dict[str, Any]] = body["status"]["history"]
        assert len(history) == count, body["status"]
        assert not body["status"].get("pending")
        assert not body["status"].get("backfills")
        notes = body["metadata"].get("annotations", {})
        assert not [each for each in notes if each.startswith(BACKFILL_PREFIX)]
        return history[::-1]

    return await until(all_over, 60.0)


@pytest.mark.parametrize(("second", "mode"), [(0, "Native"), (5, "Managed")])
async def test_the_slots_that_a_dry_run_lists_are_run_once_each(
    kubeconfig: Path, tasks: Tasks, operator: OperatorProcess, second: int, mode: str
) -> None:
    wanted = passed(3, second)
    await tasks.create(
        "report", schedule=f"{second} {HOURLY}", concurrencyPolicy="Forbid",
        container=shell("sleep 1; echo $CRONWRIGHT_SLOT"),
    )  # fmt: skip
    assert (await tasks.ready("report"))["mode"] == mode
    span = ["--from", wanted[0], "--to", wanted[-1], "--id", "again"]

    assert backfill(kubeconfig, tasks, "report", *span, "--dry-run") == wanted
    assert not await tasks.jobs("report")
    assert backfill(kubeconfig, tasks, "report", *span) == wanted

    runs = await recorded(tasks, "report", 3)
    assert [(each["slot"], each["trigger"], each["verdict"]) for each in runs] == [
        (slot, "CatchUp", "Succeeded") for slot in wanted
    ]
    uid = (await tasks.get("report"))["metadata"]["uid"]
    moments = map(datetime.fromisoformat, wanted)
    assert [each["id"] for each in runs] == [backfill_run_id(uid, "again", m) for m in moments]
    for before, after in pairwise(runs):
        assert after["startTime"] >= before["completionTime"], "Forbid lets none run beside another"

    # The same id once more, as a Git repository brings it back, starts nothing.
    value = {"requestedAt": datetime.now(UTC).isoformat(), "from": wanted[0], "to": wanted[-1]}
    note = {f"{BACKFILL_PREFIX}again": json.dumps(value)}
    place = paths.scheduledtasks(tasks.namespace, "report")
    await tasks.client.merge_patch(place, {"metadata": {"annotations": note}})
    assert len(await recorded(tasks, "report", 3)) == 3
    assert len(await tasks.jobs("report")) == 3


async def test_more_slots_than_have_room_at_once_all_run(
    kubeconfig: Path, tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create(
        "many", schedule=f"0 {HOURLY}", historyLimit=50, successfulJobsHistoryLimit=0
    )
    await tasks.ready("many")
    wanted = passed(45)

    listed = backfill(
        kubeconfig, tasks, "many", "--from", wanted[0], "--to", wanted[-1], "--limit", "45",
        "--order", "NewestFirst",
    )  # fmt: skip

    assert listed == wanted[::-1]
    runs = await recorded(tasks, "many", 45)
    assert Counter(each["slot"] for each in runs) == Counter(dict.fromkeys(wanted, 1))


async def test_a_backfill_that_can_not_be_is_refused_in_an_event(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    value = {"requestedAt": datetime.now(UTC).isoformat(), "from": "yesterday"}
    await tasks.create("wrong", annotations={f"{BACKFILL_PREFIX}wrong": json.dumps(value)})
    await tasks.ready("wrong")

    async def told() -> str:
        message: str = (await tasks.events("RequestRefused"))[0]["message"]
        return message

    message = await until(told)
    assert "wrong" in message
    assert "from" in message
    assert "2026-01-31T00:00:00Z" in message, "the remedy"
    assert "annotations" not in (await tasks.get("wrong"))["metadata"]
