"""Where a program knows other changes of clock than Python does.

Go reads Python's own database, so there must be none. Java brings its own, of another year
perhaps, and Quartz's classes know less of it than Spring's: what differs is left out and named.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from tests.schedule.reference.cases import Answer, Case
from tests.schedule.reference.changes import changes_in, epoch, moment, offset_at, read
from tests.schedule.reference.programs import Program

Years = dict[str, frozenset[int]]


def disagreements(program: Program, parser: str, zones: Iterable[str], years: range) -> Years:
    """Give the years in which a program and Python differ, for the zones where they do."""
    names = list(zones)
    start = epoch(datetime(years.start, 1, 1, tzinfo=UTC))
    until = epoch(datetime(years.stop, 1, 1, tzinfo=UTC))
    answers = program.ask(
        {"zone": name, "from": start, "until": until, "parser": parser} for name in names
    )
    found: Years = {}
    for name, answer in zip(names, answers, strict=True):
        ours = {(start, offset_at(name, start))}
        ours |= {(each.instant, each.after) for year in years for each in changes_in(name, year)}
        other = ours ^ {(instant, offset) for instant, offset in answer["changes"]}
        if other:
            found[name] = frozenset(moment(instant).year for instant, _ in other)
    return found


def touches(case: Case, answer: Answer, years: Years) -> bool:
    """Say whether a search goes over a year that a program and Python disagree about."""
    ends = [case.start, *map(read, answer.slots)]
    searched = range(moment(min(ends)).year, moment(max(ends)).year + 1)
    return any(year in searched for year in years.get(case.zone, ()))


def in_words(years: Years) -> str:
    """Name what is left out."""
    return ", ".join(f"{zone} {min(each)}-{max(each)}" for zone, each in sorted(years.items()))
