"""How an operator comes back: the measurement of a restart that `adopt` makes.

From the moment of its start a task is changed every second, each time another. The operator has
caught up when changes are carried out at once again.
"""

import asyncio
import json
import math
import time
from dataclasses import dataclass, replace
from typing import Final

from cronwright.kube import paths
from tests.bench import tasks
from tests.bench.audit import Entry
from tests.bench.follow import Follower
from tests.bench.stage import Stage

_EVERY: Final = 1.0
_AT_ONCE: Final = 1.0
_IN_A_ROW: Final = 3
_GIVE_UP: Final = 600.0


@dataclass(frozen=True, slots=True)
class Change:
    """A task that was changed; times in seconds since the operator's start."""

    name: str
    mark: str
    made: float
    carried_out: float | None = None

    @property
    def delay(self) -> float:
        """How long it waited; for ever while it is not carried out."""
        return math.inf if self.carried_out is None else self.carried_out - self.made


@dataclass(frozen=True, slots=True)
class Restart:
    """What it took; times in seconds since the operator's start."""

    first: float  # until the change made right at the start was carried out
    caught_up: float  # until changes were carried out within a second
    writes: int  # beyond those of the changed tasks
    cpu: float


async def restart(stage: Stage, count: int) -> Restart:
    """Stop a resting operator, start it, and change tasks until it has caught up."""
    stage.say(f"restarting with {count} tasks")
    subject = stage.subject
    subject.stop()
    follower = Follower(stage.cluster, subject)
    started = subject.start()
    changes: list[Change] = []
    while not caught_up(changes):
        if changes and changes[-1].made > _GIVE_UP:
            raise RuntimeError(f"{subject.name} has not caught up after {_GIVE_UP:.0f} s")
        changes.append(await _make_change(stage, len(changes), count, started))
        await asyncio.sleep(max(0.0, changes[-1].made + _EVERY - (time.time() - started)))
        follower.read()
        subject.check()
        changes = [_look_up(change, follower.operator, started) for change in changes]
    await follower.until_quiet()
    changed = {change.name for change in changes}
    first = changes[0].carried_out
    assert first is not None  # else it had not caught up
    return Restart(
        first=first,
        caught_up=max(first, changes[-_IN_A_ROW].made),
        writes=sum(each.name not in changed for each in follower.writes),
        cpu=subject.cpu_seconds(),
    )


async def _make_change(stage: Stage, index: int, count: int, started: float) -> Change:
    # Spread over all tasks: the first of a list would be looked at first.
    number = (index + 1) * 377 % count
    change = Change(tasks.name(number), f"{started:.0f}-{index}", time.time() - started)
    path = paths.scheduledtasks(stage.namespace, change.name)
    await stage.client.merge_patch(path, tasks.change(number, change.mark))
    return change


def caught_up(changes: list[Change]) -> bool:
    """Tell whether the first change is carried out, and the last few were at once."""
    last = changes[-_IN_A_ROW:]
    return (
        len(last) == _IN_A_ROW
        and changes[0].carried_out is not None
        and all(each.delay <= _AT_ONCE for each in last)
    )


def _look_up(change: Change, entries: list[Entry], started: float) -> Change:
    """Find the write of the CronJob that carries a change."""
    if change.carried_out is not None:
        return change
    for entry in entries:
        written = entry.name == change.name and entry.is_done({"patch", "update"}, "cronjobs")
        if written and change.mark in json.dumps(entry.body):
            return replace(change, carried_out=entry.time - started)
    return change
