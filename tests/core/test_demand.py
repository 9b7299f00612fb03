"""What is asked of a task beside its slots: what starts in the same look, and what a crash left."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cronwright.core import identity
from cronwright.core.answer import Act
from cronwright.core.demand import Demand, decide
from cronwright.core.facts import JobFacts
from cronwright.core.run import Run
from cronwright.core.slots import RECHECK
from cronwright.core.terms import timetable_of
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.run import PendingReason, PendingRun, Trigger
from tests.core.world import NOON, TASK_UID, cronjob, finished, job, task, world

SECOND = timedelta(seconds=1)
SLOT = NOON - 20 * SECOND
WAITS = PendingRun(
    id=identity.slot_run_id(TASK_UID, SLOT), reason=PendingReason.QUEUED,
    trigger=Trigger.SCHEDULE, slot=SLOT, due=SLOT,
)  # fmt: skip


def at(
    *jobs: JobFacts, spec: dict[str, Any] | None = None, pending: tuple[PendingRun, ...] = (),
    asked: tuple[str, ...] = (), status: dict[str, Any] | None = None,
) -> World:  # fmt: skip
    """Make the world of a task that queues, a second after noon."""
    annotations = {
        f"run.cronwright.dev/{each}": json.dumps({"requestedAt": render_time(NOON)})
        for each in asked
    }
    stored = {"pending": [each.model_dump(mode="json") for each in pending], **(status or {})}
    spec = {"schedule": "0 * * * * *", "concurrencyPolicy": "Queue", "maxQueued": 2, **(spec or {})}
    of = task(spec, annotations=annotations, status=stored)
    standing = replace(cronjob(of), suspended=True)
    return world(of, *(Run(each, ()) for each in jobs), standing=standing, now=NOON + SECOND)


def look(of: World, *, acts: bool = True, cancelled: frozenset[str] = frozenset()) -> Demand:
    return decide(of, timetable_of(of.task.terms), acts=acts, cancelled=cancelled)


def starts(of: Demand) -> list[str]:
    return [each.id for each in of.backlog.starts]


def rest(of: Demand) -> list[str]:
    return [each.id for each in of.backlog.rest]


def request(name: str) -> str:
    return identity.request_run_id(TASK_UID, name)


def halfway(name: str) -> JobFacts:
    notes = {identity.RUN_ID: request(name), identity.REQUEST: name}
    return job(f"half-{name}", suspended=True, owned_by_controller=False, annotations=notes)


def queued(name: str) -> PendingRun:
    return PendingRun(
        id=request(name), reason=PendingReason.QUEUED, trigger=Trigger.MANUAL, request=name,
        due=NOON - 5 * SECOND,
    )  # fmt: skip


def test_a_request_that_need_not_wait_starts_in_the_same_look() -> None:
    found = look(at(asked=("one",)))
    assert [each.act for each in found.answers] == [Act.QUEUE]
    assert starts(found) == [request("one")]


def test_a_request_waits_for_the_run_that_is_active_and_for_what_waits_already() -> None:
    assert starts(look(at(job(), asked=("one",)))) == []
    found = look(at(asked=("one",), pending=(WAITS,)))
    assert (starts(found), rest(found)) == ([WAITS.id], [WAITS.id, request("one")])


def test_what_is_more_than_the_queue_takes_is_skipped_once_the_queue_is_known_to_be_full() -> None:
    found = look(at(asked=("one", "two", "three")))
    assert [each.act for each in found.answers] == [Act.QUEUE] * 2, "the third is for the next look"
    found = look(at(job(), asked=("three",), pending=(queued("one"), queued("two"))))
    assert [(each.act, each.reason) for each in found.answers] == [(Act.SKIP, "QueueFull")]


def test_a_request_that_waits_already_is_only_forgotten() -> None:
    found = look(at(job(), asked=("one",), pending=(queued("one"),)))
    assert [each.act for each in found.answers] == [Act.FORGET]
    assert rest(found) == [request("one")]


@pytest.mark.parametrize(
    "left",
    [
        {"history": [{"id": WAITS.id, "trigger": "Schedule", "verdict": "Succeeded"}]},
        {"recorded": [identity.short_id(WAITS.id)]},
        {"active": [{"id": WAITS.id, "name": "gone", "trigger": "Schedule"}]},
    ],
    ids=["recorded", "recorded long ago", "its Job has gone"],
)
def test_what_has_begun_waits_no_longer(left: dict[str, Any]) -> None:
    found = look(at(pending=(WAITS,), status=left))
    assert rest(found) == []
    assert WAITS.id in found.backlog.seen, "nor does it come back from where it was put off"


def test_a_slot_that_has_a_job_of_whatever_id_waits_no_longer() -> None:
    stamp = {identity.SCHEDULED_TIMESTAMP: render_time(SLOT)}
    found = look(at(job(annotations=stamp), pending=(WAITS,)))
    assert rest(found) == []


@pytest.mark.parametrize("shown", [False, True])
def test_a_request_that_a_crash_left_halfway_goes_on(shown: bool) -> None:
    active = [{"id": request("one"), "name": "half-one", "trigger": "Manual"}] if shown else []
    of = at(
        job(), halfway("one"), pending=(queued("one"), queued("two")), status={"active": active}
    )
    assert starts(look(of)) == [request("one")]
    of = at(halfway("one"), asked=("one",))
    assert starts(look(of)) == [request("one")], "also before it was answered"


@pytest.mark.parametrize("target", ["all", request("one"), request("two")])
@pytest.mark.parametrize("policy", ["Queue", "Allow"])
def test_a_request_that_was_cancelled_before_it_was_answered(policy: str, target: str) -> None:
    of = at(halfway("one"), asked=("one",), spec={"concurrencyPolicy": policy})
    note = {f"cancel.cronwright.dev/{target}": json.dumps({"requestedAt": render_time(NOON)})}
    of = replace(of, task=replace(of.task, annotations={**of.task.annotations, **note}))
    (answer,) = look(of).answers
    meant = target != request("two")
    assert (answer.act is Act.CANCEL) is meant
    begun = replace(of.runs[0], job=replace(of.runs[0].job, suspended=False))
    (answer,) = look(replace(of, runs=(begun,))).answers
    assert answer.act is not Act.CANCEL, "it runs, and is ended gracefully"


def test_a_run_that_waits_for_its_next_attempt_is_none_of_these() -> None:
    retry = PendingRun(
        id="retry", reason=PendingReason.RETRY, trigger=Trigger.SCHEDULE, slot=NOON, attempt=2
    )
    notes = {identity.RUN_ID: "retry", identity.RETRY: '{"limit": 1}'}
    last = finished(job(annotations=notes), "Failed")
    of = at(last, pending=(retry, WAITS))
    assert rest(look(of)) == [WAITS.id]
    assert starts(look(of)) == [], "its last Job stands for it, and the queue waits"


def test_nothing_starts_while_the_cronjob_is_being_changed() -> None:
    found = look(at(pending=(WAITS,), asked=("one",)), acts=False)
    assert (starts(found), rest(found), found.answers) == ([], [WAITS.id], ())


def test_what_is_cancelled_waits_no_longer() -> None:
    found = look(at(pending=(WAITS,)), cancelled=frozenset({WAITS.id}))
    assert (rest(found), starts(found)) == ([], [])
    assert WAITS.id in found.backlog.seen


def test_a_native_task_starts_nothing_right_before_its_slot() -> None:
    note = {"requestedAt": render_time(NOON), "from": render_time(NOON - timedelta(hours=1))}
    of = task(
        {"schedule": "1 * * * *"},
        annotations={"backfill.cronwright.dev/one": json.dumps(note)},
    )
    standing = cronjob(of, last_schedule_time=NOON - timedelta(minutes=59))
    for lead, started in ((30 * SECOND, True), (SECOND / 2, False)):
        now = NOON + timedelta(minutes=1) - lead
        found = look(world(of, standing=standing, now=now))
        assert bool(found.backlog.starts) is started
        assert len(found.backlog.rest) == 1
        assert ((now + RECHECK) in found.wakes) is not started


RETRY = PendingRun(
    id="orphan", reason=PendingReason.RETRY, trigger=Trigger.SCHEDULE, slot=SLOT, attempt=2,
    due=NOON + 60 * SECOND,
)  # fmt: skip


def test_a_run_that_waits_for_an_attempt_is_active_also_where_its_jobs_are_gone() -> None:
    of = at(pending=(RETRY, queued("one")), asked=("two",))
    found = look(of)
    assert (starts(found), rest(found)) == ([], [request("one"), request("two")])
    over = look(of, cancelled=frozenset({"orphan"}))
    assert starts(over) == [request("one")]


def test_a_run_that_waits_for_an_attempt_is_counted_once() -> None:
    last = job("last", annotations={identity.RUN_ID: "orphan"})
    spec = {"concurrencyPolicy": "Allow", "concurrencyGroup": "db", "maxQueued": 50}
    busy = [job(f"busy-{n}", uid=f"busy-{n}") for n in range(48)]
    of = at(last, *busy, spec=spec, pending=(RETRY, queued("one"), queued("two")))
    assert starts(look(of)) == [request("one")]
