"""The benchmarks' own arithmetic: what they print is believed."""

import json
import re
from pathlib import Path

import pytest

from tests.bench.audit import AuditLog, Entry, by_operator
from tests.bench.intake import taken_in
from tests.bench.node import paced
from tests.bench.report import Figure, percentile, show, table
from tests.bench.restart import Change, caught_up
from tests.bench.runs import Runs


def entry(verb: str, resource: str, name: str, time: float = 0.0, body: object = None) -> Entry:
    return Entry(time, verb, resource, "ns", name, 200, "admin", "kubectl", body)


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected


@pytest.mark.parametrize(
    ("value", "more_is_better", "met"),
    [(9, False, True), (10, False, True), (11, False, False), (11, True, True), (9, True, False)],
)
def test_a_goal_is_a_bound(value: float, more_is_better: bool, met: bool) -> None:
    assert Figure("b", "f", value, "s", goal=10, more_is_better=more_is_better).met is met


def test_without_a_goal_none_is_missed() -> None:
    assert Figure("b", "f", 1, "s").met is None


def test_the_table_names_value_baseline_goal_and_outcome() -> None:
    text = table([Figure("b", "pace", 1234.5, "a second", baseline=600, goal=1200,
                         more_is_better=True)])  # fmt: skip
    assert re.split(" {2,}", text.splitlines()[2]) == [
        "pace",
        "1,234.5 a second",
        "600 a second",
        "≥ 1,200 a second",
        "met",
    ]


def test_a_json_line_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    show([Figure("b", "f", 0.25, "s", goal=0.5), Figure("b", "g", 2, "")], as_json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["name"], line["value"], line["met"]) for line in lines] == [
        ("f", 0.25, True),
        ("g", 2, None),
    ]


def test_an_audit_log_is_read_on_from_its_end_and_only_in_whole_lines(tmp_path: Path) -> None:
    event = {
        "stage": "ResponseComplete",
        "verb": "patch",
        "user": {"username": "admin"},
        "userAgent": "kubectl",
        "objectRef": {
            "resource": "jobs",
            "subresource": "status",
            "namespace": "ns",
            "name": "a",
        },
        "responseStatus": {"code": 200},
        "requestObject": [{"op": "test"}],
        "stageTimestamp": "2026-01-31T12:00:00.250000Z",
    }
    line = json.dumps(event, separators=(",", ":"))
    file = tmp_path / "audit.log"
    file.write_text(f"{line}\n")
    log = AuditLog(file)
    with file.open("a") as more:
        more.write(f"{line}\n{line[:40]}")
    (read,) = log.read()
    assert (read.resource, read.name, read.time % 60) == ("jobs/status", "a", 0.25)
    assert read.body == [{"op": "test"}]
    with file.open("a") as more:
        more.write(f"{line[40:]}\n")
    assert len(log.read()) == 1
    assert log.read() == []


def test_the_operator_is_who_is_neither_kubernetes_nor_the_benchmark() -> None:
    entries = [
        Entry(0, "create", "jobs", "ns", "a", 201, "system:kube-controller-manager", "kcm", None),
        Entry(0, "create", "jobs", "ns", "b", 201, "admin", "cronwright/0.1 (bench)", None),
        Entry(0, "create", "jobs", "ns", "c", 201, "admin", "cronwright/0.1 (operator)", None),
    ]
    assert [each.name for each in by_operator(entries, "bench")] == ["c"]


def test_a_task_is_taken_in_with_the_later_of_cronjob_and_status() -> None:
    entries = [
        entry("create", "cronjobs", "both", 1.0),
        entry("patch", "scheduledtasks/status", "both", 2.0),
        entry("patch", "scheduledtasks/status", "both", 3.0),
        entry("create", "cronjobs", "half", 1.5),
    ]
    assert taken_in(entries) == {"both": 2.0}


def test_caught_up_is_the_first_change_and_three_at_once_in_a_row() -> None:
    slow = Change("a", "m", made=0.0, carried_out=9.0)
    quick = [Change("b", "m", made=10.0 + second, carried_out=10.2 + second) for second in range(3)]
    assert caught_up([slow, *quick])
    assert not caught_up([slow, *quick[:2]])
    assert not caught_up([Change("a", "m", made=0.0), *quick])
    assert not caught_up([slow, *quick[:2], Change("c", "m", made=13.0, carried_out=14.5)])


def test_a_run_is_followed_from_its_pods_end_to_its_record_and_its_jobs_condition() -> None:
    runs = Runs(["job"])
    record = {"name": "job", "captured": "Full", "exitCode": 0}
    running: object = {"status": {"containerStatuses": [{"state": {"running": {}}}]}}
    terminated: object = {"status": {"containerStatuses": [{"state": {"terminated": {}}}]}}
    complete = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    status = {"status": {"history": [record], "lastRun": {**record, "logTail": "a\ndone\n"}}}
    runs.take(
        [
            entry("patch", "pods/status", "job-abcde", 1.0, running),
            entry("patch", "pods/status", "job-abcde", 2.0, terminated),
            entry("patch", "pods/status", "job-abcde", 2.5, terminated),
            entry("update", "scheduledtasks/status", "task", 2.25, status),
            entry("update", "scheduledtasks/status", "task", 4.0, status),
            entry("update", "jobs/status", "job", 3.0, {"status": {"conditions": None}}),
            entry("update", "jobs/status", "job", 3.5, complete),
            entry("patch", "pods/status", "other-abcde", 1.0, terminated),
        ]
    )
    assert runs.delays(runs.recorded) == [0.25]
    assert runs.delays(runs.decided) == [1.5]
    assert runs.complete == 1


def test_a_nodes_pace_is_from_the_first_creation_to_its_own_last_write() -> None:
    def by(agent: str, verb: str, resource: str, time: float) -> Entry:
        return Entry(time, verb, resource, "ns", "pod", 200, "admin", agent, None)

    entries = [
        by("bench", "create", "pods", 1.0),
        by("bench", "create", "pods", 2.0),
        by("node", "patch", "pods/status", 2.5),
        by("node", "patch", "pods/status", 3.0),
        by("node", "patch", "pods/status", 5.0),
        by("somebody", "patch", "pods/status", 9.0),
    ]
    assert paced(entries, 2, "ns") == (0.5, 1.5)
    assert paced([*entries, entry("create", "pods", "pod", 0.5)], 2, "ns")[0] == 2 / 4.5
