"""What is known of a task may be older than what its status says."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cronwright.controller.gather import Sources, is_behind
from cronwright.core.run import Run
from tests.core.world import cronjob, job, task, world

JOB = job()
ACTIVE = {"name": JOB.name, "id": JOB.run_id, "trigger": "Schedule"}
TASK = task(status={"active": [ACTIVE]})  # of the version 7


@pytest.mark.parametrize(
    ("version", "runs", "behind"),
    [(6, (), True), (7, (), False), (6, (Run(JOB, ()),), False)],
)
def test_jobs_that_are_older_than_the_status_may_lack_one(
    version: int, runs: tuple[Run, ...], behind: bool
) -> None:
    sources = cast("Sources", cast("Any", SimpleNamespace(jobs=SimpleNamespace(version=version))))
    looked = world(TASK, *runs, standing=cronjob(TASK))
    assert is_behind(sources, looked) is behind
    stale = replace(looked, leftovers=(JOB,))
    assert is_behind(sources, stale) is (version < 7), "it was let go since"
    of = task()
    assert not is_behind(sources, world(of, *runs, standing=cronjob(of)))
