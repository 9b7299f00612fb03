"""What is kept of a run's output, whatever it prints."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from cronwright.kube.client import Client
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import StartOperator
from tests.cluster.stage import Stage, set_up
from tests.cluster.tasks import Tasks, shell

pytestmark = pytest.mark.cluster

HUNDRED_MEGABYTES = "yes 'a line as long as many lines in many logs are' | head -c 100000000"
LARGEST = {"maxBytes": 16384, "tailLines": 1000}

SPECS: dict[str, dict[str, Any]] = {
    "much": {"container": shell(f"{HUNDRED_MEGABYTES}; echo; echo the true end")},
    "much-and-all-kept": {
        "container": shell(f"{HUNDRED_MEGABYTES}; echo; echo the true end; exit 1"),
        "logs": LARGEST,
    },
    "one-endless-line": {
        "container": shell("head -c 100000000 /dev/zero | tr '\\0' x"),
        "logs": LARGEST,
    },
    "nothing": {"container": shell("exit 0")},
    "zeros": {"container": shell("head -c 40000 /dev/zero; echo; echo end"), "logs": LARGEST},
    "noise": {"container": shell("head -c 60000 /dev/urandom; echo; echo end"), "logs": LARGEST},
    "colours": {"container": shell(r"printf '\033[1;31mred\033[0m and \033]0;title\007plain\n'")},
    "progress": {"container": shell(r"printf '10%%\r50%%\r100%%\ndone\n'")},
    "no-newline": {"container": shell("printf 'first\nno end'")},
    "broken-characters": {"container": shell(r"printf 'caf\303\nna\357ve\ncaf\303\251\n'")},
    "last-lines": {"container": shell("seq 1 500"), "logs": {"tailLines": 3}},
    "at-a-line": {"container": shell("seq 100000 100999"), "logs": {"maxBytes": 20}},
    "errors-too": {"container": shell("echo to stdout; echo to stderr >&2")},
}


@pytest.fixture(scope="module")
def stage(cluster: Cluster, start_operator: StartOperator) -> Iterator[Stage]:
    with set_up(cluster, start_operator, "capture", SPECS) as stage:
        yield stage


@pytest.fixture
def tasks(stage: Stage, client: Client) -> Tasks:
    return Tasks(client, stage.namespace)


async def record_of(tasks: Tasks, name: str) -> dict[str, Any]:
    """Wait for a task's one record; its status is below 64 KiB in any case."""
    status = await tasks.ended(name, timeout=60.0)
    assert len(json.dumps(status, ensure_ascii=False).encode()) < 64 * 1024
    record: dict[str, Any] = status["lastRun"]
    return record


def encoded(text: str) -> int:
    """Measure a text as JSON carries it."""
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2


async def test_the_tail_of_a_hundred_megabytes_is_the_true_one(tasks: Tasks) -> None:
    record = await record_of(tasks, "much")

    *before, last = record["logTail"].splitlines()
    assert last == "the true end"
    assert set(before[:-1]) == {"a line as long as many lines in many logs are"}
    assert 3900 < encoded(record["logTail"]) <= 4096
    assert record["captured"] == "Full"


async def test_a_failure_with_the_longest_tail_stands_twice_and_fits(tasks: Tasks) -> None:
    record = await record_of(tasks, "much-and-all-kept")
    status = await tasks.status("much-and-all-kept")

    assert record["logTail"].endswith("the true end\n")
    assert 16000 < encoded(record["logTail"]) <= 16384
    assert status["lastFailure"]["logTail"] == record["logTail"]


async def test_one_line_of_a_hundred_megabytes_is_kept_in_part(tasks: Tasks) -> None:
    record = await record_of(tasks, "one-endless-line")

    assert record["captured"] == "Partial"
    assert set(record["logTail"]) == {"x"}
    assert encoded(record["logTail"]) <= 16384


async def test_a_run_that_prints_nothing_has_no_tail(tasks: Tasks) -> None:
    record = await record_of(tasks, "nothing")

    assert record["captured"] == "Full"
    assert "logTail" not in record


@pytest.mark.parametrize("name", ["zeros", "noise"])
async def test_binary_output_is_made_printable(tasks: Tasks, name: str) -> None:
    tail = (await record_of(tasks, name))["logTail"]

    assert tail.endswith("end\n")
    assert not {unicodedata.category(each) for each in tail if each not in "\n\t"} & {"Cc", "Cs"}
    assert encoded(tail) <= 16384


async def test_colours_are_kept_out(tasks: Tasks) -> None:
    assert (await record_of(tasks, "colours"))["logTail"] == "red and plain\n"


async def test_of_a_progress_bar_the_last_state_is_kept(tasks: Tasks) -> None:
    assert (await record_of(tasks, "progress"))["logTail"] == "100%\ndone\n"


async def test_a_last_line_without_an_end_is_kept(tasks: Tasks) -> None:
    assert (await record_of(tasks, "no-newline"))["logTail"].splitlines() == ["first", "no end"]


async def test_broken_characters_are_replaced_one_by_one(tasks: Tasks) -> None:
    tail = (await record_of(tasks, "broken-characters"))["logTail"]

    assert tail == "caf\N{REPLACEMENT CHARACTER}\nna\N{REPLACEMENT CHARACTER}ve\ncaf\xe9\n"


async def test_no_more_lines_than_the_task_asks_for(tasks: Tasks) -> None:
    assert (await record_of(tasks, "last-lines"))["logTail"] == "498\n499\n500\n"


async def test_a_tail_begins_at_a_line(tasks: Tasks) -> None:
    lines = (await record_of(tasks, "at-a-line"))["logTail"].splitlines()

    assert lines == ["100998", "100999"]


async def test_standard_error_is_kept_as_well(tasks: Tasks) -> None:
    assert sorted((await record_of(tasks, "errors-too"))["logTail"].splitlines()) == [
        "to stderr",
        "to stdout",
    ]
