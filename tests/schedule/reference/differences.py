"""Why a library answers otherwise: its known bugs, each with what must be true for it to be one.

judge.py asks here for every difference, once the oracle has said that our answer follows the
rule. A cause that is not here fails the test, and so does one whose condition does not hold: no
change of clock near by, no bug over changes of clock. docs/schedules-differences.md shows one
example of each.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.schedule.reference.cases import Answer, Case
from tests.schedule.reference.changes import Change, changes_between, epoch, moment, read

_DAY: Final = 86_400
_FIVE_YEARS: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two answers part: the last instant that is common, and our slot and theirs after it.

    Either is None where there is no further slot. `hangs` is true of a search without an end.
    """

    case: Case
    since: int
    ours: int | None
    theirs: int | None
    hangs: bool = False

    @property
    def later(self) -> bool:
        """Whether they miss our slot, and have a later one or none."""
        return self.ours is not None and (self.theirs is None or self.theirs > self.ours)

    def changes(self) -> list[Change]:
        """Give the changes of clock that the search went over, and those a day around it.

        robfig begins a search for another month at the first midnight of its own.
        """
        ends = [each for each in (self.ours, self.theirs, self.since) if each is not None]
        first = min(*ends, epoch(moment(self.since).replace(day=1, hour=0, minute=0, second=0)))
        return changes_between(self.case.zone, first - _DAY, max(ends) + _DAY)

    def is_asked_in_first_pass(self, change: Change) -> bool:
        """Whether the search begins at a wall time that the overlap of a change repeats."""
        return change.instant + change.step <= self.since < change.instant

    def is_answered_right_after(self, change: Change) -> bool:
        """Whether their slot is where a wall time in the gap of a change is moved to."""
        return self.theirs is not None and 0 <= self.theirs - change.instant < change.step

    def any_change(self, condition: Callable[[Change], bool]) -> bool:
        """Say whether one of these changes is of some kind."""
        return any(condition(change) for change in self.changes())


@dataclass(frozen=True, slots=True)
class Cause:
    """A known bug, in words, and the condition under which it is taken for one."""

    words: str
    holds: Callable[[Difference], bool]


def _gives_up(difference: Difference) -> bool:
    """Whether nothing is found within five years, as robfig counts them, and there is a slot."""
    if difference.theirs is not None or difference.ours is None or difference.hangs:
        return False
    return moment(difference.ours).year - moment(difference.since).year >= _FIVE_YEARS


def _text(pattern: str) -> Callable[[Difference], bool]:
    return lambda difference: re.search(pattern, difference.case.text, re.IGNORECASE) is not None


def _change(condition: Callable[[Change], bool]) -> Callable[[Difference], bool]:
    return lambda difference: difference.any_change(condition)


CAUSES: Final[dict[str, tuple[Cause, ...]]] = {
    "robfig": (
        Cause("searches five years and no further", _gives_up),
        Cause(
            "never ends where a whole day is missing from the calendar",
            lambda each: each.hangs and each.any_change(lambda change: change.step >= _DAY),
        ),
        Cause(
            "loses its place where midnight is skipped", _change(lambda each: each.skips_midnight)
        ),
        Cause(
            "loses its place where the clock changes by part of an hour",
            _change(lambda each: not each.whole_hours),
        ),
        Cause(
            "loses its place where the clock does not change at a full hour",
            _change(lambda each: not each.full_hour),
        ),
        Cause(
            # Of two instants with one wall time, Go's time.Date gives the later one there.
            "takes a repeated midnight the second time only, east of UTC",
            _change(lambda each: each.repeats_midnight and each.after > 0),
        ),
        Cause(
            # For the same reason: it goes back to the full hour, and lands in the second pass.
            "goes on in the second pass of an overlap of more than one hour",
            lambda each: each.later and each.any_change(lambda change: change.step < -3600),
        ),
    ),
    "spring": (
        Cause(
            "takes a repeated midnight the second time only",
            _change(lambda each: each.repeats_midnight),
        ),
        Cause(
            "misses slots where the clock changes by other than one hour",
            _change(lambda each: abs(each.step) != 3600),
        ),
        Cause(
            "misses slots where the clock does not change at a full hour",
            _change(lambda each: not each.full_hour),
        ),
        Cause("counts on into later months for # above 5", _text(r"#0*(?:[6-9]|[1-9]\d)")),
        Cause(
            "asked on Sunday the 2nd, misses Monday the 3rd for 1W",
            lambda each: each.later and re.search(r"\b0*1W", each.case.text) is not None,
        ),
        Cause(
            # It goes on to the same time of the next day, and from a gap to the day after it.
            "leaves out a day that ends in a gap, asked at that time of the day before",
            lambda each: each.later and each.any_change(lambda change: change.ends_at_midnight),
        ),
        Cause(
            "fires in the month before for L-n past its first day",
            _text(r"L-0*(2[89]|[3-9]\d|\d{3})"),
        ),
    ),
    "quartz": (
        Cause(
            "keeps the time of day of the search on a day with W",
            lambda each: each.later and "W" in each.case.text.upper().split()[3],
        ),
        Cause(
            # It sets the day without another look at the hour, and the calendar moves the time on.
            "fires after a gap for a time in it, on a day with W",
            lambda each: (
                "W" in each.case.text.upper().split()[3]
                and each.any_change(each.is_answered_right_after)
            ),
        ),
        Cause(
            "asked in the first pass of an overlap, goes on after its second",
            lambda each: each.later and each.any_change(each.is_asked_in_first_pass),
        ),
        Cause(
            "reaches no year more than a hundred ahead",
            lambda each: (
                each.theirs is None and each.ours is not None and moment(each.ours).year > 2120
            ),
        ),
        Cause(
            "steps over the day after a gap at its end",
            lambda each: each.later and each.any_change(lambda change: change.ends_at_midnight),
        ),
        Cause(
            "misses slots where the clock goes forward by other than one hour",
            lambda each: (
                each.later
                and each.any_change(lambda change: change.step > 0 and change.step != 3600)
            ),
        ),
        Cause(
            "misses slots where the clock does not go forward at a full hour",
            lambda each: (
                each.later
                and each.any_change(lambda change: change.step > 0 and not change.full_hour)
            ),
        ),
    ),
}
LIBRARIES: Final = {
    "standard": "robfig",
    "seconds": "robfig",
    "spring": "spring",
    "quartz": "quartz",
}


def part(case: Case, our: Answer, their: Answer) -> Difference:
    """Find where two answers part; a search without an end may have gone over all of ours."""
    ours, theirs = (tuple(map(read, answer.slots)) for answer in (our, their))
    if their.hangs:
        return Difference(case, case.start, ours[-1] if ours else None, None, hangs=True)
    common = 0
    while common < min(len(ours), len(theirs)) and ours[common] == theirs[common]:
        common += 1
    return Difference(
        case,
        since=ours[common - 1] if common else case.start,
        ours=ours[common] if common < len(ours) else None,
        theirs=theirs[common] if common < len(theirs) else None,
    )


def cause_of(difference: Difference) -> str | None:
    """Name the known bug behind a difference; None where there is none."""
    library = LIBRARIES[difference.case.parser]
    for cause in CAUSES[library]:
        if cause.holds(difference):
            return cause.words
    return None
