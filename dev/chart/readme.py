"""Write the table of values in the chart's README from the sentences in its values.yaml.

`make docs` runs it; `tests/chart/` checks that it has been run.

    python -m dev.chart.readme
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parents[2] / "charts" / "cronwright"
START, END = "<!-- values -->\n", "<!-- end of values -->\n"
KEY = re.compile(r"^(?P<indent> *)(?P<name>\w+):")


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its path, its default and its sentence."""

    path: str
    default: Any
    sentence: str


def values(text: str) -> list[Value]:
    """Read the values that have a sentence: the comment right above them."""
    defaults = yaml.safe_load(text)
    found: list[Value] = []
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("# "):
            comment.append(line.lstrip()[2:])
            continue
        key = KEY.match(line)
        if key:
            depth = len(key["indent"]) // 2
            path = [*path[:depth], key["name"]]
            if comment:
                found.append(Value(".".join(path), _look_up(defaults, path), " ".join(comment)))
        comment = []
    return found


def render(readme: str, text: str) -> str:
    """Put the table of values into a README, in place of the one that stands there."""
    before, _, rest = readme.partition(START)
    _, _, after = rest.partition(END)
    rows = [
        f"| `{value.path}` | `{json.dumps(value.default)}` | {value.sentence} |"
        for value in values(text)
    ]
    table = "\n".join(["| value | default | meaning |", "| --- | --- | --- |", *rows])
    return f"{before}{START}{table}\n{END}{after}"


def _look_up(defaults: Any, path: list[str]) -> Any:
    for name in path:
        defaults = defaults[name]
    return defaults


def main() -> None:
    """Write the README anew."""
    readme = CHART / "README.md"
    readme.write_text(render(readme.read_text(), (CHART / "values.yaml").read_text()))


if __name__ == "__main__":
    main()
