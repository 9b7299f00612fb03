"""What an attempt leaves reaches the next attempt and the next run."""

import pytest

from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks, shell

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
