"""What a benchmark found: figures, shown as a table for people or as JSON lines.

Each benchmark returns its figures to `__main__`, which prints them here. A figure stands beside
the baseline of the same run where there is one, and beside the project's goal where it has one.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `goal` is a bound from above, or from below where more is better."""

    benchmark: str
    name: str
    value: float
    unit: str
    baseline: float | None = None
    goal: float | None = None
    more_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.more_is_better else self.value <= self.goal


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        for figure in figures:
            print(json.dumps({**asdict(figure), "met": figure.met}))
    else:
        print(table(figures))
    sys.stdout.flush()


def table(figures: Sequence[Figure]) -> str:
    """Lay the figures out for people."""
    rows = [("figure", "cronwright", "baseline", "goal", "")]
    rows += [
        (
            figure.name,
            f"{_number(figure.value)} {figure.unit}".rstrip(),
            "" if figure.baseline is None else f"{_number(figure.baseline)} {figure.unit}".rstrip(),
            _goal(figure),
            {True: "met", False: "MISSED", None: ""}[figure.met],
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = []
    for row in rows:
        name, *numbers, word = row
        cells = [name.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(numbers, widths[1:4], strict=True)]
        lines.append("  ".join([*cells, word]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def percentile(values: Sequence[float], share: float) -> float:
    """Give the smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # rounded up
    return ordered[max(rank, 1) - 1]


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    sign = "≥" if figure.more_is_better else "≤"
    return f"{sign} {_number(figure.goal)} {figure.unit}".rstrip()


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3g}"
