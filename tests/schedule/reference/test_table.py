"""The page of differences says what the libraries say, and what we do."""

import pytest

from dev.cluster.layout import CHECKOUT
from tests.schedule.reference.cases import Case, ours, theirs
from tests.schedule.reference.programs import Program
from tests.schedule.reference.rows import ROWS, Row
from tests.schedule.reference.table import page
from tests.schedule.reference.verdicts import THEY_TAKE, WE_TAKE


def named(row: Row) -> str:
    return f"{row.parser} {row.text} {row.zone}"


def test_the_page_is_that_of_the_table() -> None:
    assert (CHECKOUT / "docs" / "schedules-differences.md").read_text() == page()


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_we_answer_as_the_page_says(row: Row) -> None:
    assert ours(row.case).slots == row.ours
    assert row.theirs != row.ours


def test_robfig_answers_as_the_page_says(robfig: Program) -> None:
    check(robfig, [row for row in ROWS if row.parser == "standard"])


def test_spring_and_quartz_answer_as_the_page_says(java: Program) -> None:
    check(java, [row for row in ROWS if row.parser != "standard"])


def test_robfig_takes_and_refuses_what_the_page_says(robfig: Program) -> None:
    check_verdicts(robfig, "robfig", "standard")


@pytest.mark.parametrize("library", ["spring", "quartz"])
def test_java_takes_and_refuses_what_the_page_says(java: Program, library: str) -> None:
    check_verdicts(java, library, library)


def check_verdicts(program: Program, library: str, parser: str) -> None:
    verdicts = [*THEY_TAKE[library], *WE_TAKE[library]]
    cases = [Case(parser, each.example, "Etc/UTC", 1_700_000_000, 1) for each in verdicts]
    assert all(each.fits(each.example) for each in verdicts)
    we_refuse = [bool(ours(case).refusal) for case in cases]
    assert we_refuse == [each in THEY_TAKE[library] for each in verdicts]
    they_refuse = [bool(answer.refusal) for answer in theirs(program, cases)]
    assert they_refuse == [each in WE_TAKE[library] for each in verdicts]


def check(program: Program, rows: list[Row]) -> None:
    answers = theirs(program, [row.case for row in rows])
    assert answers == [row.their_answer for row in rows]
