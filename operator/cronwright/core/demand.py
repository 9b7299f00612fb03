"""What is asked of a task beside the slots that come due: requests, backfills, runs that wait.

`plan` decides about all of them here, at one moment: what is taken in now may start in the same
look, and then costs no status write for having waited.
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from datetime import datetime

from cronwright.core import backlog, requests
from cronwright.core.answer import Act, Answer
from cronwright.core.attempts import orphaned
from cronwright.core.backfill import TakenIn, take_in
from cronwright.core.backlog import Backlog, Rules, united, without
from cronwright.core.identity import short_id
from cronwright.core.run import slot_of
from cronwright.core.slots import RECHECK, slot_at_hand
from cronwright.core.world import World
from cronwright.model.run import PendingReason, PendingRun
from cronwright.schedule import Timetable


@dataclass(frozen=True, slots=True)
class Demand:
    """The answers to requests, what was taken in of backfills, what becomes of runs that wait."""

    answers: tuple[Answer, ...]
    taken_in: TakenIn
    backlog: Backlog
    wakes: tuple[datetime | None, ...]


def decide(
    world: World,
    timetable: Timetable | None,
    *,
    acts: bool,
    cancelled: Set[str] = frozenset(),
) -> Demand:
    """Decide about everything that is asked for; unless it `acts`, nothing new is taken in.

    `cancelled` has the ids of runs that wait no longer.
    """
    task, now, running = world.task, world.now, world.active
    known = united(task.status.pending, world.put_off)
    here = {run.job.run_id for run in world.runs} | _recorded(world)
    orphans = without(orphaned(known, here), cancelled)
    # A run that waits for its next attempt is active: `running` has its last Job.
    known = [each for each in known if each.reason is not PendingReason.RETRY]
    waiting = without(_to_start(known, world), cancelled)
    answers: tuple[Answer, ...] = ()
    taken = TakenIn(progress=tuple(task.status.backfills))
    if acts:
        answers = requests.answer(task, running, _recorded(world), [*waiting, *orphans], now)
        taken = take_in(task, timetable, waiting, now)
    queued = [each.pending for each in answers if each.act is Act.QUEUE]
    waiting = united(waiting, _to_start([*queued, *taken.pending], world))
    halfway = {job.run_id for job in world.jobs if job.halfway}
    active = len([job for job in running if job.run_id not in halfway]) + len(orphans)
    waits = backlog.decide(waiting, Rules.of(task), active, halfway, now)
    # What has begun was looked at as well: it must not come back from where it was put off.
    waits = replace(waits, seen=waits.seen | {each.id for each in known})
    moving = [each for each in answers if each.act in {Act.START, Act.SKIP}]
    hold = False
    if acts and world.cronjob and (moving or waits.starts):
        hold = slot_at_hand(world.cronjob, world.jobs, now)
    if hold:
        answers = tuple(each for each in answers if each not in moving)
    if hold or not acts:
        waits = replace(waits, starts=())
    return Demand(answers, taken, waits, (waits.wake, now + RECHECK if hold else None))


def _to_start(entries: Iterable[PendingRun], world: World) -> list[PendingRun]:
    """Leave out what has a Job that was let go, or a record: it waits no longer."""
    begun = {job.run_id for job in world.jobs if not job.halfway}
    begun |= {run.job.run_id for run in world.runs if run.gone}
    begun |= _recorded(world) | {each.id for each in world.task.status.active}
    # What stands halfway may be shown as active, and yet nobody else would let it go.
    begun -= {job.run_id for job in world.jobs if job.halfway}
    short = set(world.task.status.recorded)
    taken = {slot_of(job) for job in world.jobs}  # also the CronJob controller's, by other ids
    return [
        each
        for each in entries
        if not (
            each.id in begun
            or short_id(each.id) in short
            or (each.slot in taken and each.slot and not each.request)
        )
    ]


def _recorded(world: World) -> set[str]:
    entries = {entry.id for entry in world.task.status.history}
    return entries | {job.run_id for job in world.recorded}
