"""How an operator takes tasks in: the measurement that `adopt` makes of each of the two.

The tasks stand before the operator starts, so the pace at which they are created plays no part.
A task is taken in when its CronJob stands and its status has been written.
"""

from dataclasses import dataclass

from tests.bench.audit import Entry
from tests.bench.follow import Follower
from tests.bench.process import Memory
from tests.bench.stage import Stage

_TIMEOUT = 1200.0


@dataclass(frozen=True, slots=True)
class Intake:
    """What it took; times in seconds."""

    startup: float  # from the process's start to its first request
    seconds: float  # from its first request until the last task was taken in
    writes: int
    events: int
    cpu: float
    memory: Memory


async def take_in(stage: Stage, count: int) -> Intake:
    """Start an operator on tasks that it doesn't know yet, and wait until it rests."""
    stage.say(f"taking in {count} tasks")
    subject = stage.subject
    follower = Follower(stage.cluster, subject)
    started = subject.start()
    taken: dict[str, float] = {}

    def all_taken_in() -> bool:
        taken.update(taken_in(follower.operator))
        stage.progress.count("taken in", len(taken), count)
        return len(taken) == count

    await follower.until(all_taken_in, _TIMEOUT, f"intake of {count} tasks")
    await follower.until_quiet()
    first = follower.operator[0].time
    return Intake(
        startup=first - started,
        seconds=max(taken.values()) - first,
        writes=len(follower.writes),
        events=sum(each.is_write and each.resource == "events" for each in follower.operator),
        cpu=subject.cpu_seconds(),
        memory=subject.memory(),
    )


def taken_in(entries: list[Entry]) -> dict[str, float]:
    """Give when each task had both its CronJob and its status."""
    cronjobs: dict[str, float] = {}
    statuses: dict[str, float] = {}
    for entry in entries:
        if entry.is_done({"create"}, "cronjobs"):
            cronjobs.setdefault(entry.name, entry.time)
        elif entry.is_done({"update", "patch"}, "scheduledtasks/status"):
            statuses.setdefault(entry.name, entry.time)
    return {name: max(cronjobs[name], statuses[name]) for name in cronjobs.keys() & statuses.keys()}
