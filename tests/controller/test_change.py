"""What is asked for is not started by a task that is older than it stands."""

from typing import Any, cast

import pytest

from cronwright.controller.change import Changes
from cronwright.controller.tasks import TaskKey, TaskStore
from cronwright.kube.errors import Conflict
from tests.core.world import cronjob, task, world

KEY = TaskKey("team", "report")
WORLD = world(task(), standing=cronjob(task()))  # of the version 7


class Cluster:
    """An API server with one task, and the store that its answers go to."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.asked = 0
        self.tasks = TaskStore()

    async def get(self, _: str) -> dict[str, Any]:
        self.asked += 1
        return {"metadata": {**KEY._asdict(), "uid": "a", "resourceVersion": self.version}}


def changes(cluster: Cluster) -> Changes:
    other = cast("Any", None)
    return Changes(cast("Any", cluster), cast("Any", cluster), other, other, other)


async def test_an_older_task_is_looked_at_again() -> None:
    cluster = Cluster("8")
    of = changes(cluster)
    for _ in range(2):
        with pytest.raises(Conflict):
            await of.refuse_older(KEY, WORLD)
    assert cluster.tasks.version(KEY) == 8, "the next look finds it as it stands"


async def test_it_is_asked_once() -> None:
    cluster = Cluster("7")
    of = changes(cluster)
    for _ in range(3):
        await of.refuse_older(KEY, WORLD)
    assert cluster.asked == 1
