"""A task's slots at one look: who was to fire them, and what the ledger says of them.

`controller/reconcile` asks it when a plan has been carried out, and hands the outcome on to
`status`. The engine accounts for the slots that it fires itself (`firing.Course`); here are the
others: those of the CronJob controller, and those that nobody fired.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import ledger
from cronwright.core.accept import Readiness
from cronwright.core.evidence import facts_of, late_claims, late_slots, own_cronjob, slots_with_runs
from cronwright.core.firing import Progress
from cronwright.core.ledger import Account, Facts, Span
from cronwright.core.outcome import Outcome
from cronwright.core.plan import Plan, Step
from cronwright.core.refusal import refusal_reason
from cronwright.core.slots import owed_slot
from cronwright.core.terms import terms_of, text_of, timetable_in
from cronwright.core.world import World
from cronwright.model import conditions, reasons
from cronwright.model.status import Gap, Mode

_LOOK_AGAIN: Final = timedelta(seconds=30)


def accounted(world: World, plan: Plan, outcome: Outcome, *, followed: bool) -> Outcome:
    """Add to an outcome what became of the slots that the engine does not account for.

    `followed` says whether the engine fired the task's slots before this look.
    """
    status = world.task.status
    if outcome.progress is not None:
        native = status.mode is Mode.NATIVE
        gaps = (_closed if native else _taken_out)(world, plan, outcome)
        gaps += _lost(world, plan, outcome.progress)
        late = late_claims(world, plan)
        return replace(outcome, gaps=(*outcome.gaps, *gaps), late=late)
    text, fresh = _native_text(world, plan), status.observed_generation is None
    if not outcome.written or (text and text == _text(world) and not fresh):
        return _continued(world, plan, outcome)
    if status.mode is Mode.NATIVE:
        gaps = _closed(world, plan, outcome)
    else:
        gaps = (_taken_out if followed else _passed_over)(world, plan, outcome)
    outcome = replace(outcome, gaps=(*outcome.gaps, *gaps))
    return _opened(world, plan, outcome, text) if text else outcome


def _native_text(world: World, plan: Plan) -> str:
    """Write down what the CronJob is to fire; nothing where it is suspended."""
    native = plan.firing is not None and not plan.firing.managed
    return plan.digest if native and not world.task.spec.suspend else ""


def _text(world: World) -> str:
    """Write down what was followed when the status was written."""
    cronjob, text = own_cronjob(world), world.task.status.timetable
    if text is None and cronjob is not None and not cronjob.suspended:
        return text_of(terms_of(cronjob))  # a version before this one wrote it
    return text or ""


def _cursor(world: World) -> datetime:
    """Say up to where the slots are accounted for."""
    cronjob, cursor = own_cronjob(world), world.task.status.accounted_until
    if cursor is not None or cronjob is None:
        return cursor or world.now
    return cronjob.last_schedule_time or cronjob.created


def _moment(world: World, plan: Plan, outcome: Outcome) -> datetime:
    """Say since when the slots are fired as they are from now on."""
    now, cronjob = world.now.replace(microsecond=0), outcome.cronjob
    if outcome.progress is not None:
        return outcome.progress.until
    if cronjob is None:
        return now
    guard, cursor = cronjob.last_schedule_time, world.task.status.accounted_until
    if plan.step is Step.KEEP and guard is not None and (cursor is None or guard > cursor):
        return guard  # the CronJob was written before a crash, and this says when
    return max(now, cronjob.created) if plan.step is Step.CREATE else now


def _continued(world: World, plan: Plan, outcome: Outcome) -> Outcome:
    """Go on with what was fired until now: by the CronJob controller, or by nobody."""
    text, cronjob, cursor = _text(world), own_cronjob(world), _cursor(world)
    timetable = timetable_in(text)
    native = world.task.status.mode is not Mode.MANAGED and (cronjob or outcome.written)
    if timetable is None or not native:
        return _unfired(world, plan, outcome)
    changed = outcome.written and plan.step in {Step.CREATE, Step.REPLACE_GUARDED}
    ends = _moment(world, plan, outcome) if changed else None
    facts = facts_of(world, plan, cronjob, cursor)
    return _filed(world, outcome, text, ledger.account(timetable, cursor, facts, ends))


def _unfired(world: World, plan: Plan, outcome: Outcome) -> Outcome:
    """Miss the slots of a task that nobody fires, because it was refused."""
    task, status = world.task, world.task.status
    text = status.timetable or plan.digest
    timetable = timetable_in(text) or plan.timetable
    if task.spec.suspend or not text or timetable is None:
        return outcome
    fresh = status.observed_generation is None
    cursor = status.accounted_until or (task.created if fresh else world.now)
    facts = Facts(world.now, slots_with_runs(world), missed=_refusal(outcome.readiness))
    if status.mode is Mode.NATIVE and status.cron_job is not None:
        # Its CronJob stood, and may have fired some before it was deleted.
        facts = replace(facts, unwatched=facts_of(world, plan, None, cursor).unwatched)
    account = ledger.account(timetable, cursor, facts, world.now)
    due = account.next_due and max(account.next_due, world.now + _LOOK_AGAIN)
    return _filed(world, outcome, text, replace(account, next_due=None, look_at=due))


def _refusal(readiness: Readiness) -> str:
    if readiness.reason == conditions.TEMPLATE_INVALID:
        return reasons.TEMPLATE_REFUSED
    if readiness.reason == conditions.CRON_JOB_FORBIDDEN:
        return refusal_reason(readiness.message)
    return reasons.NOT_READY


def _closed(world: World, plan: Plan, outcome: Outcome) -> tuple[Gap, ...]:
    """Close the account of what the CronJob controller fired until now.

    The slot that it owes the engine takes over.
    """
    timetable, cursor, cronjob = timetable_in(_text(world)), _cursor(world), own_cronjob(world)
    if timetable is None:
        return ()
    ends = _moment(world, plan, outcome)
    facts = replace(facts_of(world, plan, cronjob, cursor), seen=ends, fired=None)
    if outcome.progress is not None:
        owed = owed_slot(cronjob, world.task.status, world.now)
        facts = replace(facts, runs=facts.runs | ({owed} if owed else set()))
    return ledger.account(timetable, cursor, facts, ends).gaps


def _taken_out(world: World, plan: Plan, outcome: Outcome) -> tuple[Gap, ...]:
    """Account for what calendars took out of a timetable that the engine fires no more.

    Of the one that it goes on with `status` counts them, with the next slot.
    """
    status = world.task.status
    if status.accounted_until is None or status.mode is not Mode.MANAGED:
        return ()
    if outcome.progress is not None and outcome.progress.digest == status.timetable:
        return ()
    span = Span(status.accounted_until, _moment(world, plan, outcome))
    timetable = timetable_in(status.timetable)
    if timetable is None and plan.timetable and text_of(world.task.terms) == status.timetable:
        timetable = plan.timetable  # too long for its text, and not edited
    gap = ledger.excluded(timetable, span) if timetable and span.start < span.end else None
    return (gap,) if gap else ()


def _passed_over(world: World, plan: Plan, outcome: Outcome) -> tuple[Gap, ...]:
    """Account for the slots of a managed task that was edited while no operator ran."""
    status = world.task.status
    if status.accounted_until is None:
        return ()
    span = Span(status.accounted_until, _moment(world, plan, outcome))
    timetable, runs = timetable_in(status.timetable), slots_with_runs(world)
    return ledger.passed_over(timetable, span, runs, suspended=world.task.spec.suspend)


def _opened(world: World, plan: Plan, outcome: Outcome, text: str) -> Outcome:
    """Begin the account of what the CronJob controller fires from now on."""
    timetable, cronjob, task = timetable_in(text), outcome.cronjob, world.task
    if timetable is None or cronjob is None:
        return outcome
    since = _moment(world, plan, outcome)
    if task.status.observed_generation is None:
        # The task is new: what was due before its CronJob stood was fired by nobody.
        since = since if plan.step is Step.CREATE else max(task.created, cronjob.created)
        nobody = Facts(since, slots_with_runs(world), missed=reasons.NO_CRON_JOB)
        early = ledger.account(timetable, task.created, nobody, since)
        outcome = replace(outcome, gaps=(*outcome.gaps, *early.gaps))
    facts = facts_of(world, plan, cronjob, since)
    return _filed(world, outcome, text, ledger.account(timetable, since, facts))


def _filed(world: World, outcome: Outcome, text: str, account: Account) -> Outcome:
    return replace(
        outcome,
        progress=Progress(text, account.until, account.next_due),
        gaps=(*outcome.gaps, *account.gaps),
        late=late_slots(world, _cursor(world)),
        look_at=account.look_at,
    )


def _lost(world: World, plan: Plan, progress: Progress) -> tuple[Gap, ...]:
    """Account for slots that the engine had decided before the cluster's state was restored."""
    cursor, restored = world.task.status.accounted_until, world.sight.restored
    timetable = timetable_in(progress.digest) or plan.timetable
    if restored is None or cursor is None or timetable is None:
        return ()
    span = Span(cursor, min(progress.until, restored))
    gap = ledger.lost(timetable, span, slots_with_runs(world))
    return (gap,) if gap else ()
