"""Slots of a native task: which was due last, whether the CronJob controller is done with it.

`plan` waits here before it touches a live CronJob.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.terms import terms_of, timetable_of
from cronwright.errors import FieldError
from cronwright.model.status import Mode, TaskStatus
from cronwright.schedule import Timetable

# A controller that has not fired a slot for so long is not going to: no edit waits for ever.
PATIENCE: Final = timedelta(minutes=10)
# How soon to look again at what waits for a slot to be fired.
RECHECK: Final = timedelta(seconds=0.5)
_ABOUT_TO: Final = timedelta(seconds=1)
_LONGEST_HOLD: Final = timedelta(seconds=30)


def standing(cronjob: CronJobFacts) -> Timetable:
    """Read the timetable that a CronJob follows as it stands; FieldError where it can't be."""
    return timetable_of(terms_of(cronjob))


def due_slot(timetable: Timetable, cronjob: CronJobFacts, now: datetime) -> datetime | None:
    """Find the slot that the controller still owes a Job; None where it owes none.

    The controller looks back to the last slot that it fired, or to the CronJob's creation, and
    fires the latest one since then, unless its deadline has passed
    (kubernetes pkg/controller/cronjob, `mostRecentScheduleTime`).
    """
    if cronjob.suspended:
        return None
    slot = timetable.last(now)
    if slot is None or slot <= (cronjob.last_schedule_time or cronjob.created):
        return None
    if cronjob.starting_deadline is not None:
        deadline = timedelta(seconds=cronjob.starting_deadline)
        return slot if now <= slot + deadline else None
    return slot


def unsettled_slot(
    cronjob: CronJobFacts, jobs: Iterable[JobFacts], now: datetime
) -> datetime | None:
    """Find the slot of a live CronJob that an edit now would lose; None where none is at stake.

    A slot that `Forbid` holds back behind a run is settled: the edit decides about it anew.
    """
    try:
        timetable = standing(cronjob)
    except FieldError:
        return None  # not of our making, and the controller can't fire it either
    slot, known = due_slot(timetable, cronjob, now), tuple(jobs)
    if slot is None:
        return _unseen_slot(cronjob, known, now)
    if now - slot > PATIENCE:
        return None
    running = {job.uid for job in known if job.finished is None}
    held = cronjob.concurrency_policy == "Forbid" and running & set(cronjob.active)
    return None if held else slot


def _unseen_slot(
    cronjob: CronJobFacts, jobs: Collection[JobFacts], now: datetime
) -> datetime | None:
    """Find the slot that was fired just now, where the CronJob's news came before the Job's."""
    fired, unseen = cronjob.last_schedule_time, set(cronjob.active) - {job.uid for job in jobs}
    recent = fired is not None and now - fired < _LONGEST_HOLD
    return fired if recent and unseen else None


def slot_at_hand(cronjob: CronJobFacts, jobs: Iterable[JobFacts], now: datetime) -> bool:
    """Tell whether the controller is, or soon will be, between a slot's Job and its status.

    It creates the Job first and then enters it in the CronJob's status. A write of ours between
    the two makes its own fail: it would report the Job as unexpected, and `Forbid` not see it.
    A controller that is far behind with its slots is not waited for; the chance is small then.
    """
    if cronjob.suspended:
        return False
    try:
        upcoming = standing(cronjob).next(now)
    except FieldError:
        return False
    if upcoming is not None and upcoming - now <= _ABOUT_TO:
        return True
    slot = unsettled_slot(cronjob, jobs, now)
    return slot is not None and now - slot < _LONGEST_HOLD


def owed_slot(cronjob: CronJobFacts | None, status: TaskStatus, now: datetime) -> datetime | None:
    """Find the slot that the controller owes when it stops to fire a task; None where it owes none.

    `cronjob` is as it was before it was suspended. After a crash between that and the status, the
    status alone still tells: it shows a native slot until its Job was seen.
    """
    if cronjob is None or status.mode is not Mode.NATIVE:
        return None
    if not cronjob.suspended:
        try:
            return due_slot(standing(cronjob), cronjob, now)
        except FieldError:
            return None
    shown = status.next_run_time
    if shown is None or shown > now:
        return None
    if cronjob.last_schedule_time is not None and shown <= cronjob.last_schedule_time:
        return None
    return shown
