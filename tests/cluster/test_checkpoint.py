"""What an attempt leaves reaches the next attempt and the next run."""

from typing import Any

import pytest

from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

COUNTS = r"""
next=$(( ${CRONWRIGHT_CHECKPOINT:-0} + 1 ))
echo "attempt $CRONWRIGHT_ATTEMPT at $next"
echo "{\"checkpoint\": \"$next\", \"result\": \"at $next\"}" > /dev/termination-log
[ $(( next % 2 )) = 0 ]
"""


async def test_a_run_goes_on_where_the_last_attempt_stopped(
    tasks: Tasks, operator: OperatorProcess
) -> None:
    await tasks.create(
        "counter",
        container=shell(COUNTS),
        checkpoint=True,
        retry={"limit": 1, "backoff": {"initial": "1s"}},
    )
    assert (await tasks.ready("counter"))["modeReason"] == "Checkpoint"
    for count in (1, 2):
        await tasks.request("counter", f"run-{count}")
        status = await tasks.ended("counter", count)
        record = status["lastRun"]
        assert (record["verdict"], record["attempts"]) == ("Succeeded", 2)
        assert (status["checkpoint"], record["result"]) == (f"{2 * count}", f"at {2 * count}")
        assert record["logTail"] == f"attempt 2 at {2 * count}\n"


NEXT = r"""
next=$(( ${CRONWRIGHT_CHECKPOINT:-0} + 1 ))
echo "{\"checkpoint\": \"$next\", \"result\": \"$next\"}" > /dev/termination-log
"""


@pytest.mark.parametrize("policy", ["Forbid", "Queue"])
async def test_a_run_that_follows_at_once_finds_it_too(
    tasks: Tasks, operator: OperatorProcess, policy: str
) -> None:
    await tasks.create(
        "quick",
        schedule="* * * * * *",
        concurrencyPolicy=policy,
        container=shell(NEXT),
        checkpoint=True,
    )

    async def ten() -> dict[str, Any]:
        status = await tasks.status("quick")
        assert status["counts"]["Succeeded"] >= 10
        return status

    history = (await until(ten, 60.0))["history"]
    results = [int(record["result"]) for record in reversed(history)]
    assert results == list(range(1, len(results) + 1))
