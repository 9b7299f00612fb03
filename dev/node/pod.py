"""Leads one pod from its binding to its end.

`node` makes one `Pod` for each that is bound to it and tells it of deletions. Everything that the
API server hears of the pod goes through `_report`, which sends the newest status and never two at
the same time.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aiohttp

from dev.node import environment, probe, status
from dev.node.api import MERGE, Api, ApiError
from dev.node.container import Container, Place, render_time
from dev.node.environment import ConfigError
from dev.node.runtime import Runtime
from dev.node.volumes import Volumes, read_data

JSONObject = dict[str, Any]

logger = logging.getLogger(__name__)

_PULL_FAILS: Final = "registry.invalid/"
_LONGEST_BACKOFF: Final = 300.0
_STABLE: Final = 600.0  # a container that ran so long starts its back-off anew


@dataclass(frozen=True, slots=True)
class Host:
    """What a pod gets from its node."""

    api: Api
    runtime: Runtime
    directory: Path
    address: str
    service: dict[str, str]
    backoff: float
    take_ip: Callable[[], str]
    free_ip: Callable[[str], None]


class Pod:
    """A pod that is bound to this node."""

    def __init__(self, host: Host, body: JSONObject) -> None:
        self.body = body
        self.uid: str = body["metadata"]["uid"]
        self._host = host
        spec = body["spec"]
        self.inits = [Container(each, init=True) for each in spec.get("initContainers", ())]
        self.mains = [Container(each) for each in spec["containers"]]
        self._policy: str = spec.get("restartPolicy", "Always")
        self._directory = host.directory / "pods" / self.uid
        self._volumes = Volumes(host.api, body, self._directory / "volumes")
        self._ip = ""
        self._started = datetime.now(UTC)
        self._verdict: JSONObject = {}  # reason and message of a pod that the node has ended
        self._stopping = asyncio.Event()
        self._dirty = asyncio.Event()
        self._silent = False
        self._life = asyncio.create_task(self._live())

    @property
    def containers(self) -> list[Container]:
        """List all containers, in the order in which they start."""
        return [*self.inits, *self.mains]

    def stop(self, grace: float, reason: str = "", message: str = "") -> None:
        """End the pod: ask its containers, and kill them after the grace period."""
        if self._stopping.is_set():
            return
        if reason:
            self._verdict = {"reason": reason, "message": message}
        self._stopping.set()
        for container in self.containers:
            asyncio.create_task(container.stop(grace)).add_done_callback(_forget)

    async def vanish(self) -> None:
        """End a pod whose object is gone, at once and without a word."""
        self._silent = True
        self.stop(0.0)
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        shutil.rmtree(self._directory, ignore_errors=True)

    async def _live(self) -> None:
        reporter = asyncio.create_task(self._report_changes())
        tokens: asyncio.Task[None] | None = None
        deadline: asyncio.Task[None] | None = None
        try:
            if self._is_left_over():
                self._lose_containers()
            elif await self._set_up():
                tokens = asyncio.create_task(self._volumes.renew_tokens())
                deadline = asyncio.create_task(self._watch_deadline())
                await self._run_containers()
        except Exception:
            logger.exception("pod %s failed", self.body["metadata"]["name"])
        finally:
            for each in (tokens, deadline):
                if each is not None:
                    each.cancel()
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)
            await self._report(final=True)
            if self._ip:
                self._host.free_ip(self._ip)
            shutil.rmtree(self._directory / "volumes", ignore_errors=True)

    def _is_left_over(self) -> bool:
        """Tell whether another node process has run this pod before."""
        return bool(self.body.get("status", {}).get("containerStatuses"))

    def _lose_containers(self) -> None:
        for container in self.mains:
            container.lose()
        self._verdict = {"reason": "NodeRestarted", "message": "the node's process was restarted"}

    async def _set_up(self) -> bool:
        """Take an address and make the volumes; False where the pod is to end before."""
        while not self._stopping.is_set():
            try:
                if not self._ip:
                    self._ip = self._host.take_ip()
                    known = self.body.setdefault("status", {})
                    known.update(podIP=self._ip, hostIP=self._host.address)
                await self._volumes.prepare()
            except ConfigError as error:
                self._wait_all("ContainerCreating", str(error))
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError, LookupError) as error:
                logger.debug("pod %s: %s", self.body["metadata"]["name"], error)
            else:
                return True
            await self._pause(1.0)
        return False

    async def _run_containers(self) -> None:
        for container in self.inits:
            if container.spec.get("restartPolicy") == "Always":
                sidecar = asyncio.create_task(self._keep(container, "Always"))
                sidecar.add_done_callback(_forget)
                continue
            for main in self.mains:
                main.wait("PodInitializing")
            policy = "Never" if self._policy == "Never" else "OnFailure"
            await self._keep(container, policy)
            if container.exit_code != 0:
                return
        await asyncio.gather(*(self._keep(each, self._policy) for each in self.mains))
        self._stopping.set()
        await asyncio.gather(*(each.stop(5.0) for each in self.inits))

    async def _keep(self, container: Container, policy: str) -> None:
        """Run a container, and again as its policy says."""
        delay = 0.0
        while not self._stopping.is_set():
            if not await self._start(container):
                return
            began = asyncio.get_running_loop().time()
            await self._attend(container)
            self._dirty.set()
            code = container.exit_code
            if (
                self._stopping.is_set()
                or policy == "Never"
                or (policy == "OnFailure" and code == 0)
            ):
                return
            if asyncio.get_running_loop().time() - began > _STABLE:
                delay = 0.0
            if delay:
                text = f"back-off {delay:g}s restarting failed container={container.name}"
                container.wait("CrashLoopBackOff", text)
                self._dirty.set()
                await self._pause(delay)
            else:
                container.last_state = container.state
            if self._stopping.is_set():
                return  # what was stopped in its back-off has not restarted
            delay = min(max(delay * 2, self._host.backoff), _LONGEST_BACKOFF)
            container.restarts += 1

    async def _attend(self, container: Container) -> None:
        """Wait for the end of a run; end it where a probe says so."""
        self._dirty.set()
        ended = asyncio.create_task(container.run())
        probes = asyncio.create_task(
            probe.watch(container, self._ip, self._host.runtime, self._dirty.set)
        )
        try:
            await asyncio.wait({ended, probes}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done() and probes.result():
                grace = self.body["spec"].get("terminationGracePeriodSeconds", 30)
                await container.stop(grace)
            await ended
        finally:
            probes.cancel()
            await asyncio.gather(probes, return_exceptions=True)

    async def _start(self, container: Container) -> bool:
        """Start a container once what it needs is there; False where the pod is to end before."""
        pull_delay = self._host.backoff
        while not self._stopping.is_set():
            image = str(container.spec.get("image", ""))
            if image.startswith(_PULL_FAILS):
                container.wait("ErrImagePull", f'failed to pull image "{image}": no such host')
                self._dirty.set()
                await self._pause(min(pull_delay, 2.0))
                container.wait("ImagePullBackOff", f'Back-off pulling image "{image}"')
                self._dirty.set()
                await self._pause(pull_delay)
                pull_delay = min(pull_delay * 2, _LONGEST_BACKOFF)
                continue
            try:
                if not container.spec.get("command") and not container.spec.get("args"):
                    container.wait("CreateContainerError", "no command specified")
                else:
                    await container.start(await self._place(container))
                    return True
            except ConfigError as error:
                container.wait("CreateContainerConfigError", str(error))
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                container.wait("CreateContainerError", str(error))
            self._dirty.set()
            await self._pause(2.0)
        return False

    async def _place(self, container: Container) -> Place:
        variables = await environment.resolve(self.body, container.spec, self._read)
        name = self.body["spec"].get("hostname") or self.body["metadata"]["name"]
        return Place(
            runtime=self._host.runtime,
            directory=self._directory,
            environment={"HOSTNAME": name, **self._host.service, **variables},
            mounts=self._volumes.mounts(container.spec),
            security=self.body["spec"].get("securityContext", {}),
        )

    async def _read(self, kind: str, name: str) -> dict[str, str] | None:
        data = await read_data(self._host.api, self.body, kind, name)
        if data is None:
            return None
        return {key: value.decode(errors="replace") for key, value in data.items()}

    def _wait_all(self, reason: str, message: str) -> None:
        for container in self.containers:
            container.wait(reason, message)
        self._dirty.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than the pod lives."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _watch_deadline(self) -> None:
        seconds = self.body["spec"].get("activeDeadlineSeconds")
        if seconds is None:
            return
        await asyncio.sleep(seconds)
        text = "Pod was active on the node longer than the specified deadline"
        grace = self.body["spec"].get("terminationGracePeriodSeconds", 30)
        self.stop(grace, "DeadlineExceeded", text)

    async def _report_changes(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            # Containers that end at once are reported ended, without the word between.
            await asyncio.sleep(0.005)
            await self._report(final=False)

    async def _report(self, *, final: bool) -> None:
        """Send the status, again and again until it has arrived or the pod is gone."""
        wait = 0.1
        while not self._silent and not await self._try_to_report(final=final):
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    async def _try_to_report(self, *, final: bool) -> bool:
        try:
            await self._send(self._status(final=final))
            if final and "deletionTimestamp" in self.body["metadata"]:
                await self.remove()
        except ApiError as error:
            return error.status in {404, 409}  # the pod is gone, or another of its name
        except (OSError, TimeoutError, aiohttp.ClientError):
            return False
        return True

    async def remove(self) -> None:
        """Take the object of a deleted pod that has ended away."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
        try:
            await self._host.api.call("DELETE", self._path(), options)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    async def _send(self, content: JSONObject) -> None:
        patch = {"metadata": {"uid": self.uid}, "status": content}
        answer = await self._host.api.call("PATCH", f"{self._path()}/status", patch, MERGE)
        self.body["status"] = {**answer["status"], "podIP": self._ip}

    def _path(self) -> str:
        metadata = self.body["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    def _status(self, *, final: bool) -> JSONObject:
        now_phase = status.phase(self._policy, self.inits, self.mains)
        if final and now_phase not in {"Succeeded", "Failed"}:
            now_phase = "Failed"
        if self._verdict and final:
            now_phase = "Failed"
        old = self.body.get("status", {}).get("conditions", ())
        content: JSONObject = {
            "phase": now_phase,
            "conditions": status.conditions(old, self.inits, self.mains, now_phase),
            "hostIP": self._host.address,
            "hostIPs": [{"ip": self._host.address}],
            "startTime": render_time(self._started),
            "containerStatuses": [each.status() for each in self.mains],
        }
        if self.inits:
            content["initContainerStatuses"] = [each.status() for each in self.inits]
        if self._ip:
            content |= {"podIP": self._ip, "podIPs": [{"ip": self._ip}]}
        return {**content, **(self._verdict if final else {})}


def _forget(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("a container was not handled: %s", task.exception())
