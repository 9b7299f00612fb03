"""The judge itself: it explains a known bug, and nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from tests.schedule.reference import judge as judging
from tests.schedule.reference.cases import Answer, Case, ours
from tests.schedule.reference.changes import read
from tests.schedule.reference.grammar import Meaning
from tests.schedule.reference.judge import Judgement, judge

NOON = Meaning("0 12 * * FRI", (0,), (0,), (12,), lambda day: day.isoweekday() == 5)
# The Friday whose midnight is skipped: robfig misses it.
CAIRO = Case("standard", NOON.text, "Africa/Cairo", read("2023-04-27T12:00:00Z"), 1, NOON)
RIGHT = Answer(("2023-04-28T09:00:00Z",))
MISSED = Answer(("2023-05-05T09:00:00Z",))


def verdict(monkeypatch: pytest.MonkeyPatch, case: Case, our: Answer, their: Answer) -> Judgement:
    monkeypatch.setattr(judging, "ours", lambda _: our)
    return judge([case], [their], {})


def test_a_known_bug_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(monkeypatch, CAIRO, RIGHT, MISSED)

    assert found.causes == {"loses its place where midnight is skipped": 1}
    assert not found.failures


def test_our_own_fault_is_none_of_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = verdict(monkeypatch, CAIRO, MISSED, RIGHT)

    assert len(found.failures) == 1
    assert "by the rule 2023-04-28T09:00:00Z" in found.failures[0]


def test_a_fault_that_both_share_is_found_by_the_oracle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_SAMPLE", 1)

    found = verdict(monkeypatch, CAIRO, MISSED, MISSED)

    assert len(found.failures) == 1


@pytest.mark.parametrize("zone", ["Etc/UTC", "Europe/Berlin", "Asia/Kolkata"])
def test_without_a_change_that_does_it_there_is_no_excuse(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    every_day = replace(NOON, text="0 12 * * *", day=lambda day: day > date(2000, 1, 1))
    case = replace(CAIRO, text=every_day.text, zone=zone, meaning=every_day)
    our = ours(case)
    late = Answer(("2023-04-29T12:00:00Z",))

    found = verdict(monkeypatch, case, our, late)

    assert len(found.failures) == 1
    assert "no known cause" in found.failures[0]


def test_a_text_that_only_one_side_takes_needs_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    case = replace(CAIRO, text="0 12 * * FRIDAY", meaning=None)

    found = verdict(monkeypatch, case, Answer(refusal="no"), RIGHT)

    assert len(found.failures) == 1
