"""One container of a pod: its command line, its process, its state as the kubelet reports it.

`supervisor` starts and stops it and decides about restarts.
"""

import asyncio
import pwd
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
_NOBODY: Final = 65534
_MESSAGE_BYTES: Final = 4096
_POD_MESSAGE_BYTES: Final = 12288  # of all containers together
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
    hostname: str
    environment: dict[str, str]
    mounts: list[JSONObject]
    security: JSONObject  # the pod's securityContext
    containers: int  # how many the pod has


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
    _earlier: JSONObject = field(default_factory=dict)
    _message_file: Path | None = None
    _message_limit: int = _MESSAGE_BYTES
    _began: datetime | None = None

    @property
    def name(self) -> str:
        """Give its name."""
        return str(self.spec["name"])

    @property
    def sidecar(self) -> bool:
        """Whether it is an init container that runs beside the others until the pod ends."""
        return self.init and self.spec.get("restartPolicy") == "Always"

    @property
    def has_begun(self) -> bool:
        """Whether a run of it has begun, be it over or not."""
        return "waiting" not in self.state or bool(self.last_state)

    @property
    def exit_code(self) -> int | None:
        """Give the exit code of a run that has ended."""
        code = self.state.get("terminated", {}).get("exitCode")
        return None if code is None else int(code)

    def wait(self, reason: str, message: str = "") -> None:
        """Say that it waits, and why."""
        if "terminated" in self.state:
            self._earlier, self.last_state = self.last_state, self.state
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = self.started = False

    async def start(self, place: Place) -> None:
        """Start its process; a process that can't be started has ended at once."""
        if "terminated" in self.state:
            self.wait("ContainerCreating")
        spec = self._process_spec(place)
        self.id = f"process://{uuid4().hex}"
        output = Output(place.directory / "logs" / self.name / f"{self.restarts}.log")
        self.outputs.append(output)
        reading, writing = pipe()
        pump = asyncio.create_task(output.pump(reading))
        self._began = datetime.now(UTC)
        try:
            self.process = await place.runtime.start(spec, writing)
        except StartError as error:
            await pump
            message = f"failed to start container: {error}"
            self._end(START_FAILED, 0, "StartError", message)

    def begin(self) -> None:
        """Say that it runs; with a postStart hook only when that is done."""
        if self.process is None or self._began is None or self.process.end.done():
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

    def signal(self, number: int) -> None:
        """Send its first process a signal, if it runs."""
        if self.process is not None:
            self.process.kill(number)

    def settle(self) -> None:
        """Say how its last run ended instead of what it waits for: there will be no other."""
        if "waiting" in self.state and self.last_state:
            self.state, self.last_state = self.last_state, self._earlier

    def lose(self, message: str) -> None:
        """Say that nobody knows how it ended, which counts as a failure."""
        self.state = {
            "terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown", "message": message}
        }
        self.ready = self.started = False

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
        self.ready = self.init and not self.sidecar and code == 0
        self.started = False

    def _process_spec(self, place: Place) -> JSONObject:
        # The image's own variables, which neither its command nor others can refer to.
        own = {"PATH": _PATH, "HOSTNAME": place.hostname}
        self.variables = {**own, **place.environment}
        words = [*self.spec.get("command", ()), *self.spec.get("args", ())]
        security: JSONObject = {**place.security, **self.spec.get("securityContext", {})}
        user, group = security.get("runAsUser"), security.get("runAsGroup")
        if security.get("runAsNonRoot"):
            if user == 0:
                raise environment.ConfigError("container's runAsUser breaks non-root policy")
            # There is no image that names a user: this one stands for it.
            user = _NOBODY if user is None else user
        shared = place.security.get("fsGroup")
        groups = [*place.security.get("supplementalGroups", ()), *([shared] if shared else [])]
        self.variables.setdefault("HOME", _home(user))
        return {
            "command": [environment.expand(each, place.environment) for each in words],
            "environment": self.variables,
            "hostname": place.hostname,
            "workingDir": self.spec.get("workingDir"),
            "mounts": [*place.mounts, *self._message_mounts(place)],
            "readOnlyRoot": bool(security.get("readOnlyRootFilesystem")),
            "user": user,
            "group": group if group is not None or user is None else 0,
            "groups": groups if user is not None or groups else None,
        }

    def _message_mounts(self, place: Place) -> list[JSONObject]:
        """Make the file for the termination message."""
        self._message_file = place.directory / "messages" / f"{self.name}-{self.restarts}"
        self._message_file.parent.mkdir(parents=True, exist_ok=True)
        self._message_file.touch()
        self._message_file.chmod(0o666)
        self._message_limit = min(_MESSAGE_BYTES, _POD_MESSAGE_BYTES // place.containers)
        if place.runtime.isolation == "none":
            return []
        target = self.spec.get("terminationMessagePath") or "/dev/termination-log"
        return [{"source": str(self._message_file), "target": target, "readOnly": False}]

    def _message(self, code: int) -> str:
        """Read what it left as its last words; of too many, the end."""
        text = ""
        if self._message_file is not None:
            with self._message_file.open("rb") as file:
                file.seek(max(0, self._message_file.stat().st_size - _MESSAGE_BYTES))
                text = file.read(_MESSAGE_BYTES).decode(errors="replace")
        policy = self.spec.get("terminationMessagePolicy", "File")
        if not text and code != 0 and policy == "FallbackToLogsOnError":
            text = self.outputs[-1].last_bytes(_LOG_BYTES, _LOG_LINES)
        return text[: self._message_limit]


def _home(user: int | None) -> str:
    try:
        return pwd.getpwuid(0 if user is None else user).pw_dir
    except KeyError:
        return "/"
