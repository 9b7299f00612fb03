"""How a run ended whose Job is gone: the run that takes its place may be seen a moment later."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cronwright.core.gone import ending_of_gone
from cronwright.core.plan import decide
from cronwright.core.run import Run
from cronwright.core.slots import RECHECK
from cronwright.model.base import render_time
from cronwright.model.run import Verdict
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, cronjob, finished, job, pod, task, world

JOB = job()
GONE = Run(JOB, (), gone=True)
NEXT = NOON + timedelta(minutes=5)
NOW = NEXT + timedelta(seconds=1)


def due(slot: datetime = NEXT, policy: str = "Replace") -> ScheduledTask:
    return task({"concurrencyPolicy": policy}, status={"nextRunTime": render_time(slot)})


def test_a_run_without_a_pod_waits_for_the_one_that_takes_its_place() -> None:
    of = due()
    assert ending_of_gone(GONE, of, (), NOW) is None
    plan = decide(world(of, GONE, standing=cronjob(of), now=NOW))
    assert plan.endings == {}
    assert plan.wake == NOW + RECHECK

    successor = job("report-2", created=NOW)
    ending = ending_of_gone(GONE, of, (successor,), NOW)
    assert ending is not None
    assert (ending.verdict, ending.reason) == (Verdict.REPLACED, "ConcurrencyReplace")


@pytest.mark.parametrize(
    ("of", "now"),
    [
        (due(NEXT + timedelta(minutes=5)), NOW),
        (due(), NEXT + timedelta(seconds=31)),
        (due(policy="Allow"), NOW),
        (task({"concurrencyPolicy": "Replace"}), NOW),
    ],
    ids=["no slot is due", "the slot has been due for long", "Allow", "no slot is shown"],
)
def test_a_run_that_makes_no_room_was_deleted(of: ScheduledTask, now: datetime) -> None:
    ending = ending_of_gone(GONE, of, (), now)
    assert ending is not None
    assert (ending.verdict, ending.reason) == (Verdict.CANCELLED, "JobDeleted")


def test_a_run_that_had_ended_speaks_for_itself() -> None:
    done = replace(GONE, job=finished(JOB, "Complete"), pods=(pod(JOB),))
    ending = ending_of_gone(done, due(), (), NOW)
    assert ending is not None
    assert ending.verdict is Verdict.SUCCEEDED
