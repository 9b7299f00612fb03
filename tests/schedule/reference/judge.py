"""Compares the answers, and explains each difference or fails.

A difference is explained by two things together: the oracle (oracle.py) finds our answer right,
and the library's is one of its known bugs (differences.py). Texts that only one side takes are
explained by verdicts.py.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from tests.schedule.reference import oracle
from tests.schedule.reference.agreement import Years, touches
from tests.schedule.reference.cases import Answer, Case, draw, ours, theirs
from tests.schedule.reference.changes import written
from tests.schedule.reference.differences import LIBRARIES, cause_of, part
from tests.schedule.reference.programs import Program
from tests.schedule.reference.seed import SEED, numbers
from tests.schedule.reference.verdicts import verdict_of

_SHOWN: Final = 20
_SAMPLE: Final = 20


@dataclass(slots=True)
class Judgement:
    """What came of a comparison: how many cases, the differences by cause, and the failures."""

    cases: int = 0
    checked: int = 0
    left_out: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def report(self) -> str:
        """Say it in words, the failures last."""
        lines = [
            f"seed {SEED}: {self.cases:,} cases, {self.checked:,} of them checked by the oracle",
            f"{self.left_out:8,}  left out",
        ]
        lines += [f"{count:8,}  {words}" for words, count in self.causes.most_common()]
        shown = self.failures[:_SHOWN]
        if shown:
            lines += [f"{len(self.failures)} not explained:", *shown]
        return "\n".join(lines)


def compare(program: Program, parser: str, count: int, years: Years | None = None) -> Judgement:
    """Put a number of random cases to a library and to us; leave out what goes over `years`."""
    cases = list(draw(numbers(parser), parser, count))
    return judge(cases, theirs(program, cases), years or {})


def judge(cases: Iterable[Case], answers: Iterable[Answer], years: Years) -> Judgement:
    """Compare our answer to each case with theirs; the oracle checks one of some in any case."""
    judgement = Judgement()
    for case, their in zip(cases, answers, strict=True):
        our = ours(case)
        if touches(case, our, years) or touches(case, their, years):
            judgement.left_out += 1
            continue
        judgement.cases += 1
        same = our.slots == their.slots and bool(our.refusal) == bool(their.refusal)
        if same and judgement.cases % _SAMPLE:
            continue
        fault = None
        if case.meaning is not None and not our.refusal:
            judgement.checked += 1
            fault = _wrong(case, our)
        cause = None if same else _explain(case, our, their)
        if fault or (not same and cause is None):
            answered = f"{case}\n    ours   {our}\n    theirs {their}"
            judgement.failures.append(f"{answered}\n    {fault or 'no known cause'}")
        elif cause is not None:
            judgement.causes[cause] += 1
    return judgement


def _wrong(case: Case, our: Answer) -> str | None:
    """Say what the rule answers, where we answer otherwise."""
    assert case.meaning is not None
    last = case.parser == "quartz"
    slots = oracle.slots(case.meaning, case.zone, case.start, case.count, last=last)
    expected = tuple(written(slot) for slot in slots)
    return None if our.slots == expected else f"by the rule {' '.join(expected) or 'never'}"


def _explain(case: Case, our: Answer, their: Answer) -> str | None:
    library = LIBRARIES[case.parser]
    if our.refusal and not their.refusal:
        verdict = verdict_of(library, case.text, ours=False)
        return verdict and f"they take {verdict}"
    if their.refusal and not their.hangs and not our.refusal:
        verdict = verdict_of(library, case.text, ours=True)
        return verdict and f"we take {verdict}"
    return cause_of(part(case, our, their))
