"""Starts processes through the zygote: a container's own, and commands inside a running one.

`container` and `probe` call it. It finds out once what this machine allows: namespaces as root,
namespaces of an unprivileged user, or none.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from dev.node import root

JSONObject = dict[str, Any]

_CHECKOUT: Final = Path(__file__).resolve().parents[2]


class StartError(Exception):
    """A container's process could not be started."""


@dataclass(slots=True)
class Process:
    """A started process: its host PID, and its end as (exit code, signal or 0)."""

    pid: int
    end: asyncio.Future[tuple[int, int]] = field(repr=False)
    spec: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def kill(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self.end.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)


class Runtime:
    """Start processes; to be closed, which ends them all."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._directory.mkdir(parents=True, exist_ok=True)
        self._stage = directory / "stage"
        self._stage.mkdir(exist_ok=True)
        self._count = 0
        self.isolation = _isolation()
        self._mounts = root.other_mounts() if self.isolation == "root" else []
        self._programs = sorted({str(Path(sys.prefix).resolve()), sys.base_prefix, str(_CHECKOUT)})
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._zygote = subprocess.Popen(
            [sys.executable, "-S", "-m", "dev.node.zygote", str(theirs.fileno())],
            cwd=_CHECKOUT,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()

    def close(self) -> None:
        """End the zygote, and with it every process that it has made."""
        self._requests.close()
        self._zygote.kill()
        self._zygote.wait()

    async def start(self, spec: Mapping[str, Any], output: int) -> Process:
        """Start a container's process; `output` is closed here. StartError where it can't be."""
        self._count += 1
        whole = {
            "join": None,
            "isolation": self.isolation,
            "stage": str(self._stage),
            "otherMounts": self._mounts,
            "open": self._programs,
            "mounts": [],
            "readOnlyRoot": False,
            "groups": None,
            "group": None,
            "user": None,
            "hostname": None,
            **spec,
        }
        if self.isolation == "none" and whole["mounts"]:
            os.close(output)
            raise StartError("this machine allows no mount namespaces, so there are no volumes")
        file = self._directory / f"{self._count}.json"
        file.write_text(json.dumps(whole))
        reading, writing = os.pipe()
        try:
            socket.send_fds(self._requests, [str(file).encode()], [output, writing])
        finally:
            os.close(output)
            os.close(writing)
        try:
            process = await _follow(reading)
            process.spec = spec
            return process
        finally:
            file.unlink(missing_ok=True)

    async def execute(
        self,
        inside: Process,
        command: list[str],
        environment: Mapping[str, str],
        timeout: float | None,
    ) -> int:
        """Run a command inside a container, as its user; give its exit code.

        TimeoutError where it takes longer than that many seconds: it is killed then.
        """
        spec = {
            "join": inside.pid if self.isolation != "none" else None,
            "command": command,
            "environment": dict(environment),
            **{key: inside.spec.get(key) for key in ("workingDir", "user", "group", "groups")},
        }
        output = os.open("/dev/null", os.O_WRONLY)
        process = await self.start(spec, output)
        try:
            async with asyncio.timeout(timeout):
                return (await process.end)[0]
        finally:
            process.kill(signal.SIGKILL)


async def _follow(descriptor: int) -> Process:
    """Read a shim's reports: the start now, the end when it comes."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb")
    )
    first = await reader.readline()
    report: JSONObject = json.loads(first) if first else {"error": "the zygote is gone"}
    if "pid" not in report:
        transport.close()
        raise StartError(report.get("error", "ended before it began"))
    end: asyncio.Future[tuple[int, int]] = loop.create_future()

    async def wait() -> None:
        line = await reader.readline()
        transport.close()
        # Without a last report the shim was killed, and the kernel has killed its container.
        last: JSONObject = json.loads(line) if line else {"exit": 137, "signal": 9}
        if not end.done():
            end.set_result((last.get("exit", 137), last.get("signal", 9)))

    waiter = asyncio.create_task(wait())
    end.add_done_callback(lambda _: waiter.done())  # keeps the task alive as long as the future
    return Process(report["pid"], end)


def _isolation() -> str:
    """Find out which namespaces this machine allows: `root`, `user` or `none`."""
    flags = ["--mount", "--pid", "--uts", "--fork", "--mount-proc"]
    if os.geteuid() != 0:
        flags.append("--map-root-user")
    try:
        allowed = subprocess.run(["unshare", *flags, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return "none"
    if allowed.returncode != 0:
        return "none"
    return "root" if os.geteuid() == 0 else "user"
