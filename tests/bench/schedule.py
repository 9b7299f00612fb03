"""Benchmark `schedule`: what it costs to find the next slot, and to read many tasks.

In one process, without a cluster. The next slot is found in a zone with changes of clock; beside
it, croniter's `get_next` of the same expressions without a zone, which is the least it can take.
Reading is measured on tasks of all dialects, many zones and calendars, each different, as when the
operator starts.
"""

import gc
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Final

from croniter import croniter

from cronwright.schedule import Dialect, Terms, Timetable, read
from tests.bench.progress import Progress
from tests.bench.report import Figure

NAME: Final = "schedule"
DEFAULT_N: Final = 10_000
_FASTER: Final = 3.0
_READ_GOAL: Final = 1.5
_ROUNDS: Final = 5
_SLOTS: Final = 400
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)

# What people write most, and what is due seldom.
TYPICAL: Final = (
    "* * * * *",
    "*/5 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "0 9-17 * * MON-FRI",
    "0 0 1 * *",
    "15 10 * * 1,3,5",
    "0 6,18 * * *",
)
_ZONES: Final = (
    "Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe",
    "Africa/Cairo", "America/Sao_Paulo", "Asia/Tokyo", "Europe/London", "Pacific/Auckland",
)  # fmt: skip
_CALENDARS: Final = ((), (), ("2026-12-24/2027-01-01",), ("* * 25 12 *", "* 12 * * *"))


async def run(count: int, _: Path | None, progress: Progress) -> list[Figure]:
    """Measure in this process."""
    progress.say(f"the next slot of {len(TYPICAL)} expressions, {_SLOTS} times each")
    ours, theirs = _next_slot()
    progress.say(f"{count} tasks, each read and asked for its next slot")
    terms = list(tasks(count))
    began = time.perf_counter()
    for each in terms:
        read(each).next(_START)
    reading = time.perf_counter() - began
    progress.say("a year of seconds, counted")
    counting = _milliseconds(_count_year)
    return [
        Figure(NAME, "the next slot, zone included", ours, "µs", theirs),
        Figure(
            NAME, "times as fast as croniter without a zone", theirs / ours, "", goal=_FASTER,
            more_is_better=True,
        ),
        Figure(NAME, "reading all tasks, with their next slots", reading, "s", goal=_READ_GOAL),
        Figure(NAME, "counting a year of seconds", counting, "ms"),
    ]  # fmt: skip


def tasks(count: int) -> Iterator[Terms]:
    """Make tasks of which no two have the same terms."""
    kinds = product(range(60), range(24), range(len(_ZONES)))
    for number, (minute, hour, zone) in zip(range(count), kinds, strict=False):
        schedule, dialect = _expression(number, minute, hour)
        yield Terms(
            schedule=schedule,
            dialect=dialect,
            time_zone=_ZONES[zone],
            exclude=_CALENDARS[number % len(_CALENDARS)],
            jitter="30s" if number % 5 == 0 else None,
            seed=f"bench/task-{number}",
        )


def _expression(number: int, minute: int, hour: int) -> tuple[str, Dialect | None]:
    kinds: tuple[tuple[str, Dialect | None], ...] = (
        (f"{minute} {hour} * * *", None),
        (f"{minute} {hour} * * MON-FRI", Dialect.KUBERNETES),
        (f"{number % 60} {minute} {hour} ? * FRIL", None),
        (f"{number % 60} {minute} */{hour + 1} * * *", Dialect.SPRING),
        (f"0 {minute} {hour} 15W * ?", Dialect.QUARTZ),
        (f"H/{minute + 1} {hour} * * *", None),
        (f"0 {minute} {hour} ? * 2#1 2027-2030", Dialect.QUARTZ),
        (f"*/{minute + 1} * {hour} L * ?", None),
    )
    return kinds[number % len(kinds)]


def _next_slot() -> tuple[float, float]:
    """Return the microseconds of one next slot: ours, and croniter's."""
    timetables = [read(Terms(schedule=text, time_zone="Europe/Berlin")) for text in TYPICAL]
    iterators = [croniter(text, _START) for text in TYPICAL]
    calls = len(TYPICAL) * _SLOTS
    ours = min(_milliseconds(lambda: _walk(timetables)) for _ in range(_ROUNDS))
    theirs = min(_milliseconds(lambda: _walk_croniter(iterators)) for _ in range(_ROUNDS))
    return ours / calls * 1000, theirs / calls * 1000


def _walk(timetables: list[Timetable]) -> None:
    for timetable in timetables:
        slot: datetime | None = _START
        for _ in range(_SLOTS):
            slot = timetable.next(slot) if slot else None


def _walk_croniter(iterators: list[croniter]) -> None:
    for iterator in iterators:
        iterator.set_current(_START, force=True)
        for _ in range(_SLOTS):
            iterator.get_next(datetime)


def _count_year() -> None:
    timetable = read(
        Terms(schedule="* * * * * *", time_zone="Europe/Berlin", exclude=("* * * * * SUN",))
    )
    timetable.count(_START, _START + timedelta(days=365))


def _milliseconds(call: Callable[[], None]) -> float:
    gc.collect()
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000
