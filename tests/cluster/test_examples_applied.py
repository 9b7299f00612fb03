"""Every example is taken by the API server strictly, and stands as a CronJob."""

from pathlib import Path

import pytest

from tests.cluster.kubectl import Kubectl
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.tasks import Tasks

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
