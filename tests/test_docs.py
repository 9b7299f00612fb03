"""The pages: links that lead somewhere, and every reason and verdict explained."""

import re
from pathlib import Path

import pytest

from cronwright.model import conditions, reasons
from cronwright.model.run import Verdict
from cronwright.settings import ApiSettings, OperatorSettings
from dev.docs import tables

ROOT = Path(__file__).parents[1]
FOLDERS = ("*.md", "docs/*.md", "charts/*/*.md", "dev/*.md", "dev/*/*.md")
PAGES = sorted(page for folder in FOLDERS for page in ROOT.glob(folder))
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)")


def anchors(page: Path) -> set[str]:
    """List what a link can point at in a page: its headings, as they are turned into anchors."""
    headings = re.findall(r"^#+ +(.+)$", page.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text()):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def test_every_reason_and_verdict_is_explained() -> None:
    text = (ROOT / "docs" / "concepts.md").read_text()
    known = {**vars(conditions), **vars(reasons)}
    constants = {value for name, value in known.items() if name.isupper()} - {reasons.QUOTA_WORDS}
    missing = [
        word for word in (*constants, *Verdict) if f"`{word}" not in text and word not in text
    ]
    assert not missing


@pytest.mark.parametrize("name", tables.files())
def test_what_is_made_from_the_code_is_up_to_date(name: str) -> None:
    assert (ROOT / "docs" / name).read_text() == tables.files()[name], "run `make docs`"


def test_every_setting_of_both_processes_is_listed_with_its_default() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    names = {*OperatorSettings.model_fields, *ApiSettings.model_fields}
    missing = [name for name in names if f" | `CRONWRIGHT_{name.upper()}` | " not in page]
    assert not missing
    assert "| `--log-level` | `CRONWRIGHT_LOG_LEVEL` | `info` | " in page
    assert "| `--leader-election` | `CRONWRIGHT_LEADER_ELECTION` | `false` | " in page
    assert "| `--relist-seconds` | `CRONWRIGHT_RELIST_SECONDS` | `180` | " in page
    assert "| `--token-file` | `CRONWRIGHT_TOKEN_FILE` |  | " in page


def test_the_readme_names_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    assert "make demo" in text
    assert "make test" in text
