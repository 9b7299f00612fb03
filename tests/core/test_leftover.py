"""A Job of a request comes late: it finds its name taken, or nobody lets it run and it goes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.leftover import is_leftover
from cronwright.core.plan import decide
from cronwright.core.prune import CLAIM_STANDS
from cronwright.model.run import PendingReason, PendingRun, Trigger
from tests.core.world import NOON, TASK_UID, cronjob, finished, job, task, world

RUN_ID = identity.request_run_id(TASK_UID, "one")
NOTES = {identity.RUN_ID: RUN_ID, identity.REQUEST: "one"}
HALFWAY = job("report-one", suspended=True, owned_by_controller=False, annotations=NOTES)
WAITS = PendingRun(id=RUN_ID, reason=PendingReason.QUEUED, trigger=Trigger.MANUAL)
SHOWN = {"id": RUN_ID, "reason": "Queued", "trigger": "Manual"}


def test_one_of_whose_request_nothing_is_left_goes() -> None:
    of = task()
    assert is_leftover(HALFWAY, of, ())
    look = replace(world(of, standing=cronjob(of)), leftovers=(HALFWAY,))
    assert decide(look).prunes == (HALFWAY,)
    assert RUN_ID in look.known, "or a run that the status shows would be lost"
    going = replace(look, leftovers=(replace(HALFWAY, deleting=True),))
    assert not decide(going).prunes


@pytest.mark.parametrize("kind", ["run", "backfill"])
def test_one_whose_request_stands_stays(kind: str) -> None:
    assert not is_leftover(HALFWAY, task(annotations={f"{kind}.cronwright.dev/one": "{}"}), ())


def test_one_whose_run_waits_stays() -> None:
    assert not is_leftover(HALFWAY, task(status={"pending": [SHOWN]}), ())
    assert not is_leftover(HALFWAY, task(), (WAITS,))


@pytest.mark.parametrize(
    "of",
    [
        replace(HALFWAY, suspended=False),
        replace(HALFWAY, owned_by_controller=True),
        finished(HALFWAY, "Complete"),
        replace(HALFWAY, annotations={**NOTES, identity.ATTEMPT: "2"}),
        job(suspended=True, owned_by_controller=False),
    ],
)
def test_what_runs_or_has_run_or_was_not_asked_for_is_no_leftover(of: JobFacts) -> None:
    assert not is_leftover(of, task(), ())


def test_a_requests_job_stands_for_a_while_whatever_the_limits() -> None:
    of = task({"successfulJobsHistoryLimit": 0})
    done = finished(replace(HALFWAY, suspended=False), "Complete")
    look = world(of, standing=cronjob(of), recorded=(done,))
    until = NOON + timedelta(seconds=3) + CLAIM_STANDS
    assert (decide(look).prunes, decide(look).wake) == ((), until)
    assert decide(replace(look, now=until)).prunes == (done,)
    asked = replace(look, now=until, task=task(annotations={"run.cronwright.dev/one": "{}"}))
    assert not decide(asked).prunes, "the next operator may act on it again"
