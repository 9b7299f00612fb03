"""Every example is taken by the API server strictly, stands as a CronJob, and fires."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cronwright.model.base import render_time
from tests.cluster.kubectl import Kubectl
from tests.cluster.minutes import now
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_every_example_is_ready(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    printed = await kubectl("apply", "--validate=strict", "-o", "name", "-f", str(EXAMPLES))
    applied = {line for line in printed.splitlines() if line.startswith("scheduledtask")}
    assert len(applied) == len(list(EXAMPLES.iterdir()))
    ready = await tasks.all_ready()
    assert {f"scheduledtask.cronwright.dev/{name}" for name in ready} == applied


async def test_a_flaky_example_succeeds_the_third_time(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    await kubectl("apply", "-f", str(EXAMPLES / "29-retry.yaml"))
    await tasks.ready("flaky")
    record = await tasks.run("flaky")
    assert (record["verdict"], record["attempts"]) == ("Succeeded", 3)
    assert record["logTail"] == "attempt 3\n"


async def test_an_example_counts_on_from_run_to_run(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    await kubectl("apply", "-f", str(EXAMPLES / "30-checkpoint.yaml"))
    status = await tasks.ended("counter", 2, timeout=60.0)
    assert [each["result"] for each in status["history"][:2]] == ["batch 2", "batch 1"]


async def test_an_example_skips_slots_and_says_so(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    await kubectl("apply", "-f", str(EXAMPLES / "31-accounted-for.yaml"))

    async def skipped() -> dict[str, Any]:
        status = await tasks.status("skips")
        assert status["counts"]["Skipped"] >= 2
        return status

    (gap,) = (await until(skipped, 60.0))["gaps"]
    assert (gap["verdict"], gap["reason"]) == ("Skipped", "ConcurrencyForbid")
    await tasks.edit("skips", suspend=True)


# What a CronJob can't say: each is due within half a minute, but for the one-shot.
MANAGED = sorted(EXAMPLES.glob("1[4-9]-*")) + sorted(EXAMPLES.glob("2[0-46-8]-*"))


async def test_what_a_cronjob_cannot_say_is_fired(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    for file in MANAGED:
        await kubectl("apply", "-f", str(file))
    await tasks.all_ready()
    await tasks.edit("new-year", at=render_time(now() + timedelta(seconds=5)))

    async def all_fired() -> dict[str, Any]:
        everything = await tasks.all()
        assert len(everything) == len(MANAGED)
        waiting = [name for name, body in everything.items() if not body["status"].get("lastRun")]
        assert not waiting, waiting
        return everything

    for name, body in (await until(all_fired, 60.0, every=0.5)).items():
        record = body["status"]["lastRun"]
        assert (body["status"]["mode"], record["trigger"]) == ("Managed", "Schedule"), name
        assert record["verdict"] == "Succeeded", name
        assert record["logTail"] == f"due at {record['slot']}\n", name


async def test_a_request_gives_an_example_its_parameters(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    await kubectl("apply", "-f", str(EXAMPLES / "32-parameters.yaml"))
    await tasks.ready("export")
    wanted = {"requestedAt": render_time(now()), "parameters": {"region": "us", "limit": 100}}
    await kubectl("annotate", "stask", "export", f"run.cronwright.dev/once={json.dumps(wanted)}")

    async def requested() -> dict[str, Any]:
        history = (await tasks.status("export"))["history"]
        record: dict[str, Any] = {each["trigger"]: each for each in history}["Manual"]
        return record

    record = await until(requested)
    assert record["parameters"] == {"region": "us", "limit": "100", "dry-run": "false"}


async def test_an_example_with_a_sidecar_records_the_work(
    kubectl: Kubectl, tasks: Tasks, operator: OperatorProcess
) -> None:
    await kubectl("apply", "-f", str(EXAMPLES / "33-sidecar.yaml"))
    await tasks.ready("with-proxy")
    record = await tasks.run("with-proxy")
    assert (record["verdict"], record["exitCode"]) == ("Succeeded", 0)
    assert (record["result"], record["logTail"]) == ("done", "the work\n")
