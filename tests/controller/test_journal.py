"""When entries are told: once the status that says the same is written, and then once."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from cronwright.controller.journal import Journal
from cronwright.controller.metrics import OperatorMetrics
from cronwright.controller.tasks import TaskKey
from cronwright.core.entry import Entry, Happening, Subject
from cronwright.kube.errors import ApiError, Conflict, Unavailable
from cronwright.log import EXECUTION, set_up
from cronwright.model.run import Verdict
from cronwright.model.status import Mode, TaskStatus
from cronwright.model.task import ScheduledTask
from cronwright.settings import LogFormat, LogLevel
from tests.core.world import NOON, task

LOST = Unavailable(0, "NoAnswer", "the connection broke")
CHANGED = Conflict(409, "Conflict", "another version stands")
OLD: dict[str, Any] = {"counts": {"Failed": 1}}
NEW: dict[str, Any] = {"counts": {"Failed": 2}}
ENTRY = Entry.make(
    Subject(task(), Mode.MANAGED, NOON),
    Happening.ENDED,
    trace_id="0" * 32,
    run="report-1",
    verdict=Verdict.FAILED,
    message="run failed",
    trigger="Manual",
)


@pytest.fixture(autouse=True)
def _plain_logging() -> Iterator[None]:
    root, execution = logging.getLogger(), logging.getLogger(EXECUTION)
    before = root.level, root.handlers[:]
    yield
    execution.handlers, execution.propagate = [], True
    root.setLevel(before[0])
    root.handlers = before[1]


class Lines(logging.Handler):
    """Keep what is told."""

    def __init__(self, told: list[str]) -> None:
        super().__init__()
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record.getMessage())


@pytest.fixture
def told() -> list[str]:
    """Give the lines that are told, as they come."""
    lines: list[str] = []
    execution = logging.getLogger(EXECUTION)
    execution.handlers = [Lines(lines)]
    execution.setLevel(logging.INFO)
    return lines


def at(version: str, status: dict[str, Any]) -> ScheduledTask:
    """Make the task as it stands in a version."""
    return replace(task(status=status), resource_version=version)


def write(
    journal: Journal, of: ScheduledTask, status: dict[str, Any], error: ApiError | None = None
) -> None:
    """Write a status, or fail to; where the task has it already there is nothing to tell."""
    entries = () if of.status.counts == status["counts"] else (ENTRY,)
    with journal.telling(of, TaskStatus.model_validate(status), entries):
        if error:
            raise error


def test_a_line_follows_the_write(told: list[str]) -> None:
    journal = Journal(OperatorMetrics())
    with journal.telling(at("1", OLD), TaskStatus.model_validate(NEW), (ENTRY,)):
        assert told == []
    (line,) = told
    assert json.loads(line)["message"] == "run failed"


def test_a_write_that_failed_is_told_when_it_is_done_at_last(
    told: list[str],
) -> None:
    journal = Journal(OperatorMetrics())
    with pytest.raises(Conflict):
        write(journal, at("1", OLD), NEW, CHANGED)
    assert told == []
    write(journal, at("2", OLD), NEW)
    write(journal, at("3", NEW), NEW)
    assert len(told) == 1


def test_a_write_whose_answer_was_lost_is_told_when_it_is_seen(
    told: list[str],
) -> None:
    journal = Journal(OperatorMetrics())
    with pytest.raises(Unavailable):
        write(journal, at("1", OLD), NEW, LOST)
    with pytest.raises(Conflict):  # the news of it is still on its way
        write(journal, at("1", OLD), NEW, CHANGED)
    assert told == []
    write(journal, at("2", NEW), NEW)
    write(journal, at("2", NEW), NEW)
    assert len(told) == 1


def test_what_another_status_took_the_place_of_is_not_told(told: list[str]) -> None:
    journal = Journal(OperatorMetrics())
    with pytest.raises(Unavailable):
        write(journal, at("1", OLD), NEW, LOST)
    other = {"counts": {"Failed": 1, "Succeeded": 1}}
    write(journal, at("2", other), other)
    assert told == []


def test_of_writes_that_fail_for_long_the_last_are_kept(told: list[str]) -> None:
    journal = Journal(OperatorMetrics())
    for number in range(2, 102):
        with pytest.raises(Unavailable):
            write(journal, at("1", OLD), {"counts": {"Failed": number}}, LOST)
    assert len(journal._tries[TaskKey("team", "report")]) == 20
    write(journal, at("2", {"counts": {"Failed": 101}}), {"counts": {"Failed": 101}})
    assert len(told) == 1


def test_a_deleted_task_leaves_nothing_behind(told: list[str]) -> None:
    metrics = OperatorMetrics()
    journal = Journal(metrics)
    with pytest.raises(Unavailable):
        write(journal, at("1", OLD), NEW, LOST)
    write(journal, at("1", OLD), OLD)
    journal.forget(TaskKey("team", "report"))
    write(journal, at("2", NEW), NEW)
    assert told == []
    journal.forget(TaskKey("team", "report"))
    assert list(metrics.census) == []


@pytest.mark.parametrize("form", LogFormat)
def test_the_lines_alone_are_on_standard_output(
    capsys: pytest.CaptureFixture[str], form: LogFormat
) -> None:
    set_up(LogLevel.ERROR, form)
    journal = Journal(OperatorMetrics())
    logging.getLogger("cronwright.controller").error("trouble")
    write(journal, at("1", OLD), NEW)

    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads(ENTRY.render())
    assert "trouble" in captured.err
    assert "run failed" not in captured.err
