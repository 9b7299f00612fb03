"""Runs that do not get going: when that is told, in whose words, and how seldom."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.core.facts import JobFacts
from cronwright.core.outcome import Outcome
from cronwright.core.plan import decide
from cronwright.core.pod import PodFacts
from cronwright.core.run import Run
from cronwright.core.stall import comes_late, goes_on, stall_of
from cronwright.core.status import fold
from cronwright.core.waiting import Waiting, waiting_of
from cronwright.model.base import render_time
from cronwright.model.status import Condition, TaskStatus
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, cronjob, finished, job, pod, task, world

JOB = job()
IMAGE = Waiting("ImagePullBackOff", "no such image", NOON, broken=True)
NO_NODE = Waiting("Unschedulable", "no node has room", NOON)
CREATING = Waiting("ContainerCreating", "", NOON)


def waits(waiting: Waiting | None, **changes: Any) -> PodFacts:
    return pod(JOB, "Pending", {"waiting": {}}, waiting=waiting, **changes)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def told(run: Run, seconds: float, shown: Condition | None = None) -> tuple[Any, float | None]:
    """Give what is told of a run after so many seconds, and when the next look is due."""
    found, wake = stall_of([run], shown, at(seconds))
    due = None if wake is None else (wake - NOON).total_seconds()
    return (found.reason, found.message) if found else None, due


@pytest.mark.parametrize(
    ("waiting", "seconds", "expected"),
    [
        pytest.param(None, 100, (None, None), id="what does not wait is not told of"),
        pytest.param(IMAGE, 0, ("is in ImagePullBackOff: no such image", None), id="at once"),
        pytest.param(NO_NODE, 29, (None, 30.0), id="a cluster may grow"),
        pytest.param(NO_NODE, 30, ("is in Unschedulable: no node has room", None), id="in time"),
        pytest.param(CREATING, 54, (None, 55.0), id="an image may be large"),
    ],
)
def test_a_pod_is_told_of_within_a_minute(
    waiting: Waiting | None, seconds: float, expected: tuple[str | None, float | None]
) -> None:
    found, due = told(Run(JOB, (waits(waiting),)), seconds)
    words, wake = expected
    head = 'run "report-1": its pod "report-1-x" '
    assert (found, due) == (("PodNotStarting", head + words) if words else None, wake)


def test_where_a_pod_has_no_words_its_events_are_asked() -> None:
    quiet = waits(CREATING)
    (reason, message), _ = told(Run(JOB, (quiet,)), 55)
    assert (reason, message) == ("PodNotStarting", None)
    words = {quiet.uid: 'FailedMount: secret "keys" not found'}
    (_, message), _ = told(Run(JOB, (quiet,), words=words), 55)
    assert message.endswith('is in ContainerCreating: FailedMount: secret "keys" not found')
    (_, message), _ = told(Run(JOB, (quiet,), words={quiet.uid: ""}), 55)
    assert message.endswith(": kubectl describe pod report-1-x may tell more")


def test_a_job_without_a_pod_is_told_of() -> None:
    assert told(Run(JOB, ()), 29) == (None, 30.0)
    assert told(Run(JOB, ()), 30) == (("PodNotCreated", None), None)
    words = {JOB.uid: "FailedCreate: exceeded quota"}
    (_, message), _ = told(Run(JOB, (), words=words), 30)
    assert message == 'run "report-1": its Job has no pod: FailedCreate: exceeded quota'


@pytest.mark.parametrize(
    "of",
    [
        replace(JOB, suspended=True),
        replace(JOB, deleting=True),
        replace(JOB, pods_ended=1),
        finished(JOB, "Failed"),
    ],
    ids=["suspended", "deleting", "between two attempts", "finished"],
)
def test_a_job_that_needs_no_pod_now_is_not(of: JobFacts) -> None:
    assert told(Run(of, ()), 1000) == (None, None)


def test_what_is_shown_keeps_its_words() -> None:
    quiet = waits(CREATING)
    shown = Condition(
        type="Stalled",
        status="True",
        reason="PodNotStarting",
        message='run "report-1": its pod "report-1-x" is in ContainerCreating: as it was told',
        last_transition_time=NOON,
    )
    (_, message), _ = told(Run(JOB, (quiet,)), 500, shown)
    assert message == shown.message


def test_a_command_that_does_not_exist_is_one_cause_between_the_tries_too() -> None:
    reasons = set()
    for reason in ("RunContainerError", "CrashLoopBackOff"):
        status = {
            "phase": "Pending",
            "containerStatuses": [
                {
                    "name": "task",
                    "state": {"waiting": {"reason": reason, "message": f"{reason}: 10s"}},
                    "lastState": {
                        "terminated": {"reason": "StartError", "message": "no such file"}
                    },
                }
            ],
        }
        found = waiting_of({"creationTimestamp": render_time(NOON)}, status)
        assert found is not None
        reasons.add((found.reason, found.message, found.broken))
    assert reasons == {("RunContainerError", "no such file", True)}


def test_of_several_runs_the_first_that_stalls_is_told_of() -> None:
    second = job("report-2")
    found, wake = stall_of([Run(JOB, (waits(NO_NODE),)), Run(second, ())], None, at(10))
    assert (found, wake) == (None, at(30))
    found, wake = stall_of([Run(JOB, (waits(None),)), Run(second, ())], None, at(40))
    assert found is not None
    assert (found.job, wake) == (second, None)


STARTED = {"running": {"startedAt": "2026-03-02T12:01:00Z"}}
SOON = {"running": {"startedAt": "2026-03-02T12:00:02Z"}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param(waits(CREATING), pod(JOB, "Running", SOON), False, id="it was soon enough"),
        pytest.param(waits(CREATING), pod(JOB, "Running", STARTED), True, id="it came late"),
        pytest.param(waits(IMAGE), pod(JOB, "Running", SOON), True, id="it was told at once"),
        pytest.param(waits(NO_NODE), waits(NO_NODE), False, id="it waits on"),
        pytest.param(
            waits(NO_NODE), waits(replace(CREATING, since=at(40))), True, id="for another thing"
        ),
        pytest.param(
            waits(NO_NODE), waits(replace(CREATING, since=at(4))), False, id="soon enough"
        ),
        pytest.param(waits(None), pod(JOB, "Running", STARTED), False, id="it did not wait"),
    ],
)
def test_only_the_end_of_a_long_wait_is_looked_at(
    old: PodFacts, new: PodFacts, expected: bool
) -> None:
    assert goes_on(old, new) is expected


def test_a_pod_that_comes_late_is_looked_at() -> None:
    assert not comes_late(JOB, waits(None, created=at(3)))
    assert comes_late(JOB, waits(None, created=at(31)))


def folded(of: ScheduledTask, run: Run, seconds: float) -> TaskStatus:
    here = world(of, run, standing=cronjob(of, last_schedule_time=NOON), now=at(seconds))
    plan = decide(here)
    return fold(here, plan, Outcome(plan.readiness, here.cronjob, written=True))


def test_it_costs_one_write_when_it_appears_and_one_when_it_goes() -> None:
    of = task()
    quiet, words = waits(CREATING), {f"pod-{JOB.name}-x": "FailedMount: no secret"}
    writes = [folded(of, Run(JOB, ()), 0)]
    for run, seconds in (
        (Run(JOB, (quiet,)), 5),
        (Run(JOB, (quiet,)), 56),  # asks for Events
        (Run(JOB, (quiet,), words=words), 57),
        (Run(JOB, (quiet,), words={quiet.uid: "FailedMount: something else"}), 90),
        (Run(JOB, (quiet,)), 120),  # after a restart
        (Run(JOB, (pod(JOB, "Running"),)), 130),
        (Run(JOB, (pod(JOB, "Running"),)), 140),
    ):
        status = folded(task(status=writes[-1].render()), run, seconds)
        if status.render() != writes[-1].render():
            writes.append(status)
    stalled = [[c.message for c in each.conditions if c.type == "Stalled"] for each in writes]
    assert [bool(each) for each in stalled] == [False, True, False]
    assert stalled[1][0].endswith("FailedMount: no secret")
