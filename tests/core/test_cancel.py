"""What an annotation cancels: one run or all, that run or wait, and nothing of later."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from cronwright.core import cancel, identity
from cronwright.core.answer import Act
from cronwright.core.cancel import Cancels
from cronwright.core.facts import JobFacts
from cronwright.model.run import PendingReason, PendingRun, Trigger
from tests.core.world import TASK_UID, job, task

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ASKED = NOW - 5 * SECOND


def running(name: str, created: datetime, **annotations: str) -> JobFacts:
    return job(name, created=created, annotations={identity.RUN_ID: name, **annotations})


def waits(run_id: str, due: datetime) -> PendingRun:
    return PendingRun(
        id=run_id, reason=PendingReason.QUEUED, trigger=Trigger.SCHEDULE, slot=due, due=due
    )


def decide(
    target: str,
    jobs: tuple[JobFacts, ...] = (),
    pending: tuple[PendingRun, ...] = (),
    *,
    asked: datetime = ASKED,
    requested: str = "",
) -> Cancels:
    notes = {identity.CANCEL_PREFIX + target: json.dumps({"requestedAt": asked.isoformat()})}
    if requested:
        notes[identity.RUN_REQUEST_PREFIX + requested] = "{}"
    return cancel.decide(task(annotations=notes), jobs, pending, {"ended"}, NOW)


def test_one_run_is_ended_and_its_annotation_taken_off() -> None:
    one, other = running("one", NOW - 60 * SECOND), running("other", NOW - 60 * SECOND)

    found = decide("one", (one, other))

    assert found.jobs == (one,)
    assert [(each.annotation, each.act) for each in found.answers] == [
        ("cancel.cronwright.dev/one", Act.FORGET)
    ]


def test_a_run_that_waits_never_starts() -> None:
    found = decide("one", pending=(waits("one", NOW), waits("other", NOW)))

    assert found.ids == {"one"}
    assert found.jobs == ()


def test_all_means_what_there_was_when_it_was_asked() -> None:
    before, after = running("a", ASKED - SECOND), running("b", ASKED + SECOND)

    found = decide("all", (before, after), (waits("c", ASKED), waits("d", ASKED + SECOND)))

    assert found.jobs == (before,)
    assert found.ids == {"c"}


def test_all_waits_for_requests_of_before_to_be_answered() -> None:
    run_id = identity.request_run_id(TASK_UID, "mine")
    halfway = job(
        "half", suspended=True, owned_by_controller=False, created=ASKED - SECOND,
        annotations={identity.RUN_ID: run_id, identity.REQUEST: "mine"},
    )  # fmt: skip
    before, after = ({"requestedAt": (ASKED + n * SECOND).isoformat()} for n in (-1, 1))
    note = {identity.CANCEL_PREFIX + "all": json.dumps({"requestedAt": ASKED.isoformat()})}
    for value, answers in ((before, []), (after, [Act.FORGET])):
        notes = {**note, identity.RUN_REQUEST_PREFIX + "mine": json.dumps(value)}
        found = cancel.decide(task(annotations=notes), (halfway,), (), {"ended"}, NOW)
        assert (found.jobs, [each.act for each in found.answers]) == ((), answers)
    # One that waits in the status, or whose annotation was taken off, is nobody else's to end.
    found = cancel.decide(task(annotations=note), (halfway,), (), {"ended"}, NOW)
    assert (found.jobs, [each.act for each in found.answers]) == ((halfway,), [Act.FORGET])


def test_a_run_that_is_ended_already_is_not_ended_again() -> None:
    ending = running("one", NOW - 60 * SECOND, **{identity.ENDING: "cancel"})

    found = decide("one", (ending,))

    assert found.jobs == ()
    assert [each.act for each in found.answers] == [Act.FORGET]


@pytest.mark.parametrize(
    ("target", "asked", "words"),
    [
        ("nobody", ASKED, "no run of this id is active or waits"),
        ("one", NOW - timedelta(minutes=11), "older than 10 minutes"),
        ("all", NOW + timedelta(minutes=5), "lies in the future"),
    ],
)
def test_what_can_not_be_is_refused(target: str, asked: datetime, words: str) -> None:
    found = decide(target, (running("one", NOW - 60 * SECOND),), asked=asked)

    assert (found.jobs, found.ids) == ((), frozenset())
    ((act, message),) = [(each.act, each.message) for each in found.answers]
    assert act is Act.REFUSE
    assert words in message


def test_a_run_that_has_its_record_needs_nothing() -> None:
    assert [each.act for each in decide("ended").answers] == [Act.FORGET]


def test_a_run_that_is_only_requested_is_cancelled_once_it_is_there() -> None:
    run_id = identity.request_run_id(task().uid, "mine")

    assert decide(run_id, requested="mine") == Cancels()


def test_a_task_of_which_nobody_wants_anything_costs_nothing() -> None:
    assert cancel.decide(task(), (running("one", NOW),), (), set(), NOW) == Cancels()
