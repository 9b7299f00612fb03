"""Requests for runs: each answered once, in order, and only while it is fresh."""

import json
from datetime import timedelta

from cronwright.core import identity
from cronwright.core.answer import Act
from cronwright.core.requests import answer
from cronwright.model.base import render_time
from cronwright.model.run import PendingReason, PendingRun, Trigger
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, TASK_UID, job, task


def asked(policy: str = "Allow", known: tuple[str, ...] = (), **ages: float) -> ScheduledTask:
    annotations = {
        f"run.cronwright.dev/{name}": json.dumps(
            {"requestedAt": render_time(NOON - timedelta(seconds=age))}
        )
        for name, age in ages.items()
    }
    requests = [{"id": each, "time": render_time(NOON)} for each in known]
    return task(
        {"concurrencyPolicy": policy}, annotations=annotations, status={"requests": requests}
    )


def acts(of: ScheduledTask, *running: str) -> dict[str, Act]:
    jobs = [job(name, uid=name) for name in running]
    return {each.id: each.act for each in answer(of, jobs, frozenset(), (), NOON)}


def test_a_fresh_request_starts_a_run() -> None:
    assert acts(asked(one=5)) == {"one": Act.START}


def test_the_earliest_comes_first() -> None:
    answers = answer(asked(late=1, early=9), [], frozenset(), (), NOON)
    assert [each.id for each in answers] == ["early", "late"]


def test_what_was_acted_on_is_only_forgotten() -> None:
    assert acts(asked(known=("one",), one=5)) == {"one": Act.FORGET}


def test_a_recorded_run_is_not_started_again() -> None:
    run_id = identity.request_run_id(TASK_UID, "one")
    (found,) = answer(asked(one=700), [], frozenset({run_id}), (), NOON)
    assert found.act is Act.FORGET


def test_an_old_request_is_refused_with_a_remedy() -> None:
    (found,) = answer(asked(one=601), [], frozenset(), (), NOON)
    assert (found.act, "new id" in found.message) == (Act.REFUSE, True)


def test_a_request_from_the_future_is_refused() -> None:
    assert acts(asked(one=-90)) == {"one": Act.REFUSE}


def test_a_request_without_a_time_is_refused() -> None:
    for value in (
        "",
        "{}",
        "now",
        '{"requestedAt": "noon"}',
        '{"requestedAt": "2026-03-02T12:00"}',
    ):
        of = task(annotations={"run.cronwright.dev/one": value})
        assert acts(of) == {"one": Act.REFUSE}, value


def test_an_interrupted_start_is_finished_whatever_its_age() -> None:
    run_id = identity.request_run_id(TASK_UID, "one")
    begun = job(annotations={identity.RUN_ID: run_id})
    (found,) = answer(asked(one=5000), [begun], frozenset(), (), NOON)
    assert found.act is Act.START


def test_forbid_skips_while_a_run_is_active() -> None:
    assert acts(asked("Forbid", one=5), "busy") == {"one": Act.SKIP}


def test_forbid_starts_one_of_two() -> None:
    assert acts(asked("Forbid", one=5, two=4)) == {"one": Act.START, "two": Act.SKIP}


def test_replace_takes_the_place_of_what_runs() -> None:
    (found,) = answer(asked("Replace", one=5), [job("busy")], frozenset(), (), NOON)
    assert [each.name for each in found.replaces] == ["busy"]


def test_replace_goes_one_at_a_time() -> None:
    assert acts(asked("Replace", one=5, two=4)) == {"one": Act.START}


def test_a_hundred_ids_are_remembered_and_more_wait() -> None:
    known = tuple(f"old-{n}" for n in range(99))
    assert acts(asked(known=known, one=5, two=4)) == {"one": Act.START}


# A run that waits for its next attempt and whose Jobs are gone.
ORPHAN = PendingRun(
    id="orphan", reason=PendingReason.RETRY, trigger=Trigger.SCHEDULE, attempt=2, due=NOON
)


def test_a_run_that_waits_without_a_job_is_in_the_way_of_forbid() -> None:
    for of in (asked("Forbid", one=5), in_a_group("Forbid")):
        (found,) = answer(of, [], frozenset(), (ORPHAN,), NOON)
        assert (found.act, found.reason) == (Act.SKIP, "ConcurrencyForbid")


def in_a_group(policy: str) -> ScheduledTask:
    """Make the same task in a group."""
    of = asked(policy, one=5)
    return task({"concurrencyPolicy": policy, "concurrencyGroup": "db"}, annotations=of.annotations)


def test_fifty_runs_are_active_at_most_and_those_that_wait_are_among_them() -> None:
    jobs = [job(f"busy-{n}", uid=f"busy-{n}") for n in range(49)]
    of = asked(one=5, two=4)
    assert acts(of, *(each.name for each in jobs)) == {"one": Act.START, "two": Act.SKIP}
    for found in answer(of, jobs, frozenset(), (ORPHAN,), NOON):
        assert (found.act, found.reason) == (Act.SKIP, "TooManyActive")


def test_what_a_crash_interrupted_goes_on_beside_fifty_others() -> None:
    run_id = identity.request_run_id(TASK_UID, "one")
    begun = job("begun", annotations={identity.RUN_ID: run_id})
    jobs = [begun, *(job(f"busy-{n}", uid=f"busy-{n}") for n in range(50))]
    (found,) = answer(asked(one=5), jobs, frozenset(), (), NOON)
    assert found.act is Act.START
