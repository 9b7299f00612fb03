"""robfig/cron itself, which the CronJob controller uses, over random expressions and instants.

A difference must be one of its known bugs, with our answer right by the rule; see judge.py.
The seed is in the report: `CRONWRIGHT_SEED=… make soak ONLY=reference` runs the same cases.
"""

import pytest

from tests.schedule.reference.judge import compare
from tests.schedule.reference.programs import Program
from tests.schedule.reference.seed import reports


@pytest.mark.parametrize("parser", ["standard", "seconds"])
def test_each_difference_is_a_known_bug_of_robfig(robfig: Program, parser: str) -> None:
    check(robfig, parser, 2_000)


@pytest.mark.soak
@pytest.mark.parametrize(("parser", "count"), [("standard", 120_000), ("seconds", 30_000)])
def test_each_difference_is_a_known_bug_of_robfig_at_full_size(
    robfig: Program, parser: str, count: int
) -> None:
    check(robfig, parser, count)


def check(robfig: Program, parser: str, count: int) -> None:
    judgement = compare(robfig, parser, count)
    report = f"robfig/cron, parser {parser}, {judgement.report}"
    reports.append(report)
    assert not judgement.failures, report
