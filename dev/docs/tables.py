"""Write the parts of the pages that are made from the code: metrics, settings, execution log.

`make docs` runs it; `tests/test_docs.py` checks that it has been run.

    python -m dev.docs.tables
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cronwright.api.metrics import ApiMetrics
from cronwright.controller.metrics import OperatorMetrics
from cronwright.core.entry import Entry
from cronwright.metrics import Metrics
from cronwright.settings import ApiSettings, CommonSettings, OperatorSettings

DOCS = Path(__file__).resolve().parents[2] / "docs"


def files() -> dict[str, str]:
    """Make each file anew, by its name."""
    return {
        "metrics.md": fill(
            (DOCS / "metrics.md").read_text(),
            {"operator": _metrics(OperatorMetrics(tasks_by_name=True)), "api": _api_metrics()},
        ),
        "operations.md": fill(
            (DOCS / "operations.md").read_text(),
            {
                "operator settings": _settings(OperatorSettings),
                "api settings": _settings(ApiSettings, without=CommonSettings),
                "execution log": _execution_log(),
            },
        ),
        "execution-log.schema.json": json.dumps(schema(), indent=2) + "\n",
    }


def fill(page: str, tables: Mapping[str, str]) -> str:
    """Put tables into a page, each between the comments with its name."""
    for name, table in tables.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
        before, _, rest = page.partition(start)
        _, _, after = rest.partition(end)
        page = f"{before}{start}{table}{end}{after}"
    return page


def schema() -> dict[str, Any]:
    """Describe a line of the execution log as JSON Schema."""
    return {"$schema": "http://json-schema.org/draft-07/schema#", **Entry.model_json_schema()}


def _metrics(metrics: Metrics) -> str:
    rows = (
        f"| `{each.name}` | {each.type} | {', '.join(f'`{name}`' for name in each.labels)} "
        f"| {each.meaning} |"
        for each in metrics.families
    )
    return _table(("metric", "type", "labels", "meaning"), rows)


def _api_metrics() -> str:
    """List what the API has beside the operator's."""
    metrics = ApiMetrics()
    common = {each.name for each in Metrics().families}
    metrics.families = [each for each in metrics.families if each.name not in common]
    return _metrics(metrics)


def _settings(kind: type[CommonSettings], without: type[CommonSettings] | None = None) -> str:
    """List the settings of a process, but for those that are listed already."""
    known = without.model_fields if without else {}
    rows = (
        f"| `--{name.replace('_', '-')}` | `CRONWRIGHT_{name.upper()}` | {_default(field.default)} "
        f"| {field.description} |"
        for name, field in kind.model_fields.items()
        if name not in known
    )
    return _table(("flag", "variable", "default", "meaning"), rows)


def _default(value: object) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _execution_log() -> str:
    described = schema()
    rows = (
        f"| `{name}` | {'always' if name in described['required'] else 'where known'} "
        f"| {field['description']} |"
        for name, field in described["properties"].items()
    )
    return _table(("field", "there", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[str]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}", *rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the files anew."""
    for name, text in files().items():
        (DOCS / name).write_text(text)


if __name__ == "__main__":
    main()
