"""Whose slots they were, and what became of them: over edits, refusals, crashes and restores."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cronwright.core.accept import Readiness
from cronwright.core.account import accounted
from cronwright.core.facts import CronJobFacts
from cronwright.core.firing import Progress
from cronwright.core.identity import ATTEMPT, RUN_ID, SCHEDULED_TIMESTAMP, TRIGGER
from cronwright.core.ledger import MARGIN, Sight
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Step, decide
from cronwright.core.run import Run
from cronwright.core.status import fold
from cronwright.core.terms import terms_of, text_of
from cronwright.core.world import World
from cronwright.model.base import render_time
from cronwright.model.status import TaskStatus
from cronwright.model.task import ScheduledTask
from tests.core.world import NOON, cronjob, finished, job, task, world

MINUTE = timedelta(minutes=1)
FIVE = 5 * MINUTE
HOUR = timedelta(hours=1)
READY = Readiness(ok=True, reason="Reconciled", message="")
INVALID = Readiness(ok=False, reason="TemplateInvalid", message="no image")
QUOTA = Readiness(ok=False, reason="CronJobForbidden", message="exceeded quota: objects")
SECONDS: dict[str, Any] = {"schedule": "*/30 * * * * *"}


def native(until: datetime = NOON - FIVE, spec: dict[str, Any] | None = None, **more: Any) -> Any:
    """Make the status of a native task that is accounted for until then."""
    return {
        "observedGeneration": 1,
        "mode": "Native",
        "timetable": text_of(terms_of(cronjob(task(spec)))),
        "accountedUntil": render_time(until),
        "cronJob": {"generation": 1},
        **more,
    }


def managed(until: datetime = NOON - FIVE, spec: dict[str, Any] | None = None) -> Any:
    """Make the status of a managed task that is accounted for until then."""
    text = text_of(task(spec or SECONDS).terms)
    return {**native(until), "mode": "Managed", "timetable": text}


def look(
    of: ScheduledTask,
    *runs: Run,
    standing: CronJobFacts | None,
    now: datetime = NOON + timedelta(seconds=4),
    sight: Sight | None = None,
    step: Step | None = None,
    after: CronJobFacts | None = None,
    readiness: Readiness = READY,
    progress: Progress | None = None,
    followed: bool = False,
) -> Outcome:
    """Look once; `after` is the CronJob as it is then, where that is not the one that stands."""
    looked: World = replace(world(of, *runs, standing=standing, now=now))
    if sight is not None:
        looked = replace(looked, sight=sight)
    plan = decide(looked)
    plan = replace(plan, step=step or plan.step)
    written = readiness.ok and plan.step not in {Step.WAIT, Step.REFUSE}
    made = Outcome(readiness, after or standing, written=written, progress=progress)
    return accounted(looked, plan, made, followed=followed)


def told(outcome: Outcome) -> list[tuple[str, str, int]]:
    return [(each.verdict, each.reason, each.count) for each in outcome.gaps]


def until(outcome: Outcome) -> timedelta | None:
    return outcome.progress.until - NOON if outcome.progress else None


def test_the_account_begins_with_the_task() -> None:
    of = replace(task(), created=NOON - MINUTE)
    fresh = cronjob(of, created=NOON - MINUTE, last_schedule_time=None)
    found = look(of, standing=None, step=Step.CREATE, after=fresh, now=NOON - MINUTE)
    assert (until(found), told(found)) == (-MINUTE, [])
    assert found.progress is not None
    assert found.progress.next_due == NOON
    assert found.look_at == NOON + FIVE + MARGIN


def test_what_was_due_before_the_cronjob_stood_is_missed() -> None:
    of = replace(task(), created=NOON - 12 * MINUTE)
    made = cronjob(of, created=NOON, last_schedule_time=None)
    found = look(of, standing=None, step=Step.CREATE, after=made)
    assert told(found) == [("Missed", "NoCronJob", 3)]
    assert until(found) == timedelta(seconds=4)
    crashed = look(of, standing=made, now=NOON + MINUTE)
    assert (told(crashed), until(crashed)) == ([("Missed", "NoCronJob", 3)], timedelta())


def test_an_adopted_cronjob_owes_nothing_from_before_the_task() -> None:
    of = replace(task(), created=NOON - MINUTE)
    found = look(of, standing=cronjob(of), now=NOON - MINUTE)
    assert (until(found), told(found)) == (-MINUTE, [])


def test_a_cursor_moves_with_a_job_and_not_alone() -> None:
    of, fired = task(status=native()), cronjob(task(), last_schedule_time=NOON)
    assert until(look(of, standing=fired)) == -FIVE, "its Job is not seen yet"
    found = look(of, Run(job(), ()), standing=fired)
    assert (until(found), told(found)) == (timedelta(), [])


def test_nothing_is_decided_that_may_not_be_seen_yet() -> None:
    of, standing = task(status=native()), cronjob(task())
    late = NOON + FIVE + MARGIN
    assert told(look(of, standing=standing, now=late)) == [("Missed", "Superseded", 1)]
    deaf = look(of, standing=standing, now=late, sight=Sight(None, late - timedelta(seconds=1)))
    assert (told(deaf), until(deaf)) == ([], -FIVE)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [({"startingDeadlineSeconds": 60}, "DeadlinePassed"), ({}, "Superseded")],
)
def test_a_missed_slot_has_the_cause_that_the_facts_tell(spec: dict[str, Any], reason: str) -> None:
    of = task(spec, status=native(spec=spec))
    late = NOON + FIVE + MARGIN
    assert told(look(of, standing=cronjob(task(spec)), now=late)) == [("Missed", reason, 1)]


def test_a_slot_behind_a_run_that_the_controller_knows_is_skipped() -> None:
    spec = {"concurrencyPolicy": "Forbid"}
    slot = {SCHEDULED_TIMESTAMP: render_time(NOON - FIVE)}
    long = job("report-0", created=NOON - 3 * MINUTE, annotations=slot)
    of, standing = task(spec, status=native(spec=spec)), cronjob(task(spec))
    late = NOON + FIVE + MARGIN
    found = look(of, Run(long, ()), standing=standing, now=late)
    assert told(found) == [("Skipped", "ConcurrencyForbid", 1)]
    by_hand = replace(long, annotations={})
    found = look(of, Run(by_hand, ()), standing=standing, now=late)
    assert told(found) == [("Missed", "Superseded", 1)]


def test_a_run_of_the_history_holds_slots_back_too() -> None:
    spec = {"concurrencyPolicy": "Forbid"}
    entry = {
        "id": "1", "trigger": "Schedule", "verdict": "Succeeded", "name": "report-0",
        "slot": render_time(NOON - FIVE), "startTime": render_time(NOON - FIVE),
        "completionTime": render_time(NOON + FIVE),
    }  # fmt: skip
    of = task(spec, status=native(spec=spec, history=[entry]))
    found = look(of, standing=cronjob(task(spec)), now=NOON + FIVE + MARGIN)
    assert told(found) == [("Skipped", "ConcurrencyForbid", 1)]


def test_after_a_while_away_pruned_slots_are_unknown_and_the_others_missed() -> None:
    back = NOON + HOUR
    standing = cronjob(task(), last_schedule_time=NOON + 55 * MINUTE)
    jobs = [
        replace(
            finished(job(f"report-{n}"), "Complete"),
            start_time=NOON + n * FIVE,
            annotations={SCHEDULED_TIMESTAMP: render_time(
                NOON + n * FIVE
            )},
        )
        for n in (4, 5, 6, 8, 9, 10, 11)
    ]  # fmt: skip
    of = task(status=native())
    runs = tuple(Run(each, ()) for each in jobs)
    sight = Sight(back, back)
    few = look(of, *runs, standing=standing, now=back, sight=sight)
    assert told(few) == [("Missed", "Superseded", 5)], "fewer stand than are kept"
    kept = replace(standing, succeeded_limit=7)
    full = look(of, *runs, standing=kept, now=back, sight=sight)
    assert told(full) == [("Unknown", "FactsGone", 4), ("Missed", "Superseded", 1)]
    short = look(of, *runs, standing=replace(standing, ttl=1800), now=back, sight=sight)
    assert told(short) == [("Unknown", "FactsGone", 4), ("Missed", "Superseded", 1)]
    none = look(of, standing=replace(standing, failed_limit=0), now=back, sight=sight)
    assert told(none) == [("Unknown", "FactsGone", 11)]
    replaces = replace(standing, concurrency_policy="Replace")
    gone = look(of, *runs, standing=replaces, now=back, sight=sight)
    assert told(gone) == [("Unknown", "FactsGone", 5)], "a run that made room leaves no Job"


def test_what_was_watched_all_the_time_is_never_unknown() -> None:
    of, standing = task(status=native()), cronjob(task(), succeeded_limit=0)
    late = NOON + FIVE + MARGIN
    found = look(of, standing=standing, now=late, sight=Sight(NOON - HOUR, late))
    assert told(found) == [("Missed", "Superseded", 1)]


def test_a_cronjob_that_was_deleted_leaves_unknown_slots_or_missed_ones() -> None:
    of, now = task(status=native(NOON - 12 * MINUTE)), NOON + timedelta(seconds=4)
    made = cronjob(of, created=now, last_schedule_time=None)
    seen = look(of, standing=None, step=Step.CREATE, after=made, now=now)
    assert told(seen) == [("Missed", "NoCronJob", 3)]
    away = look(
        of, standing=None, step=Step.CREATE, after=made, now=now, sight=Sight(NOON - MINUTE, now)
    )
    assert told(away) == [("Unknown", "FactsGone", 2), ("Missed", "NoCronJob", 1)]
    assert until(away) == timedelta(seconds=4)


def test_a_cronjob_that_somebody_suspended_says_so() -> None:
    of, standing = task(status=native(NOON - 12 * MINUTE)), idle(task(), suspended=True)
    guarded = replace(standing, suspended=False)
    found = look(of, standing=standing, step=Step.REPLACE_GUARDED, after=guarded)
    assert told(found) == [("Missed", "Suspended", 3)]
    assert until(found) == timedelta(seconds=4)


def idle(of: ScheduledTask, **changes: Any) -> CronJobFacts:
    """Make a CronJob whose controller has fired nothing since the account's cursor."""
    return cronjob(of, last_schedule_time=NOON - 15 * MINUTE, **changes)


def test_an_edit_closes_one_account_and_opens_the_next() -> None:
    edited = task({"schedule": "1 * * * *"}, status=native(NOON - 12 * MINUTE), generation=2)
    new = cronjob(edited, last_schedule_time=NOON)
    found = look(edited, standing=idle(task()), step=Step.REPLACE_GUARDED, after=new)
    assert told(found) == [("Missed", "Superseded", 3)]
    assert until(found) == timedelta(seconds=4)
    assert found.progress is not None
    assert found.progress.digest == text_of(terms_of(new))
    assert found.progress.next_due == NOON + MINUTE


def test_a_crash_right_after_an_edit_loses_no_slot() -> None:
    edited = task({"schedule": "1 * * * *"}, status=native(NOON - 12 * MINUTE), generation=2)
    guarded = cronjob(edited, last_schedule_time=NOON - 6 * MINUTE)
    found = look(edited, standing=guarded)
    assert told(found) == [("Missed", "Superseded", 1)]
    assert until(found) == -6 * MINUTE


def test_an_edit_that_waits_for_a_slot_changes_nothing() -> None:
    edited = task({"schedule": "1 * * * *"}, status=native(), generation=2)
    found = look(edited, standing=cronjob(task()), step=Step.WAIT)
    assert (told(found), until(found)) == ([], -FIVE)
    assert found.progress is not None
    assert found.progress.next_due == NOON


def test_suspending_closes_the_account_and_resuming_opens_it_now() -> None:
    spec = {"suspend": True}
    suspended = task(spec, status=native(NOON - 12 * MINUTE), generation=2)
    found = look(
        suspended,
        standing=idle(task()),
        step=Step.REPLACE_GUARDED,
        after=idle(suspended),
    )
    assert (told(found), found.progress) == ([("Missed", "Superseded", 3)], None)

    plan_of = task(status={"observedGeneration": 2, "mode": "Native"}, generation=3)
    standing = idle(suspended)
    resumed = look(plan_of, standing=standing, step=Step.REPLACE_GUARDED, after=idle(plan_of))
    assert (told(resumed), until(resumed)) == ([], timedelta(seconds=4))


def test_the_engine_takes_over_the_slot_that_the_controller_owes() -> None:
    of = task(SECONDS, status=native(NOON - 12 * MINUTE), generation=2)
    since = NOON + timedelta(seconds=4)
    progress = Progress(text_of(of.terms), since, None)
    found = look(of, standing=idle(task()), step=Step.REPLACE, progress=progress)
    assert told(found) == [("Missed", "Superseded", 2)], "but for the one at noon"
    assert found.progress is progress


def test_a_managed_task_that_became_native_begins_where_the_engine_ended() -> None:
    of = task(status=managed(), generation=2)
    step, after = Step.REPLACE_GUARDED, cronjob(of, last_schedule_time=NOON)
    standing = cronjob(of, suspended=True)
    found = look(of, standing=standing, step=step, after=after, followed=True)
    assert (told(found), until(found)) == ([], timedelta(seconds=4))


def test_a_managed_task_that_was_edited_while_no_operator_ran_missed_its_slots() -> None:
    step = Step.REPLACE_GUARDED
    of = task(status=managed(), generation=2)
    standing = cronjob(of, suspended=True)
    found = look(of, standing=standing, step=step, after=cronjob(of, last_schedule_time=NOON))
    assert told(found) == [("Missed", "OperatorDown", 10)]

    suspended = task({**SECONDS, "suspend": True}, status=managed(), generation=2)
    found = look(suspended, standing=standing, step=Step.KEEP)
    assert (told(found), found.progress) == ([("Unknown", "Suspended", 10)], None)

    hidden = {**managed(), "timetable": "sha256:00"}
    found = look(task(status=hidden, generation=2), standing=standing, step=step)
    assert told(found) == [("Unknown", "Edited", 0)]


def test_a_job_that_was_sent_before_its_slot_was_missed_takes_its_verdict_back() -> None:
    of = task({**SECONDS, "startingDeadlineSeconds": 2}, status=managed(NOON))
    slot = NOON - 2 * MINUTE
    notes = {SCHEDULED_TIMESTAMP: render_time(slot), RUN_ID: "one", TRIGGER: "Schedule"}
    then = Progress(text_of(of.terms), NOON - MINUTE, None)

    def late(created: datetime, **more: str) -> tuple[datetime, ...]:
        run = Run(job(created=created, annotations={**notes, **more}), ())
        standing = cronjob(of, suspended=True)
        return look(of, run, standing=standing, followed=True, progress=then).late

    assert late(slot + timedelta(seconds=15)) == (slot,)
    assert late(slot + timedelta(seconds=2)) == (), "it was fired in time"
    assert late(slot + MINUTE, **{ATTEMPT: "2"}) == ()
    assert late(slot + MINUTE, **{TRIGGER: "CatchUp"}) == ()


CALENDAR: dict[str, Any] = {**SECONDS, "exclude": ["0 * * * * *"]}


@pytest.mark.parametrize(
    ("edit", "progress", "after"),
    [
        ({"suspend": True}, None, None),
        ({"schedule": "*/20 * * * * *"}, "its own", None),
        ({"schedule": "*/5 * * * *", "exclude": []}, None, "native"),
    ],
)
def test_what_calendars_took_out_before_an_edit_is_counted_with_it(
    edit: dict[str, Any], progress: str | None, after: str | None
) -> None:
    of = task({**CALENDAR, **edit}, status=managed(spec=CALENDAR), generation=2)
    since = NOON + timedelta(seconds=4)
    then = Progress(text_of(of.terms), since, None) if progress else None
    standing = cronjob(task(CALENDAR), suspended=True)
    found = look(
        of, standing=standing, followed=True, progress=then,
        after=cronjob(of, last_schedule_time=NOON) if after else None,
        step=Step.REPLACE_GUARDED if after else Step.KEEP,
    )  # fmt: skip
    assert told(found) == [("Excluded", "Calendar", 5)]


def test_what_calendars_took_out_of_a_timetable_that_goes_on_waits_for_the_next_slot() -> None:
    of = task(CALENDAR, status=managed(spec=CALENDAR))
    then = Progress(text_of(of.terms), NOON, None)
    found = look(of, standing=cronjob(of, suspended=True), followed=True, progress=then)
    assert told(found) == []


@pytest.mark.parametrize(
    ("readiness", "reason"),
    [
        (INVALID, "TemplateRefused"),
        (QUOTA, "QuotaExceeded"),
        (replace(QUOTA, message="no"), "CreateRefused"),
        (replace(INVALID, reason="NameTaken"), "NotReady"),
    ],
)
def test_slots_of_a_task_that_is_refused_are_missed(readiness: Readiness, reason: str) -> None:
    fresh = replace(task(), created=NOON - 12 * MINUTE)
    found = look(fresh, standing=None, step=Step.CREATE, readiness=readiness)
    assert told(found) == [("Missed", reason, 3)]
    assert found.progress is not None
    assert found.progress.next_due is None
    assert found.look_at == NOON + FIVE

    restarted = task(SECONDS, status=managed(), generation=2)
    found = look(restarted, standing=None, step=Step.CREATE, readiness=readiness)
    assert told(found) == [("Missed", reason, 10)]


def test_slots_of_a_suspended_task_that_is_refused_are_none() -> None:
    of = task({"suspend": True}, status=managed())
    found = look(of, standing=None, step=Step.CREATE, readiness=INVALID)
    assert (told(found), found.progress) == ([], None)


def test_a_refused_cronjob_that_stood_before_may_have_fired() -> None:
    of, now = task(status=native(NOON - 12 * MINUTE)), NOON + timedelta(seconds=4)
    sight = Sight(NOON - MINUTE, now)
    found = look(of, standing=None, step=Step.CREATE, readiness=INVALID, sight=sight)
    assert told(found) == [("Unknown", "FactsGone", 2), ("Missed", "TemplateRefused", 1)]


def test_a_status_of_an_earlier_version_goes_on_from_what_the_cronjob_says() -> None:
    status = {"observedGeneration": 1, "mode": "Native"}
    found = look(task(status=status), standing=cronjob(task()))
    assert (until(found), told(found)) == (-FIVE, [])


def test_a_restored_state_loses_what_the_engine_had_decided() -> None:
    of = task(SECONDS, status=managed())
    progress = Progress(text_of(of.terms), NOON + 30 * MINUTE, None)
    lost = Sight(NOON, NOON, restored=NOON)
    found = look(of, standing=cronjob(task()), progress=progress, sight=lost, followed=True)
    assert told(found) == [("Unknown", "StateLost", 10)]
    sound = Sight(NOON, NOON)
    found = look(of, standing=cronjob(task()), progress=progress, sight=sound, followed=True)
    assert told(found) == []


def test_a_restored_state_loses_what_the_controller_had_fired() -> None:
    of = task(status=native(NOON - 12 * MINUTE))
    lost = Sight(NOON - MINUTE, NOON + FIVE + MARGIN, restored=NOON - MINUTE)
    found = look(of, standing=idle(task()), now=NOON + FIVE + MARGIN, sight=lost)
    assert told(found) == [("Unknown", "FactsGone", 2), ("Missed", "Superseded", 1)]


def test_a_job_that_comes_very_late_takes_its_verdict_back() -> None:
    of, late = task(status=native()), NOON + FIVE + MARGIN
    standing = idle(task())

    def status_of(found: Outcome, of: ScheduledTask, *runs: Run) -> TaskStatus:
        looked = world(of, *runs, standing=standing, now=late)
        return fold(looked, decide(looked), found)

    first = status_of(look(of, standing=standing, now=late), of)
    assert (first.counts, len(first.gaps)) == ({"Missed": 1}, 1)
    of, run = task(status=first.render()), Run(job(created=late), ())
    found = look(of, run, standing=standing, now=late)
    assert found.late == (NOON,)
    second = status_of(found, of, run)
    assert (second.counts, second.gaps, len(second.active)) == ({}, [], 1)
    again = look(task(status=second.render()), run, standing=standing, now=late)
    assert again.late == ()


def test_a_run_that_is_not_listed_comes_not_late() -> None:
    listed = {"name": "first", "id": "first", "trigger": "Schedule"}
    known = native(active=[listed], activeCount=2)
    of, run = task(status=known), Run(job(created=NOON), ())
    assert look(of, run, standing=idle(task())).late == ()
