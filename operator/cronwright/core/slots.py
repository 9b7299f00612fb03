"""Slots of a native task: which was due last, whether the CronJob controller is done with it.

`plan` waits here before it touches a live CronJob; `status` takes `nextRunTime` from here.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.run import slot_of
from cronwright.errors import FieldError
from cronwright.schedule import Dialect, Terms, Timetable, read

# A controller that has not fired a slot for so long is not going to: no edit waits for ever.
PATIENCE: Final = timedelta(minutes=10)
# How soon to look again at what waits for a slot to be fired.
RECHECK: Final = timedelta(seconds=0.5)
_ABOUT_TO: Final = timedelta(seconds=1)
_LONGEST_HOLD: Final = timedelta(seconds=30)


@lru_cache(maxsize=8192)
def timetable_of(terms: Terms) -> Timetable:
    """Read terms, those of each kind once; FieldError where they can't be read."""
    return read(terms)


def standing(cronjob: CronJobFacts) -> Timetable:
    """Read the timetable that a CronJob follows as it stands; FieldError where it can't be."""
    zone = cronjob.time_zone or "Etc/UTC"
    return timetable_of(
        Terms(schedule=cronjob.schedule, time_zone=zone, dialect=Dialect.KUBERNETES)
    )


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
    slot = due_slot(timetable, cronjob, now)
    if slot is None or now - slot > PATIENCE:
        return None
    running = {job.uid for job in jobs if job.finished is None}
    held = cronjob.concurrency_policy == "Forbid" and running & set(cronjob.active)
    return None if held else slot


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


def next_run_time(
    timetable: Timetable,
    cronjob: CronJobFacts,
    jobs: Collection[JobFacts],
    now: datetime,
    shown: datetime | None = None,
) -> datetime | None:
    """Give the earliest slot that has no Job yet: one that is due, else the next to come.

    A due slot stays until its Job is seen: under load the controller fires late, and moving on
    early would cost a status write of its own. So does the one that is `shown` if the CronJob
    already counts a Job for it: the watch of CronJobs may be ahead of that of Jobs.
    """
    due = due_slot(timetable, cronjob, now)
    if due is None and shown is not None and shown == cronjob.last_schedule_time:
        unseen = set(cronjob.active) - {job.uid for job in jobs}
        due = shown if unseen else None
    if due is not None and all(slot_of(job) != due for job in jobs):
        return due
    return timetable.next(now)


def wake_time(timetable: Timetable, cronjob: CronJobFacts, shown: datetime) -> datetime | None:
    """Say when `nextRunTime` must be looked at again if nothing happens before."""
    following = timetable.next(shown)
    if cronjob.starting_deadline is None:
        return following
    overdue = shown + timedelta(seconds=cronjob.starting_deadline + 1)
    return min(overdue, following) if following else overdue
