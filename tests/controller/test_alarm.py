"""The alarm ends the process at its time, however it hangs, and before it does anything else."""

import signal
import subprocess
import sys
from pathlib import Path

from cronwright.controller import alarm

OPERATOR = Path(__file__).parents[2] / "operator"
_PATIENCE = 20.0

SET = "from cronwright.controller import alarm; alarm.install(); alarm.ring_in({})\n"
COUNT = "import os\nn = 0\nwhile True:\n    n += 1\n    os.pwrite(1, b'%d' % n, 0)\n"


def _start(script: str, output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", script], env={"PYTHONPATH": str(OPERATOR)}, stdout=file
        )


def _state(process: subprocess.Popen[bytes]) -> str:
    text = Path(f"/proc/{process.pid}/stat").read_text()
    return text.rpartition(")")[2].split()[0]


def _wait_for(process: subprocess.Popen[bytes], state: str) -> None:
    while _state(process) != state:
        assert process.poll() is None


def test_it_ends_one_that_hangs(tmp_path: Path) -> None:
    process = _start(SET.format(0.2) + "while True: pass", tmp_path / "out")
    assert process.wait(_PATIENCE) == alarm.EXIT_CODE


def test_a_time_that_has_passed_is_now(tmp_path: Path) -> None:
    process = _start(SET.format(-5.0) + "while True: pass", tmp_path / "out")
    assert process.wait(_PATIENCE) == alarm.EXIT_CODE


def test_it_rings_when_it_was_told_last_and_not_when_it_was_stopped(tmp_path: Path) -> None:
    script = SET.format(0.1) + "alarm.ring_in(0.2); alarm.stop(); import time; time.sleep(0.5)"
    assert _start(script, tmp_path / "out").wait(_PATIENCE) == 0


def test_one_that_was_frozen_meanwhile_does_nothing_more(tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = _start(SET.format(1.0) + COUNT, output)
    while not output.read_bytes():
        assert process.poll() is None
    process.send_signal(signal.SIGSTOP)
    _wait_for(process, "T")
    counted = output.read_bytes()
    # The kernel notes a signal for a stopped process, and shows it here in hexadecimal.
    pending = Path(f"/proc/{process.pid}/status")
    bit = 1 << (signal.SIGALRM - 1)
    while not int(pending.read_text().partition("ShdPnd:")[2].split()[0], 16) & bit:
        assert process.poll() is None
    process.send_signal(signal.SIGCONT)

    assert process.wait(_PATIENCE) == alarm.EXIT_CODE
    assert output.read_bytes() == counted
