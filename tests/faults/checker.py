"""Judges a chaos run: was every due time accounted for, nothing run twice, nothing untrue?

It knows the schedules of the tasks, what their pods print, and the documented meaning of the
status; of the operator's code it knows nothing. `evidence` brings what witnesses saw, `checks`
has what must be so; `check` lists each violation with what shows it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.faults import checks
from tests.faults.case import Case, Expected, Findings, Kind
from tests.faults.evidence import Evidence, JobSeen

CHECKS: Final[tuple[Callable[[Case], Findings], ...]] = (
    checks.records_stay,
    checks.no_slot_runs_twice,
    checks.requests_run_once,
    checks.runs_have_records,
    checks.slots_have_verdicts,
    checks.counts_agree,
    checks.captured_is_true,
    checks.verdicts_are_true,
    checks.nothing_is_left,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Something wrong, of which task, and how it shows."""

    kind: Kind
    task: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.task}: {self.kind}: {self.evidence}"


@dataclass(slots=True)
class Report:
    """The outcome, with the figures that say how much was looked at."""

    violations: list[Violation] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        figures = [f"{count:8} {name}" for name, count in sorted(self.figures.items())]
        found = [str(each) for each in self.violations] or ["nothing is wrong"]
        return "\n".join([*figures, *found])


def check(evidence: Evidence, tasks: Mapping[str, Expected]) -> Report:
    """Check all tasks."""
    report = Report()
    jobs: defaultdict[str, list[JobSeen]] = defaultdict(list)
    for job in evidence.jobs:
        jobs[job.task].append(job)
    for name, expected in tasks.items():
        case = Case(name, expected, evidence, jobs[name], report.figures)
        report.violations += [
            Violation(kind, name, shown) for each in CHECKS for kind, shown in each(case)
        ]
    return report
