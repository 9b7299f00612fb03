"""Reads a task's terms field by field: everything that can be wrong with a schedule is found here.

timetable.py makes slots of the result, native.py the mode, sentence.py the words.
"""

import re
from dataclasses import dataclass

from cronwright.errors import FieldError
from cronwright.schedule.calendars import read_exclusion
from cronwright.schedule.duration import parse_interval
from cronwright.schedule.evaluate import Clock, clock_of, second_of
from cronwright.schedule.exclusion import Exclusion
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.moments import read_instant
from cronwright.schedule.parse import read_expression
from cronwright.schedule.terms import Dialect, RepeatedTime, SkippedTime, Terms
from cronwright.schedule.zone import EARLIEST, LATEST, load_zone

LONGEST_JITTER = 86_400

MOST_SCHEDULES = 10
LONGEST_TEXT = 64

_EVERY = re.compile(r"\s*@every\s+(?P<interval>.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Every:
    """An interval: its seconds, what it is counted from, and whether that is a slot itself."""

    step: int
    anchor: int
    from_anchor: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The terms of a task, read: expressions, an interval, one instant, or nothing.

    Slots count from the instant `start` to the instant `end`, both within.
    """

    terms: Terms
    clock: Clock
    exclusion: Exclusion
    start: int
    end: int
    jitter: int
    expressions: tuple[CronExpression, ...] = ()
    every: Every | None = None
    at: int | None = None


def read_terms(terms: Terms) -> Reading:
    """Read all fields; FieldError for the first that can't be."""
    _refuse_several_kinds(terms)
    clock = _read_clock(terms)
    start = _read_moment(terms.start_at, "spec.startAt", clock)
    end = _read_moment(terms.end_at, "spec.endAt", clock)
    if start is not None and end is not None and end < start:
        problem = f"before spec.startAt, {terms.start_at}"
        raise FieldError("spec.endAt", terms.end_at, problem, "write a later time")
    written = _intervals(terms)
    return Reading(
        terms=terms,
        clock=clock,
        exclusion=read_exclusion(terms.exclude, terms.dialect, terms.seed),
        start=EARLIEST if start is None else start,
        end=LATEST - 1 if end is None else end,
        jitter=0 if terms.jitter is None else _read_jitter(terms.jitter),
        expressions=() if written else _read_expressions(terms),
        every=_read_every(*written, terms, start) if written else None,
        at=_read_moment(terms.at, "spec.at", clock),
    )


def _refuse_several_kinds(terms: Terms) -> None:
    kinds = {
        "schedule": terms.schedule,
        "schedules": terms.schedules or None,
        "every": terms.every,
        "at": terms.at,
    }
    given = [name for name, value in kinds.items() if value is not None]
    if len(given) > 1:
        problem = f"stands beside spec.{given[1]}"
        remedy = "write one of schedule, schedules, every and at"
        raise FieldError(f"spec.{given[0]}", kinds[given[0]], problem, remedy)


def _read_clock(terms: Terms) -> Clock:
    repeated, skipped = terms.repeated_time, terms.skipped_time
    if repeated is None:
        quartz = terms.dialect is Dialect.QUARTZ
        repeated = RepeatedTime.LAST if quartz else RepeatedTime.TWICE
    return clock_of(load_zone(terms.time_zone), repeated, skipped or SkippedTime.SKIP)


def _read_moment(text: str | None, field: str, clock: Clock) -> int | None:
    return None if text is None else read_instant(text, field, clock)


def _intervals(terms: Terms) -> tuple[str, str] | None:
    """Find an interval, in `every` or behind `@every`: its text and its field."""
    if terms.every is not None:
        return terms.every, "spec.every"
    for number, text in enumerate(terms.schedules):
        if _EVERY.match(text):
            field = f"spec.schedules[{number}]"
            problem = "an interval is no expression among several"
            raise FieldError(field, text, problem, "write it alone, in spec.every")
    match = _EVERY.fullmatch(terms.schedule or "")
    takes_it = terms.dialect in (None, Dialect.KUBERNETES)
    return (match["interval"], "spec.schedule") if match and takes_it else None


def _read_every(text: str, field: str, terms: Terms, start: int | None) -> Every:
    try:
        step = _read_duration(text, field)
    except FieldError as error:
        written = terms.every if terms.every is not None else terms.schedule
        raise FieldError(field, written, error.problem, error.remedy) from error
    if start is not None:
        return Every(step, start, from_anchor=True)
    # A task that is not created yet has no anchor: what is shown of it then counts from 1970.
    return Every(step, second_of(terms.created) if terms.created else 0, from_anchor=False)


def _read_duration(text: str, field: str) -> int:
    if len(text) > LONGEST_TEXT:
        raise FieldError(field, text, "no duration", f"write at most {LONGEST_TEXT} characters")
    return parse_interval(text, field)


def _read_expressions(terms: Terms) -> tuple[CronExpression, ...]:
    if terms.schedule is not None:
        return (read_expression(terms.schedule, terms.dialect, terms.seed),)
    if len(terms.schedules) > MOST_SCHEDULES:
        problem, remedy = "too many expressions", f"write at most {MOST_SCHEDULES}"
        raise FieldError("spec.schedules", len(terms.schedules), problem, remedy)
    return tuple(
        read_expression(text, terms.dialect, terms.seed, f"spec.schedules[{number}]")
        for number, text in enumerate(terms.schedules)
    )


def _read_jitter(text: str) -> int:
    seconds = _read_duration(text, "spec.jitter")
    if seconds > LONGEST_JITTER:
        problem = "longer than a day"
        raise FieldError("spec.jitter", text, problem, "write at most 24h")
    return seconds
