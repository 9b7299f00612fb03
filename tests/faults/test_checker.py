"""The checker finds nothing in a story that is told right, and each thing that is told wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.case import Kind
from tests.faults.checker import Report, check
from tests.faults.evidence import ATTEMPT, RUN_ID, SLOT, TASK, gather, read_audit, read_printed
from tests.faults.story import NAME, STEP, Story, at, run_id, stamp

SLOTS = 12


def judged(story: Story, folder: Path) -> Report:
    """Check a story by what it leaves behind."""
    story.leave(folder)
    events = read_audit(folder / "audit.log", "shop")
    evidence = gather(events, [story.task()], story.jobs, at(1000))
    read_printed(folder / "witness", evidence)
    return check(evidence, {NAME: story.expected(SLOTS)})


def told_right() -> Story:
    """Tell of runs, ranges that grow, a run that was told to end, and requests."""
    story = Story()
    for number in (1, 2):
        story.run_slot(number)
    story.gap(3, 3, "Skipped", 1)
    story.run_slot(4, verdict="Replaced", printed="begin x\ntold x\n")
    story.gap(3, 5, "Skipped", 2, grows=True)  # slot 4 lies in the range and had its run
    story.gap(6, 8, "Missed", 3)
    story.run_request("first")
    story.requests.add("second")
    skipped = {"id": run_id("request:second"), "verdict": "Skipped", "reason": "ConcurrencyForbid"}
    story.record(skipped)
    story.run_slot(9, printed="", verdict="Replaced", captured="Lost")
    story.run_slot(10, tail="end", captured="Partial")
    story.run_slot(11)
    return story


def test_a_story_told_right(tmp_path: Path) -> None:
    report = judged(told_right(), tmp_path)
    assert report.violations == []
    assert report.figures["slots due"] == 11
    assert report.figures["Jobs that ran"] == 7
    assert report.figures["requests"] == 2
    assert report.figures["runs Succeeded"] == 5
    assert report.figures["slots Missed Because"] == 3
    assert report.figures["captured Full"] == 5


def test_a_job_may_be_spoken_of_before_the_line_of_its_creation(tmp_path: Path) -> None:
    story = told_right()
    made = next(n for n, each in enumerate(story.events) if each["verb"] == "create")
    story.events[made], story.events[made + 1] = story.events[made + 1], story.events[made]
    assert judged(story, tmp_path).violations == []


def test_a_slot_in_doubt_may_have_its_run(tmp_path: Path) -> None:
    story = told_right()
    story.run_slot(12)
    assert judged(story, tmp_path).violations == []


def test_attempts_of_one_run_are_no_second_run(tmp_path: Path) -> None:
    story = told_right()
    notes = {SLOT: stamp(STEP), RUN_ID: run_id(f"slot:{int(at(STEP).timestamp())}"), ATTEMPT: "2"}
    story.job(f"{NAME}-1-2", notes, "uid-again")
    assert judged(story, tmp_path).violations == []


def test_a_job_whose_creation_nobody_logged_is_seen_by_what_is_said_of_it(tmp_path: Path) -> None:
    story = told_right()
    made = [each for each in story.events if each["verb"] == "create"]
    story.events.remove(made[0])
    assert judged(story, tmp_path).violations == []
    (tmp_path / "other").mkdir()
    story.job(f"{NAME}-2", story.jobs[1]["metadata"]["annotations"], "uid-second")
    story.events.remove(next(e for e in reversed(story.events) if e["verb"] == "create"))
    kinds = {each.kind for each in judged(story, tmp_path / "other").violations}
    assert kinds == {Kind.RUN_TWICE}


def test_a_withdrawn_job_of_a_request_is_no_run(tmp_path: Path) -> None:
    story = told_right()
    notes = {"cronwright.dev/request": "second", RUN_ID: run_id("request:second")}
    story.job(f"{NAME}-second", notes, "uid-withdrawn", ran=False)
    assert judged(story, tmp_path).violations == []


def test_slots_that_a_calendar_takes_out(tmp_path: Path) -> None:
    story = Story(left_out=30)
    for number in (1, 2, 4, 5, 6, 7, 8, 10, 11):
        story.run_slot(number)
    story.gap(0, 11, "Excluded", 2)
    assert judged(story, tmp_path).violations == []


def test_where_no_ledger_is_promised_a_slot_may_lack_its_verdict(tmp_path: Path) -> None:
    story = Story(ledger=False)
    story.run_slot(1)
    report = judged(story, tmp_path)
    assert report.violations == []
    assert report.figures["slots without a verdict, where none is promised"] == 10


def _taken_back(story: Story) -> None:
    """Take one of the three verdicts back that the slots 6 to 8 have."""
    gap = story.status["gaps"][0]
    story.status["gaps"][0] = {**gap, "count": gap["count"] - 1}
    story.count(gap["verdict"], -1)
    story.write()


def test_a_job_that_came_late_takes_a_verdict_back(tmp_path: Path) -> None:
    story = told_right()
    _taken_back(story)
    story.run_slot(7)
    report = judged(story, tmp_path)
    assert report.violations == []
    assert report.figures["slots Missed Because"] == 2


@pytest.mark.parametrize(("back", "runs"), [(True, False), (False, True)])
def test_a_verdict_is_taken_back_for_a_run_only(tmp_path: Path, back: bool, runs: bool) -> None:
    story = told_right()
    if back:
        _taken_back(story)
    if runs:
        story.run_slot(7)
    kinds = {each.kind for each in judged(story, tmp_path).violations}
    assert kinds == {Kind.TWO_VERDICTS}


Change = Callable[[Story], None]


def _last_record(story: Story, **different: Any) -> None:
    """Change the last record in the status as it stands, and in the write that brought it."""
    for status in (story.status, story.events[-1]["requestObject"]["status"]):
        status["history"][0].update(different)
        status["lastRun"].update(different)


def _unrecorded(story: Story) -> None:
    story.events.pop()
    record = story.status["history"].pop(0)
    story.status["lastRun"] = story.status["history"][0]
    story.count(record["verdict"], -1)


def _two_uids(story: Story) -> None:
    story.job(f"{NAME}-1", story.jobs[0]["metadata"]["annotations"], "uid-second")


def _other_slot(story: Story) -> None:
    other = {SLOT: stamp(STEP), RUN_ID: "9"}
    story.job(f"{NAME}-other", other, "uid-other", ran=False)


def _recorded_again(story: Story) -> None:
    again = {**story.status["history"][0], "id": "another", "name": f"{NAME}-again"}
    story.job(f"{NAME}-again", {RUN_ID: "another"}, "uid-again")
    story.printed["another.pod"] = "end\n"
    story.record(again, tail="end\n")


def _twice_in_history(story: Story) -> None:
    story.record(story.status["history"][0], tail=story.status["lastRun"]["logTail"])


def _gap_over_runs(story: Story) -> None:
    story.gap(1, 2, "Missed", 1)


def _gap_too_short(story: Story) -> None:
    for status in (story.status, *(e["requestObject"].get("status", {}) for e in story.events)):
        for gap in status.get("gaps", ()):
            if gap["verdict"] == "Missed":
                gap["count"] = 2
                status["counts"]["Missed"] = 2


def _not_due(story: Story) -> None:
    story.job(f"{NAME}-odd", {SLOT: stamp(15), RUN_ID: "odd"}, "uid-odd", ran=False)


def _request_again(story: Story) -> None:
    notes = {"cronwright.dev/request": "first", RUN_ID: run_id("request:first")}
    story.job(f"{NAME}-first", notes, "uid-again")


def _not_asked(story: Story) -> None:
    story.run_request("third")
    story.requests.discard("third")


def _asked_in_vain(story: Story) -> None:
    story.requests.add("fourth")


def _invented(story: Story) -> None:
    story.record({"id": "x", "name": f"{NAME}-never", "verdict": "Unknown"})


def _counts(story: Story) -> None:
    story.count("Succeeded", 1)


def _active(story: Story) -> None:
    story.status["active"] = [{"name": f"{NAME}-9", "id": "x"}]


def _annotation(story: Story) -> None:
    story.annotations["run.cronwright.dev/fifth"] = "{}"


def _unfinished(story: Story) -> None:
    story.jobs[-1]["status"]["conditions"] = []


def _large(story: Story) -> None:
    story.status["message"] = "x" * 65_536


WRONG: dict[str, tuple[Change, set[Kind]]] = {
    "a record is lost": (_unrecorded, {Kind.NO_VERDICT, Kind.NO_RECORD}),
    "a Job came again under its name": (_two_uids, {Kind.RUN_TWICE}),
    "a slot has Jobs of two names": (_other_slot, {Kind.RUN_TWICE}),
    "a slot is recorded twice": (_recorded_again, {Kind.TWO_VERDICTS}),
    "a run is in the history twice": (_twice_in_history, {Kind.TWO_VERDICTS, Kind.COUNTS}),
    "a slot that ran is missed": (_gap_over_runs, {Kind.TWO_VERDICTS}),
    "a range counts too few": (_gap_too_short, {Kind.NO_VERDICT}),
    "something was fired between slots": (_not_due, {Kind.NOT_DUE}),
    "a request ran twice": (_request_again, {Kind.REQUEST_TWICE}),
    "a run nobody asked for": (_not_asked, {Kind.NOT_DUE}),
    "a request was forgotten": (_asked_in_vain, {Kind.REQUEST_LOST}),
    "a Job was made up": (_invented, {Kind.INVENTED}),
    "a count is wrong": (_counts, {Kind.COUNTS}),
    "a tail is another's": (lambda s: s.printed.update(dict.fromkeys(s.printed, "end x\n")),
                            {Kind.UNTRUE_CAPTURE, Kind.UNTRUE_VERDICT}),
    "a lost log has a tail": (lambda s: _last_record(s, captured="Lost"), {Kind.UNTRUE_CAPTURE}),
    "a part is not of the whole": (
        lambda s: _last_record(s, captured="Partial", logTail="other"), {Kind.UNTRUE_CAPTURE}),
    "a full log is cut": (lambda s: _last_record(s, logTail="end"), {Kind.UNTRUE_CAPTURE}),
    "a failure was none": (
        lambda s: _last_record(s, verdict="Failed"), {Kind.UNTRUE_VERDICT, Kind.COUNTS}),
    "a record is rewritten": (
        lambda s: s.status["history"][0].update(exitCode=3), {Kind.REWRITTEN}),
    "a run is active for ever": (_active, {Kind.UNSETTLED}),
    "an annotation stays": (_annotation, {Kind.UNSETTLED}),
    "a Job runs on": (_unfinished, {Kind.UNSETTLED}),
    "a status grows too large": (_large, {Kind.TOO_LARGE}),
}  # fmt: skip


@pytest.mark.parametrize(("change", "kinds"), WRONG.values(), ids=WRONG.keys())
def test_a_story_told_wrong(change: Change, kinds: set[Kind], tmp_path: Path) -> None:
    story = told_right()
    change(story)
    report = judged(story, tmp_path)
    assert {each.kind for each in report.violations} == kinds, str(report)


def test_every_kind_of_violation_is_told_of_once() -> None:
    assert set().union(*(kinds for _, kinds in WRONG.values())) == set(Kind)


def test_a_calendar_that_is_not_kept(tmp_path: Path) -> None:
    story = Story(left_out=30)
    for number in range(1, 12):
        story.run_slot(number)
    kinds = [each.kind for each in judged(story, tmp_path).violations]
    assert kinds == [Kind.NOT_DUE] * 2


def test_the_log_is_read_as_it_is(tmp_path: Path) -> None:
    story = told_right()
    story.leave(tmp_path)
    log = tmp_path / "audit.log"
    whole = len(list(read_audit(log, "shop")))
    lines = log.read_text().splitlines(keepends=True)
    compact = lines[3].replace(": ", ":").replace(", ", ",")
    torn = compact[: len(compact) // 2] + compact
    failed = lines[0].replace('"code": 201', '"code": 409')
    log.write_text("".join([*lines[:3], torn, *lines[4:], failed]))
    assert len(list(read_audit(log, "shop"))) == whole
    assert list(read_audit(log, "other")) == []
    assert list(read_audit(log, "shop", log.stat().st_size)) == []
    assert TASK in lines[0]
