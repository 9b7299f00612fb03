"""The page docs/schedules-differences.md, made of rows.py and verdicts.py.

`python -m tests.schedule.reference.table > docs/schedules-differences.md` writes it anew.
"""

from typing import Final

from tests.schedule.reference.rows import OTHERS, SIDE_BY_SIDE, Row
from tests.schedule.reference.verdicts import THEY_TAKE, WE_TAKE

LIBRARIES: Final = {
    "standard": "robfig/cron v3.0.1",
    "spring": "Spring 6.2.19",
    "quartz": "Quartz 2.5.2",
}

HEAD: Final = """\
# Where the libraries answer otherwise

Cronwright has one rule for every dialect: a slot is every instant whose local wall time matches.
A wall time that a change of clock skips is no slot, and one that it repeats is two, or one where
`repeatedTime` says so; under `scheduleDialect: Quartz` that is the last.
robfig/cron, which the CronJob controller uses, Spring and Quartz keep to this too, but for bugs
of their own, which Cronwright does not repeat.
Each row below was answered by the library itself; a test asks it again.
Times are those of the zone's clocks, with the offset from UTC.

The language itself is in [schedules.md](schedules.md).

## Native and managed, side by side

In these zones a CronJob loses runs or misplaces them, so tasks there are Managed, with the
reason `ZoneNotSafe`.
"""

OTHERS_HEAD: Final = """
## Other differences
"""

VERDICTS_HEAD: Final = """
## What only one side takes

A library lets texts through that nobody means, and Cronwright refuses them; a few that a library
refuses, Cronwright takes.
"""

_NAMES: Final = {"robfig": "standard", "spring": "spring", "quartz": "quartz"}


def page() -> str:
    """Write the page."""
    side = _table(["schedule", "zone", "a CronJob", "Cronwright", "why"], SIDE_BY_SIDE)
    columns = ["library", "schedule", "zone", "the library", "Cronwright", "why"]
    others = _table(columns, OTHERS, named=True)
    return f"{HEAD}\n{side}{OTHERS_HEAD}\n{others}{VERDICTS_HEAD}\n{_verdicts()}"


def _verdicts() -> str:
    lines = [["library", "for example", "taken by", "which is"], ["---"] * 4]
    for taken_by, verdicts in (("the library", THEY_TAKE), ("Cronwright", WE_TAKE)):
        for name, kinds in verdicts.items():
            for each in kinds:
                cells = [LIBRARIES[_NAMES[name]], f"`{each.example}`", taken_by, each.words]
                lines.append(cells)
    return _rendered(lines)


def _table(columns: list[str], rows: tuple[Row, ...], *, named: bool = False) -> str:
    lines = [columns, ["---"] * len(columns)]
    for row in rows:
        first = [LIBRARIES[row.parser]] if named else []
        lines.append([*first, *row.cells()])
    return _rendered(lines)


def _rendered(lines: list[list[str]]) -> str:
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    print(page(), end="")
