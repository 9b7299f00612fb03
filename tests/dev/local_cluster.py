"""A local cluster of a test's own, used as people use it: by commands."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.cluster.layout import CHECKOUT


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A cluster by its directory, up or not."""

    directory: Path

    def command(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m dev.cluster NAME`."""
        environment = {**os.environ, **variables, "CLUSTER_DIR": str(self.directory)}
        return subprocess.run(
            [sys.executable, "-m", "dev.cluster", name],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def up(self, **variables: str) -> None:
        """Bring it up, which must succeed."""
        done = self.command("up", **variables)
        assert done.returncode == 0, done.stderr

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run its kubectl as the administrator and give what it printed."""
        program = self.directory / "bin" / "kubectl"
        command = [str(program), "--kubeconfig", str(self.directory / "kubeconfig"), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def pids(self) -> dict[str, int]:
        """Give the recorded processes' ids by name."""
        records = [json.loads(file.read_text()) for file in self.directory.glob("run/*.json")]
        return {record["name"]: record["pid"] for record in records}

    def kill(self, *names: str) -> None:
        """Kill processes as a machine that is out of memory would."""
        for name in names:
            os.kill(self.pids()[name], signal.SIGKILL)

    def processes(self) -> list[str]:
        """List the command lines of living processes that name its directory or run its pods."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if str(self.directory).encode() in words and state not in "ZX":
                found.append(words.replace(b"\0", b" ").decode(errors="replace"))
        return [words for words in found if "dev.cluster" not in words]

    def audited(self, uri: str) -> list[dict[str, Any]]:
        """Give the audit log's lines on a path."""
        lines = (self.directory / "audit.log").read_text().splitlines()
        return [event for event in map(json.loads, lines) if event["requestURI"].startswith(uri)]
