"""Which runs a request to cancel ends, and when it does nothing."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.cancel import Cancelling, cancel
from cronwright.core.facts import JobFacts
from cronwright.core.plan import decide
from cronwright.core.run import Run
from tests.core.world import NOON, TASK_UID, cronjob, finished, job, pod, task, world

NOW = NOON + timedelta(seconds=4)
FIRST, SECOND = job("report-1"), job("report-2")
ENDING = replace(FIRST, annotations={**FIRST.annotations, identity.ENDING: "cancel"})


def asked(run_id: str, at: datetime = NOW) -> dict[str, str]:
    return {f"cancel.cronwright.dev/{run_id}": json.dumps({"requestedAt": at.isoformat()})}


def cancelling(
    annotations: dict[str, str], *jobs: JobFacts, waiting: Any = (), status: Any = None
) -> Cancelling:
    going = [each for each in jobs if each.finished is None]
    ended = [each for each in jobs if each.finished is not None]
    return cancel(task(annotations=annotations, status=status), going, waiting, ended, NOW)


def test_one_run_is_ended_and_the_others_go_on() -> None:
    found = cancelling(asked(FIRST.run_id), FIRST, SECOND)
    assert found.jobs == (FIRST,)
    assert [(each.id, each.refusal) for each in found.requests] == [(FIRST.run_id, "")]


def test_all_ends_what_had_started_when_it_was_asked_for() -> None:
    later = replace(job("report-3"), created=NOW + timedelta(seconds=2))
    found = cancelling(asked("all"), FIRST, SECOND, later, waiting={"a", "b"})
    assert found.jobs == (FIRST, SECOND)
    assert found.waiting == {"a", "b"}


def test_a_run_that_waits_is_cancelled_without_a_job() -> None:
    found = cancelling(asked("a"), FIRST, waiting={"a", "b"})
    assert (found.jobs, found.waiting) == ((), frozenset({"a"}))
    assert [each.refusal for each in found.requests] == [""]


def test_a_run_that_is_being_ended_is_not_ended_again() -> None:
    late = asked(FIRST.run_id, NOW - timedelta(hours=1))  # the operator was away in between
    for each in (ENDING, finished(ENDING, "Failed", "DeadlineExceeded")):
        found = cancelling(late, each)
        assert found.jobs == ()
        assert [each.refusal for each in found.requests] == [""]


def test_a_run_that_was_cancelled_before_a_crash_is_told_of_no_more() -> None:
    record = {"id": "gone", "trigger": "Manual", "verdict": "Cancelled"}
    found = cancelling(asked("gone"), status={"history": [record]})
    assert [each.refusal for each in found.requests] == [""]


def test_a_run_that_was_asked_for_is_cancelled_once_it_has_begun() -> None:
    run_id = identity.request_run_id(TASK_UID, "mine")
    request = {"run.cronwright.dev/mine": json.dumps({"requestedAt": NOW.isoformat()})}
    assert cancelling({**request, **asked(run_id)}) == Cancelling()
    begun = replace(FIRST, annotations={identity.RUN_ID: run_id})
    assert cancelling({**request, **asked(run_id)}, begun).jobs == (begun,)


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        (asked("unknown"), "no run of this id is active or waits"),
        (asked(FIRST.run_id, NOW - timedelta(minutes=11)), "older than 10 minutes"),
        (asked(FIRST.run_id, NOW + timedelta(minutes=2)), "lies in the future"),
        ({f"cancel.cronwright.dev/{FIRST.run_id}": "now"}, "names no time"),
        ({"cancel.cronwright.dev/all": "now"}, "names no time"),
    ],
)
def test_what_can_not_be_done_is_refused(annotations: dict[str, str], words: str) -> None:
    found = cancelling(annotations, FIRST, waiting={"a"})
    assert (found.jobs, found.waiting) == ((), frozenset())
    assert words in found.requests[0].refusal


def test_what_ends_is_listened_to_and_not_ended_for_its_timeout_too() -> None:
    of = task({"timeout": "3s"}, annotations=asked(FIRST.run_id))
    plan = decide(world(of, Run(FIRST, (pod(FIRST, "Running"),)), standing=cronjob(of)))
    assert (plan.cancelling.jobs, plan.timeouts) == ((FIRST,), ())
    assert [each.follow for each in plan.captures] == [True]


def test_a_run_that_has_ended_is_not_ended_again() -> None:
    of = task(annotations=asked(FIRST.run_id, NOON))
    plan = decide(world(of, Run(FIRST, (pod(FIRST),)), standing=cronjob(of)))
    assert plan.cancelling.jobs == ()
    assert "no run of this id" in plan.cancelling.requests[0].refusal
