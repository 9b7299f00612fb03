"""The operators under test, as processes: started, stopped, weighed.

Both get the same environment, credentials and namespace; what they say goes to a file.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.cluster.layout import Layout

_MIB: Final = 1024 * 1024
_KEPT: Final = ("HOME", "LANG", "PATH", "PYTHONPATH", "TMPDIR")
_GRACE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Memory:
    """What a process holds, in MiB: now, its fair share of that, and the most it ever held."""

    resident: float
    proportional: float
    peak: float


class Subject:
    """An operator, run as often as needed."""

    def __init__(self, name: str, command: Sequence[str], cluster: Layout, log: Path) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        self._environment["KUBECONFIG"] = str(cluster.kubeconfig)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; give the time of that, in seconds since the epoch."""
        started = time.time()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        return started

    def stop(self) -> None:
        """End it, by force if it takes too long; one that does not run is fine."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def check(self) -> None:
        """Raise where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            end = b"\n".join(self._log.read_bytes().splitlines()[-20:]).decode(errors="replace")
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}:\n{end}")

    def memory(self) -> Memory:
        """Weigh it."""
        share = _fields(self._proc() / "smaps_rollup")
        status = _fields(self._proc() / "status")
        return Memory(share["Rss"] / _MIB, share["Pss"] / _MIB, status["VmHWM"] / _MIB)

    def cpu_seconds(self) -> float:
        """Give the processor time that it has used since its start."""
        # The second field is the command's name and may hold spaces; it ends with a bracket.
        fields = (self._proc() / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _proc(self) -> Path:
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return Path("/proc") / str(self._process.pid)


def cronwright(cluster: Layout, namespace: str, log: Path) -> Subject:
    """Make Cronwright's operator."""
    command = [sys.executable, "-m", "cronwright", "operator", "--namespace", namespace]
    return Subject("cronwright", [*command, "--health-port", "0"], cluster, log)


def textbook(cluster: Layout, namespace: str, log: Path) -> Subject:
    """Make the baseline."""
    file = Path(__file__).with_name("textbook.py")
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", namespace]
    return Subject("textbook", [*command, str(file)], cluster, log)


def _fields(file: Path) -> dict[str, int]:
    """Read the lines `Name: 123 kB` of a file of /proc, in bytes."""
    found = {}
    for line in file.read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            found[words[0].rstrip(":")] = int(words[1]) * 1024
    return found
