"""Processes that outlive the command that started them, and are found again by the next one.

A record says which process it was: its id and the moment of its start, counted from a boot of the
machine that is named too. A process that got the id later is never taken for it.
"""

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from dev.cluster.components import Component

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_POLL: Final = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """A process that was started here once."""

    name: str
    pid: int
    start: int
    boot: str
    fingerprint: str

    def alive(self) -> bool:
        """Tell whether it still runs."""
        return self.boot == boot() and _started_at(self.pid) == self.start

    def send(self, number: int) -> None:
        """Send a signal to the process and all that share its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)


class Processes:
    """The processes of one cluster, by their records."""

    def __init__(self, records: Path, logs: Path) -> None:
        self._records = records
        self._logs = logs

    def all(self) -> list[Process]:
        """List what was started and not stopped, alive or not."""
        return [Process(**json.loads(path.read_text())) for path in self._records.glob("*.json")]

    def find(self, name: str) -> Process | None:
        """Give the living process of that name."""
        path = self._record(name)
        if not path.exists():
            return None
        process = Process(**json.loads(path.read_text()))
        return process if process.alive() else None

    def ensure(self, component: Component, environment: Mapping[str, str]) -> bool:
        """See that the component runs as described; tell whether it had to be started."""
        wanted = fingerprint(component)
        process = self.find(component.name)
        if process is not None:
            if process.fingerprint == wanted:
                return False
            # An API server would wait long for its clients, which don't go away meanwhile.
            self.stop([process], patience=3.0)
        self._begin(component, environment, wanted)
        return True

    def stop(self, processes: Iterable[Process], patience: float) -> None:
        """End processes together: asked to, then after `patience` seconds made to."""
        left = list(processes)
        for process in left:
            if process.alive():
                process.send(signal.SIGTERM)
        deadline = time.monotonic() + patience
        while any(process.alive() for process in left) and time.monotonic() < deadline:
            time.sleep(_POLL)
        for process in left:
            if process.alive():
                process.send(signal.SIGKILL)
        while any(process.alive() for process in left):
            time.sleep(_POLL)
        for process in left:
            self._record(process.name).unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Name the file of what it prints."""
        return self._logs / f"{name}.log"

    def _begin(self, component: Component, environment: Mapping[str, str], digest: str) -> None:
        with self.log(component.name).open("ab") as output:
            child = subprocess.Popen(
                component.command,
                cwd=component.directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        start = _started_at(child.pid)
        child.returncode = 0  # it is to outlive this command, so nobody waits for it
        record = Process(component.name, child.pid, start or 0, boot(), digest)
        path = self._record(component.name)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(asdict(record)))
        new.replace(path)

    def _record(self, name: str) -> Path:
        return self._records / f"{name}.json"


def fingerprint(component: Component) -> str:
    """Digest a command line and the files it reads."""
    digest = hashlib.sha256(json.dumps([*component.command, str(component.directory)]).encode())
    for path in component.inputs:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def boot() -> str:
    """Name the machine's current boot."""
    return _BOOT.read_text().strip()


def _started_at(pid: int) -> int | None:
    """Give a process's start in clock ticks since boot; None if there is none, or it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command's name stands in parentheses and may hold anything, so count from its end.
    state, *rest = text[text.rindex(")") + 2 :].split()
    return None if state in "ZX" else int(rest[18])
