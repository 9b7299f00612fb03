"""The real operator as a process of its own: started, killed and started again by tests."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from tests.cluster.waiting import until
from tests.samples import Samples, samples

CHECKOUT = Path(__file__).parents[2]
_PATIENCE = 15.0


class OperatorProcess:
    """Run `cronwright operator` for one namespace."""

    def __init__(
        self,
        kubeconfig: Path,
        namespace: str,
        log: Path,
        user: str,
        *more: str,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.namespace = namespace
        self._more = more  # flags beside those that each one has
        self.user = user  # as the audit log names it
        self._kubeconfig = kubeconfig
        self._log = log
        self._executions = log.with_suffix(".executions")
        self._environment = environment or {}
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; `ready` waits until it works."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        settings = {
            "kubeconfig": self._kubeconfig,
            "namespace": self.namespace,
            "bind-address": "127.0.0.1",
            "health-port": self._port,
        }
        flags = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        with self._log.open("ab") as log, self._executions.open("ab") as executions:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cronwright", "operator", *flags, *self._more],
                stdout=executions,
                stderr=log,
                env={
                    **os.environ,
                    "PYTHONPATH": str(CHECKOUT / "operator"),
                    **self._environment,
                },
            )

    def revive(self) -> bool:
        """Start it again if it has ended by itself, as the kubelet does; tell whether it had."""
        if self._process is None or self._process.poll() is None:
            return False
        self.start()
        return True

    @property
    def pid(self) -> int:
        """Give its process id."""
        return self._running().pid

    async def ready(self) -> None:
        """Wait until everything that stands is known to it."""
        await until(self._answers, 30.0)

    def kill(self) -> None:
        """End it as `kill -9` does."""
        process = self._running()
        process.kill()
        process.wait(_PATIENCE)
        self._process = None

    def stop(self) -> int:
        """End it as a Deployment does; give its exit code."""
        process = self._running()
        process.terminate()
        code = process.wait(_PATIENCE)
        self._process = None
        return code

    def freeze(self) -> None:
        """Stop it where it is, as a node does that stands still; `thaw` lets it go on."""
        self._running().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._running().send_signal(signal.SIGCONT)

    def ended(self) -> int:
        """Wait until it has ended by itself; give its exit code."""
        assert self._process is not None, "the operator does not run"
        code = self._process.wait(_PATIENCE)
        self._process = None
        return code

    async def health(self) -> dict[str, Any]:
        """Ask how it is; nothing where it does not answer."""
        url = f"http://127.0.0.1:{self._port}/health"
        limit = aiohttp.ClientTimeout(total=1.0)
        try:
            async with aiohttp.ClientSession(timeout=limit) as session, session.get(url) as answer:
                report: dict[str, Any] = await answer.json()
                return report
        except (aiohttp.ClientError, TimeoutError):
            return {}

    async def restart(self) -> None:
        """End it as a Deployment does, start another one and wait until that works."""
        assert self.stop() == 0
        self.start()
        await self.ready()

    def end(self) -> None:
        """Leave no process behind, whatever the test did."""
        if self._process is not None:
            self.kill()

    def cpu_seconds(self) -> float:
        """Give the processor time that it has taken so far."""
        text = Path(f"/proc/{self._running().pid}/stat").read_text()
        # The command's name stands in parentheses and may hold anything, so count from its end.
        user, system = text[text.rindex(")") + 2 :].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def log(self) -> list[dict[str, Any]]:
        """Read its log; a line that is no JSON, such as a traceback's, becomes an error."""
        return [_line(text) for text in self._log.read_text().splitlines()]

    def executions(self) -> list[dict[str, Any]]:
        """Read its execution log: all that it wrote to standard output."""
        return [json.loads(text) for text in self._executions.read_text().splitlines()]

    async def metrics(self) -> Samples:
        """Ask for its metrics, as Prometheus does."""
        url = f"http://127.0.0.1:{self._port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200
            return samples(await answer.text())

    def errors(self) -> list[dict[str, Any]]:
        """List what it logged as an error, and tracebacks."""
        return [line for line in self.log() if line["level"] in {"error", "critical"}]

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the operator does not run"
        assert self._process.poll() is None, f"the operator ended by itself: {self.log()[-3:]}"
        return self._process

    async def _answers(self) -> bool:
        self._running()
        url = f"http://127.0.0.1:{self._port}/readyz"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status == 200
        except aiohttp.ClientConnectionError:
            return False


def _line(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:
        line = None
    return line if isinstance(line, dict) else {"level": "error", "message": text}


class StartOperator(Protocol):
    """Starts an operator for a namespace, with further flags."""

    def __call__(self, namespace: str, *flags: str) -> OperatorProcess: ...
