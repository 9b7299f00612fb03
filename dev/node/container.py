"""One container of a pod: its command line, its process, its state as the kubelet reports it.

`pod` starts and stops it and decides about restarts.
"""

import asyncio
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from dev.node import environment
from dev.node.output import Output, pipe
from dev.node.runtime import Process, Runtime, StartError

JSONObject = dict[str, Any]

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MESSAGE_BYTES: Final = 4096
_LOG_BYTES: Final = 2048
_LOG_LINES: Final = 80
START_FAILED: Final = 128


def render_time(time: datetime) -> str:
    """Write a time as the API does."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(slots=True)
class Place:
    """Where a container runs: what its pod and its node give it."""

    runtime: Runtime
    directory: Path
    environment: dict[str, str]
    mounts: list[JSONObject]
    security: JSONObject  # the pod's securityContext


@dataclass(slots=True)
class Container:
    """A container and its current run."""

    spec: JSONObject
    init: bool = False
    restarts: int = 0
    state: JSONObject = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last_state: JSONObject = field(default_factory=dict)
    ready: bool = False
    started: bool = False
    outputs: list[Output] = field(default_factory=list)
    process: Process | None = None
    variables: dict[str, str] = field(default_factory=dict)
    id: str = ""
    _message_file: Path | None = None
    _began: datetime | None = None

    @property
    def name(self) -> str:
        """Give its name."""
        return str(self.spec["name"])

    @property
    def exit_code(self) -> int | None:
        """Give the exit code of a run that has ended."""
        code = self.state.get("terminated", {}).get("exitCode")
        return None if code is None else int(code)

    def wait(self, reason: str, message: str = "") -> None:
        """Say that it waits, and why."""
        if "terminated" in self.state:
            self.last_state = self.state
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = self.started = False

    async def start(self, place: Place) -> None:
        """Start its process; a process that can't be started has ended at once."""
        known = place.environment
        self.variables = {"PATH": _PATH, "HOME": "/root", **known}
        words = [*self.spec.get("command", ()), *self.spec.get("args", ())]
        command = [environment.expand(each, self.variables) for each in words]
        self.id = f"process://{uuid4().hex}"
        output = Output(place.directory / "logs" / self.name / f"{self.restarts}.log")
        self.outputs.append(output)
        reading, writing = pipe()
        pump = asyncio.create_task(output.pump(reading))
        self._began = datetime.now(UTC)
        try:
            self.process = await place.runtime.start(self._process_spec(place, command), writing)
        except StartError as error:
            await pump
            message = f"failed to start container: {error}"
            self._end(START_FAILED, 0, "StartError", message)
            return
        self.state = {"running": {"startedAt": render_time(self._began)}}
        self.started = "startupProbe" not in self.spec
        self.ready = "readinessProbe" not in self.spec and self.started

    async def run(self) -> None:
        """Wait for the end of a started process, and report it."""
        if self.process is None:
            return
        code, number = await asyncio.shield(self.process.end)
        # All of a container's processes die with its first: its output is complete now.
        await self.outputs[-1].ended.wait()
        self.process = None
        self._end(code, number, "Completed" if code == 0 else "Error", self._message(code))

    async def stop(self, grace: float) -> None:
        """Ask it to end, and kill it after the grace period."""
        process = self.process
        if process is None:
            return
        process.kill(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace):
                await asyncio.shield(process.end)
        except TimeoutError:
            process.kill(signal.SIGKILL)

    def lose(self) -> None:
        """Say that it ended while no node watched, as the kubelet does after a restart."""
        self._began = None
        self._end(137, 0, "ContainerStatusUnknown", "The container could not be located")

    def status(self) -> JSONObject:
        """Give its entry in the pod's status."""
        return {
            "name": self.name,
            "image": self.spec.get("image", ""),
            "imageID": f"process:///{self.spec.get('image', '')}" if self.id else "",
            "containerID": self.id,
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": self.started,
            "state": self.state,
            "lastState": self.last_state,
        }

    def _end(self, code: int, number: int, reason: str, message: str) -> None:
        now = datetime.now(UTC)
        self.state = {
            "terminated": {
                "exitCode": code,
                **({"signal": number} if number else {}),
                "reason": reason,
                **({"message": message} if message else {}),
                "startedAt": render_time(self._began or now),
                "finishedAt": render_time(now),
                "containerID": self.id,
            }
        }
        self.ready = self.init and code == 0
        self.started = False

    def _process_spec(self, place: Place, command: list[str]) -> JSONObject:
        own: JSONObject = self.spec.get("securityContext", {})
        user = own.get("runAsUser", place.security.get("runAsUser"))
        group = own.get("runAsGroup", place.security.get("runAsGroup"))
        shared = place.security.get("fsGroup")
        groups = [*place.security.get("supplementalGroups", ()), *([shared] if shared else [])]
        if user == 0 and own.get("runAsNonRoot", place.security.get("runAsNonRoot")):
            raise environment.ConfigError("container's runAsUser breaks non-root policy")
        self._message_file = place.directory / "messages" / f"{self.name}-{self.restarts}"
        self._message_file.parent.mkdir(parents=True, exist_ok=True)
        self._message_file.touch()
        self._message_file.chmod(0o666)
        told = self.spec.get("terminationMessagePath") or "/dev/termination-log"
        message = {"source": str(self._message_file), "target": told, "readOnly": False}
        if place.runtime.isolation == "none":
            message = {}
        return {
            "command": command,
            "environment": self.variables,
            "workingDir": self.spec.get("workingDir"),
            "mounts": [*place.mounts, *([message] if message else [])],
            "readOnlyRoot": bool(own.get("readOnlyRootFilesystem")),
            "user": user,
            "group": group if group is not None or user is None else 0,
            "groups": groups if user is not None or groups else None,
        }

    def _message(self, code: int) -> str:
        text = ""
        if self._message_file is not None:
            with self._message_file.open("rb") as file:
                text = file.read(_MESSAGE_BYTES).decode(errors="replace")
        policy = self.spec.get("terminationMessagePolicy", "File")
        if not text and code != 0 and policy == "FallbackToLogsOnError":
            text = self.outputs[-1].last_bytes(_LOG_BYTES, _LOG_LINES)
        return text
