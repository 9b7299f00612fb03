"""The cases: an expression, a zone and an instant, and both answers to each.

`draw` makes random ones, half of them within two days of a change of clock; `ours` is the one
place where the package is asked, and `theirs` where a library is. judge.py compares the two.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, Final

from cronwright.errors import FieldError
from cronwright.schedule import Dialect, Terms
from cronwright.schedule import read as read_terms
from tests.schedule.reference import dialects
from tests.schedule.reference.changes import ZONES, Change, changes_in, epoch, moment, written
from tests.schedule.reference.grammar import Grammar, Meaning, broken
from tests.schedule.reference.programs import Program

# The years drawn from, the last one left out: the rules of the next decade are in each database.
YEARS: Final = range(2000, 2040)
JAVA_YEARS: Final = range(2000, 2037)
_CLOSE: Final = 2 * 86_400
_BROKEN: Final = 0.15

DIALECTS: Final = {
    "standard": Dialect.KUBERNETES,
    "seconds": Dialect.KUBERNETES,
    "spring": Dialect.SPRING,
    "quartz": Dialect.QUARTZ,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A question to a library and to us: the `count` slots strictly after `start`.

    `meaning` is None where the expression was spoiled: then nobody knows what it should mean.
    """

    parser: str
    text: str
    zone: str
    start: int
    count: int
    meaning: Meaning | None = None

    def question(self) -> dict[str, Any]:
        """Give the case as the programs read it."""
        return {
            "expr": self.text,
            "zone": self.zone,
            "start": written(self.start),
            "n": self.count,
            "parser": self.parser,
        }

    def __str__(self) -> str:
        return f'{self.parser} "{self.text}" {self.zone} after {written(self.start)}'


@dataclass(frozen=True, slots=True)
class Answer:
    """The slots, or why there are none: a refusal, or a search that does not end."""

    slots: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def hangs(self) -> bool:
        """Whether the search did not end."""
        return self.refusal == "hangs"

    def __str__(self) -> str:
        return self.refusal or " ".join(self.slots) or "never"


def draw(random: Random, parser: str, count: int) -> Iterator[Case]:
    """Draw cases for one of the parsers, half of them close to a change of clock."""
    for number in range(count):
        zone = random.choice(ZONES)
        start, change = _instant(random, zone, parser, close=number % 2 == 0)
        hint = moment(change.instant + change.before).date() if change else None
        meaning = _meaning(Grammar(random, hint, wraps=parser == "quartz"), parser)
        if random.random() < _BROKEN:
            # Without a change of clock: whatever such a text means, both must answer the same.
            text = broken(meaning.text, random)
            yield Case(_parser_of(text, parser), text, "Etc/UTC", start, 2)
        else:
            yield Case(parser, meaning.text, zone, start, random.randint(1, 6), meaning)


def theirs(program: Program, cases: Iterable[Case]) -> list[Answer]:
    """Give a library's answers, in order."""
    answers = program.ask(case.question() for case in cases)
    return [Answer(tuple(each.get("next", ())), each.get("error", "")) for each in answers]


def ours(case: Case) -> Answer:
    """Give our answer; anything but slots or a `FieldError` passes through."""
    terms = Terms(
        schedule=case.text,
        time_zone=case.zone,
        dialect=DIALECTS[case.parser],
        created=moment(case.start),
    )
    try:
        timetable = read_terms(terms)
    except FieldError as error:
        return Answer(refusal=str(error))
    slots = islice(timetable.slots(moment(case.start)), case.count)
    return Answer(tuple(written(epoch(slot.nominal)) for slot in slots))


def _meaning(grammar: Grammar, parser: str) -> Meaning:
    if parser == "spring":
        return dialects.spring(grammar)
    if parser == "quartz":
        return dialects.quartz(grammar)
    return dialects.robfig(grammar, seconds=parser == "seconds")


def _parser_of(text: str, parser: str) -> str:
    """Give the one of robfig's two parsers that we stand for: six fields begin with the seconds."""
    if parser not in ("standard", "seconds"):
        return parser
    return "seconds" if len(text.split()) == 6 else "standard"


def _instant(random: Random, zone: str, parser: str, *, close: bool) -> tuple[int, Change | None]:
    years = JAVA_YEARS if parser in ("spring", "quartz") else YEARS
    if close:
        changes = [change for year in years for change in changes_in(zone, year)]
        if changes:
            change = random.choice(changes)
            return change.instant + random.randint(-_CLOSE, _CLOSE), change
    begin = epoch(datetime(years.start, 1, 1, tzinfo=UTC))
    return random.randrange(begin, epoch(datetime(years.stop, 1, 1, tzinfo=UTC))), None
