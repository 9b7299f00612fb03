"""Spring's and Quartz's own cron expressions, over random expressions and instants.

As test_robfig.py, where Java and Maven are there. Java has a database of zones of its own: the
years in which it and Python's differ are left out and printed.
"""

import pytest

from tests.schedule.reference.agreement import disagreements, in_words
from tests.schedule.reference.cases import JAVA_YEARS
from tests.schedule.reference.changes import ZONES
from tests.schedule.reference.judge import compare
from tests.schedule.reference.programs import Program
from tests.schedule.reference.seed import reports


@pytest.mark.parametrize("parser", ["spring", "quartz"])
def test_each_difference_is_a_known_bug_of_the_library(java: Program, parser: str) -> None:
    check(java, parser, 2_000)


@pytest.mark.soak
@pytest.mark.parametrize("parser", ["spring", "quartz"])
def test_each_difference_is_a_known_bug_of_the_library_at_full_size(
    java: Program, parser: str
) -> None:
    check(java, parser, 30_000)


def check(java: Program, parser: str, count: int) -> None:
    # A search may go on for some years after the last instant that is drawn.
    years = range(JAVA_YEARS.start, JAVA_YEARS.stop + 60)
    others = disagreements(java, parser, ZONES, years)
    judgement = compare(java, parser, count, others)
    report = f"{parser}, {judgement.report}\nleft out: {in_words(others) or 'nothing'}"
    reports.append(report)
    assert not judgement.failures, report
