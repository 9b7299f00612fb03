"""Keeps one container of a pod running, as the pod's restart policy says, until the pod ends.

`pod` has one for each container. It starts the container once what that needs is there, has it
probed, runs its hooks, and waits out the back-off between two runs.
"""

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from dev.node import environment, probe
from dev.node.action import ActionError, perform
from dev.node.api import ApiError
from dev.node.container import Container, Place
from dev.node.environment import ConfigError
from dev.node.grace import Grace
from dev.node.host import Host
from dev.node.volumes import Volumes, read_data

JSONObject = dict[str, Any]

_PULL_FAILS: Final = "registry.invalid/"
_LONGEST_BACKOFF: Final = 300.0
_STABLE: Final = 600.0  # a container that ran so long starts its back-off anew
_LONGEST_HOSTNAME: Final = 63
# What a container has after its preStop hook, even if that took all of the grace period.
_AFTER_HOOK: Final = 2.0
_TOKEN_PLACE: Final = "/var/run/secrets/kubernetes.io/serviceaccount"


@dataclass(slots=True)
class Shared:
    """What the containers of a pod share."""

    host: Host
    body: JSONObject
    directory: Path
    volumes: Volumes
    address: str = ""
    grace: Grace | None = None  # since the pod is to end
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def grace_seconds(self) -> float:
        """How long a container may take to end, in seconds."""
        return float(self.body["spec"].get("terminationGracePeriodSeconds", 30))

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than the pod lives."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)


class Supervisor:
    """Run one container, and again as the policy says."""

    def __init__(self, container: Container, policy: str, shared: Shared) -> None:
        self.container = container
        self.started = asyncio.Event()
        self._policy = policy
        self._shared = shared

    async def run(self) -> None:
        """Return when the container has ended for good, or the pod is to end before it began."""
        container, stopping = self.container, self._shared.stopping
        delay = 0.0
        while not stopping.is_set() and await self._start():
            began = asyncio.get_running_loop().time()
            await self._attend()
            self._changed()
            again = self._policy == "Always" or (
                self._policy == "OnFailure" and container.exit_code != 0
            )
            if stopping.is_set() or not again:
                return
            if asyncio.get_running_loop().time() - began > _STABLE:
                delay = 0.0
            if delay:
                text = f"back-off {delay:g}s restarting failed container={container.name}"
                container.wait("CrashLoopBackOff", text)
                self._changed()
                await self._shared.pause(delay)
            if stopping.is_set():
                container.settle()
                return
            delay = min(max(delay * 2, self._shared.host.backoff), _LONGEST_BACKOFF)
            container.restarts += 1

    async def stop(self, grace: Grace) -> None:
        """Ask the container to end, and kill it when the time is over."""
        process = self.container.process
        if process is None:
            return
        hook = self.container.spec.get("lifecycle", {}).get("preStop")
        if hook is not None and grace.left > 0:
            doing = asyncio.create_task(self._perform(hook, grace.left))
            either: set[asyncio.Future[Any]] = {doing, process.end}
            await grace.wait(asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED))
            doing.cancel()
            await asyncio.wait({doing})
            if grace.left < _AFTER_HOOK:
                grace = Grace(_AFTER_HOOK)
        process.kill(signal.SIGTERM)
        if not await grace.wait(process.end):
            process.kill(signal.SIGKILL)
            await asyncio.wait({process.end})

    async def _attend(self) -> None:
        """Wait for the end of a run; end it where a hook or a probe says so."""
        container = self.container
        if self._shared.grace is not None:
            # It was told to end while its process was being made.
            await asyncio.gather(container.run(), self.stop(self._shared.grace))
            return
        ended = asyncio.create_task(container.run())
        attending = asyncio.create_task(self._hook_and_probe())
        try:
            await asyncio.wait({ended, attending}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done() and (seconds := attending.result()) is not None:
                await self.stop(Grace(seconds))
            await ended
        finally:
            attending.cancel()
            await asyncio.gather(attending, return_exceptions=True)

    async def _hook_and_probe(self) -> float | None:
        """Give the grace period of a run that is to end, None where nothing says so."""
        container, shared = self.container, self._shared
        hook = container.spec.get("lifecycle", {}).get("postStart")
        if hook is not None and not await self._perform(hook, None):
            return shared.grace_seconds
        container.begin()
        self._changed()
        if not await probe.watch(container, shared.address, shared.host.runtime, self._changed):
            return None
        for kind in ("startupProbe", "livenessProbe"):
            own = container.spec.get(kind, {}).get("terminationGracePeriodSeconds")
            if own is not None and container.started == (kind == "livenessProbe"):
                return float(own)
        return shared.grace_seconds

    async def _perform(self, hook: JSONObject, seconds: float | None) -> bool:
        shared = self._shared
        try:
            await perform(self.container, hook, shared.address, shared.host.runtime, seconds)
        except ActionError:
            return False
        return True

    async def _start(self) -> bool:
        """Start the container once what it needs is there; False where the pod ends before."""
        container, shared = self.container, self._shared
        pull_delay = shared.host.backoff
        while not shared.stopping.is_set():
            if str(container.spec.get("image", "")).startswith(_PULL_FAILS):
                await self._fail_to_pull(pull_delay)
                pull_delay = min(pull_delay * 2, _LONGEST_BACKOFF)
                continue
            try:
                if not container.spec.get("command") and not container.spec.get("args"):
                    container.wait("CreateContainerError", "no command specified")
                else:
                    await container.start(await self._place())
                    return True
            except ConfigError as error:
                container.wait("CreateContainerConfigError", str(error))
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                container.wait("CreateContainerError", str(error))
            self._changed()
            await shared.pause(2.0)
        container.settle()
        return False

    async def _fail_to_pull(self, delay: float) -> None:
        container, image = self.container, self.container.spec["image"]
        container.wait("ErrImagePull", f'failed to pull image "{image}": no such host')
        self._changed()
        await self._shared.pause(min(delay, 2.0))
        container.wait("ImagePullBackOff", f'Back-off pulling image "{image}"')
        self._changed()
        await self._shared.pause(delay)

    async def _place(self) -> Place:
        shared, container = self._shared, self.container
        service = shared.host.service
        variables = await environment.resolve(shared.body, container.spec, self._read, service)
        spec = shared.body["spec"]
        name = spec.get("hostname") or shared.body["metadata"]["name"]
        mounts = shared.volumes.mounts(container.spec, variables)
        if shared.host.runtime.isolation == "none":
            # Every pod has it and few need it, so it alone is no reason not to start.
            mounts = [each for each in mounts if each["target"] != _TOKEN_PLACE]
        return Place(
            runtime=shared.host.runtime,
            directory=shared.directory,
            hostname=name[:_LONGEST_HOSTNAME].rstrip("-."),
            environment=variables,
            mounts=mounts,
            security=spec.get("securityContext", {}),
            containers=len(spec["containers"]) + len(spec.get("initContainers", ())),
        )

    async def _read(self, kind: str, name: str) -> dict[str, str] | None:
        data = await read_data(self._shared.host.api, self._shared.body, kind, name)
        if data is None:
            return None
        return {key: value.decode(errors="replace") for key, value in data.items()}

    def _changed(self) -> None:
        if self.container.started:
            self.started.set()
        self._shared.changed.set()
