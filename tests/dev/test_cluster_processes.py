"""Processes that are started by one command and found by the next."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster.components import Component
from dev.cluster.processes import Processes

WAITING = "import signal; signal.pause()"
STUBBORN = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('deaf', flush=True); signal.pause()"
)


def component(code: str, *inputs: Path) -> Component:
    return Component("one", (sys.executable, "-c", code), inputs)


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    found = Processes(tmp_path, tmp_path)
    yield found
    found.stop(found.all(), patience=0.0)


def test_a_running_process_is_left_alone(processes: Processes, tmp_path: Path) -> None:
    assert processes.ensure(component(WAITING), os.environ)
    first = processes.find("one")
    later = Processes(tmp_path, tmp_path)  # as the next command has it
    assert not later.ensure(component(WAITING), os.environ)
    assert first is not None
    assert later.find("one") == first


def test_a_killed_process_is_started_again(processes: Processes) -> None:
    processes.ensure(component(WAITING), os.environ)
    first = processes.find("one")
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    os.waitpid(first.pid, 0)
    assert processes.find("one") is None
    assert processes.ensure(component(WAITING), os.environ)
    second = processes.find("one")
    assert second is not None
    assert second.pid != first.pid


def test_one_that_has_ended_and_is_not_collected_counts_as_dead(processes: Processes) -> None:
    processes.ensure(component(WAITING), os.environ)
    process = processes.find("one")
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # waits, and leaves a zombie
    assert not process.alive()


@pytest.mark.parametrize("change", ["command", "file"])
def test_one_that_is_described_otherwise_is_started_again(
    processes: Processes, tmp_path: Path, change: str
) -> None:
    file = tmp_path / "input"
    file.write_text("before")
    processes.ensure(component(WAITING, file), os.environ)
    first = processes.find("one")
    if change == "file":
        file.write_text("after")
    code = WAITING + "; pass" if change == "command" else WAITING
    assert processes.ensure(component(code, file), os.environ)
    second = processes.find("one")
    assert first is not None
    assert second is not None
    assert not first.alive()
    assert second.alive()


def test_one_that_does_not_listen_is_killed(processes: Processes, tmp_path: Path) -> None:
    processes.ensure(component(STUBBORN), os.environ)
    process = processes.find("one")
    assert process is not None
    while "deaf" not in processes.log("one").read_text():
        assert process.alive()
    processes.stop([process], patience=0.1)
    assert not process.alive()
    assert processes.all() == []


@pytest.mark.parametrize(
    ("field", "value"), [("start", 1), ("boot", "another")], ids=["same boot", "after a reboot"]
)
def test_a_recycled_id_is_nobody_of_ours(
    processes: Processes, tmp_path: Path, field: str, value: object
) -> None:
    """A stranger has the id now: it is neither taken for ours nor sent a signal."""
    processes.ensure(component(WAITING), os.environ)
    (process,) = processes.all()
    processes.stop([process], patience=5.0)
    with subprocess.Popen([sys.executable, "-c", WAITING], start_new_session=True) as stranger:
        record = {**json.loads(_record(processes, tmp_path, stranger.pid)), field: value}
        (tmp_path / "one.json").write_text(json.dumps(record))
        assert processes.find("one") is None
        processes.stop(processes.all(), patience=0.0)
        assert stranger.poll() is None
        stranger.kill()


def _record(processes: Processes, directory: Path, pid: int) -> str:
    """Make the record that a process of that id would have."""
    processes.ensure(component(WAITING), os.environ)
    (ours,) = processes.all()
    text = (directory / "one.json").read_text()
    processes.stop([ours], patience=5.0)
    stat = Path(f"/proc/{pid}/stat").read_text()
    start = int(stat[stat.rindex(")") + 2 :].split()[19])
    return json.dumps({**json.loads(text), "pid": pid, "start": start})
