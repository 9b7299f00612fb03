"""A task's history in numbers, and the Event of a run that takes longer than it says."""

import asyncio

import pytest

from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster


async def test_a_run_that_takes_unusually_long_is_told_of_once(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create("usual", container=shell("exit 0"), historyLimit=50)
    await tasks.ready("usual")
    await asyncio.gather(*(tasks.start_job("usual", f"usual-{n}") for n in range(5)))
    statistics = (await tasks.ended("usual", 5))["statistics"]
    assert (statistics["runs"], statistics["timedRuns"]) == (5, 5)
    assert (statistics["successRate"], statistics["failureStreak"]) == (1, 0)
    assert statistics["p50Seconds"] <= statistics["p95Seconds"] < 30

    await tasks.edit("usual", container=shell("exec sleep 300"))
    await tasks.ready("usual")
    await tasks.start_job("usual", "unusual")

    async def told() -> str:
        event = (await tasks.events("SlowRun"))[0]
        assert event["involvedObject"]["name"] == "usual"
        message: str = event["message"]
        return message

    message = await until(told, 60.0, every=0.5)
    assert message.startswith('run "unusual" has taken more than 1')
    assert "95% of the last 5 took at most" in message

    await operator.restart()
    await tasks.edit("usual", version="2")  # it is looked at again
    await tasks.ready("usual")
    assert len(await tasks.events("SlowRun")) == 1


async def test_failures_in_a_row_are_counted(tasks: Tasks, operator: OperatorProcess) -> None:
    await tasks.create("fails", container=shell("exit 1"))
    await tasks.ready("fails")
    for number in range(2):
        await tasks.run("fails", f"fails-{number}")
    statistics = (await tasks.status("fails"))["statistics"]
    assert (statistics["successRate"], statistics["failureStreak"]) == (0, 2)
