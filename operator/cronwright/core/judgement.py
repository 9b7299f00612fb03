"""What each run of a task has come to at one look: a record, another attempt, a log to read.

`plan` asks it with the bounds of the runs that wait; the record itself `run` makes.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime

from cronwright.core.attempts import Bounds
from cronwright.core.capture import Capture, capture_of, listen_time
from cronwright.core.gone import is_replacing
from cronwright.core.retry import Attempt, next_attempt
from cronwright.core.run import Run
from cronwright.core.slots import RECHECK
from cronwright.core.stall import Stall, stall_of
from cronwright.core.verdict import Ending, made_room
from cronwright.core.world import World
from cronwright.model import conditions
from cronwright.model.task import ScheduledTask


@dataclass(slots=True)
class Judgement:
    """What was found: `endings` are the records that are due, by run id."""

    endings: dict[str, Ending] = field(default_factory=dict)
    captures: list[Capture] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    wakes: list[datetime | None] = field(default_factory=list)


def judge_runs(world: World, late: Set[str], bounds: Bounds) -> Judgement:
    """Judge all runs without a record; `late` has the UIDs of Jobs that are ended now."""
    judged = Judgement()
    for run in world.runs:
        ending = world.ending(run)
        capture = capture_of(
            run,
            world.task.spec.logs.container,
            world.now,
            ended=ending is not None,
            late=run.job.uid in late,
        )
        if capture is not None:
            judged.captures.append(capture)
        if ending is None:
            soon = run.gone and is_replacing(world.task, world.now)
            judged.wakes.append(world.now + RECHECK if soon else listen_time(run.job, world.now))
            continue
        attempt = next_attempt(run.job, run.pods, ending)
        if attempt is not None:
            ending = made_room(world.now) if run.job.makes_room else bounds.end(attempt)
        if attempt is not None and ending is None:
            judged.attempts.append(_as_shown(attempt, world.task))
        elif ending is not None and capture is None:
            judged.endings[run.job.run_id] = ending
    return judged


def over(world: World, judged: Judgement) -> list[Run]:
    """List the runs whose last attempt has ended, with nothing left to be read of it."""
    ids = {*judged.endings, *(each.run_id for each in judged.attempts)}
    return [run for run in world.runs if run.job.run_id in ids]


def _as_shown(attempt: Attempt, task: ScheduledTask) -> Attempt:
    """Keep to the due time that the status shows: a pod that is gone tells less of its end."""
    shown = next((each for each in task.status.pending if each.id == attempt.run_id), None)
    if shown is None or shown.attempt != attempt.number or shown.due is None:
        return attempt
    return replace(attempt, due=shown.due)


def stalled(world: World, endings: Mapping[str, Ending]) -> tuple[Stall | None, datetime | None]:
    """Find the run that does not get going, if any, and when to look again."""
    going = [run for run in world.runs if run.job.run_id not in endings]
    shown = [each for each in world.task.status.conditions if each.type == conditions.STALLED]
    return stall_of(going, next(iter(shown), None), world.now)
