"""Leads one pod from its binding to its end.

`node` makes one `Pod` for each that is bound to it and tells it of changes and deletions. A
`supervisor` runs each container; everything that the API server hears goes through `report`.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Sequence
from typing import Any

import aiohttp

from dev.node.api import ApiError
from dev.node.container import Container
from dev.node.environment import ConfigError
from dev.node.grace import Grace
from dev.node.host import Host
from dev.node.report import Report
from dev.node.supervisor import Shared, Supervisor
from dev.node.volumes import Volumes

JSONObject = dict[str, Any]

logger = logging.getLogger(__name__)


class Pod:
    """A pod that is bound to this node."""

    def __init__(self, host: Host, body: JSONObject) -> None:
        self.body = body
        self.uid: str = body["metadata"]["uid"]
        spec = body["spec"]
        directory = host.directory / "pods" / self.uid
        volumes = Volumes(host.api, body, directory / "volumes")
        self._shared = Shared(host, body, directory, volumes)
        policy = spec.get("restartPolicy", "Always")
        until_good = "Never" if policy == "Never" else "OnFailure"
        self._inits = [
            self._supervise(Container(each, init=True), until_good)
            for each in spec.get("initContainers", ())
        ]
        self._mains = [self._supervise(Container(each), policy) for each in spec["containers"]]
        inits, mains = _containers(self._inits), _containers(self._mains)
        if inits:
            for container in (*inits, *mains):
                container.wait("PodInitializing")
        self._report = Report(self._shared, inits, mains)
        self._ending: asyncio.Task[None] | None = None
        self._edited = asyncio.Event()
        self._life = asyncio.create_task(self._live())

    @property
    def containers(self) -> list[Container]:
        """List all containers, in the order in which they start."""
        return _containers([*self._inits, *self._mains])

    def update(self, body: JSONObject) -> None:
        """Take in what may change of a pod: its metadata, and when it has to be over."""
        self.body["metadata"] = body["metadata"]
        deadline = body["spec"].get("activeDeadlineSeconds")
        if self.body["spec"].get("activeDeadlineSeconds") != deadline:
            self.body["spec"]["activeDeadlineSeconds"] = deadline
            self._edited.set()

    def stop(self, grace: float, reason: str = "", message: str = "") -> None:
        """End the pod: ask its containers, and kill them after the grace period.

        Called again it can only shorten that.
        """
        shared = self._shared
        if shared.grace is not None:
            shared.grace.shorten(grace)
            return
        if reason:
            self._report.verdict = {"reason": reason, "message": message}
        shared.grace = Grace(grace)
        shared.stopping.set()
        self._ending = asyncio.create_task(self._stop_containers(shared.grace))

    async def remove(self) -> None:
        """Take the object of a deleted pod that has ended away."""
        await self._report.remove()

    async def vanish(self) -> None:
        """End a pod whose object is gone, at once and without a word."""
        self._report.silent = True
        self.stop(0.0)
        with contextlib.suppress(asyncio.CancelledError):
            await self._life
        shutil.rmtree(self._shared.directory, ignore_errors=True)

    async def _live(self) -> None:
        beside = [
            asyncio.create_task(self._report.changes()),
            asyncio.create_task(self._watch_deadline()),
        ]
        try:
            if self._is_left_over():
                self._lose_containers()
            elif await self._set_up():
                beside.append(asyncio.create_task(self._shared.volumes.renew_tokens()))
                await self._run_containers()
        except Exception:
            logger.exception("pod %s failed", self.body["metadata"]["name"])
        finally:
            for each in beside:
                each.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self._account_for_all()
            await self._report.end()
            if self._shared.address:
                self._shared.host.free_ip(self._shared.address)
            shutil.rmtree(self._shared.directory / "volumes", ignore_errors=True)

    def _is_left_over(self) -> bool:
        """Tell whether another node process has run this pod before."""
        return bool(self.body.get("status", {}).get("containerStatuses"))

    def _lose_containers(self) -> None:
        for container in _containers(self._mains):
            container.lose("The container could not be located: the node's process was restarted")
        message = "the node's process was restarted"
        self._report.verdict = {"reason": "NodeRestarted", "message": message}

    def _account_for_all(self) -> None:
        """Let no container of an ended pod wait on, unless the pod never came to it."""
        mains, inits = _containers(self._mains), _containers(self._inits)
        begun = [number for number, each in enumerate(inits) if each.has_begun]
        waiting = inits[: max(begun, default=0) + 1]
        if not inits or any(each.has_begun for each in mains) or inits[-1].exit_code == 0:
            waiting += mains
        for container in waiting:
            if "waiting" in container.state:
                container.lose("The container could not be located when the pod was terminated")

    async def _set_up(self) -> bool:
        """Take an address and make the volumes; False where the pod is to end before."""
        shared = self._shared
        while not shared.stopping.is_set():
            try:
                if not shared.address:
                    shared.address = shared.host.take_ip()
                    known = self.body.setdefault("status", {})
                    known.update(podIP=shared.address, hostIP=shared.host.address)
                await shared.volumes.prepare()
            except ConfigError as error:
                self._wait_all(str(error))
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError, LookupError) as error:
                logger.debug("pod %s: %s", self.body["metadata"]["name"], error)
            else:
                return True
            await shared.pause(1.0)
        return False

    def _wait_all(self, message: str) -> None:
        for container in self.containers:
            container.wait("PodInitializing" if self._inits else "ContainerCreating", message)
        self._shared.changed.set()

    async def _run_containers(self) -> None:
        sidecars: list[asyncio.Task[None]] = []
        try:
            for init in self._inits:
                if init.container.sidecar:
                    sidecars.append(asyncio.create_task(init.run()))
                    await self._until_started(init)
                    continue
                await init.run()
                if init.container.exit_code != 0:
                    return
            if not self._shared.stopping.is_set():
                await asyncio.gather(*(each.run() for each in self._mains))
        finally:
            self.stop(self._shared.grace_seconds)
            if self._ending is not None:
                await self._ending
            await asyncio.gather(*sidecars)

    async def _until_started(self, sidecar: Supervisor) -> None:
        waits = [
            asyncio.create_task(sidecar.started.wait()),
            asyncio.create_task(self._shared.stopping.wait()),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()

    async def _stop_containers(self, grace: Grace) -> None:
        """End all at once, then the sidecars, the last one first."""
        sidecars = [each for each in self._inits if each.container.sidecar]
        others = [each for each in self._inits if not each.container.sidecar]
        await asyncio.gather(*(each.stop(grace) for each in (*others, *self._mains)))
        for each in reversed(sidecars):
            await each.stop(grace)

    async def _watch_deadline(self) -> None:
        """End the pod when it has been active for longer than it may be."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            self._edited.clear()
            seconds = self.body["spec"].get("activeDeadlineSeconds")
            left = None if seconds is None else max(began + seconds - loop.time(), 0.0)
            try:
                await asyncio.wait_for(self._edited.wait(), left)
            except TimeoutError:
                break
        text = "Pod was active on the node longer than the specified deadline"
        self.stop(self._shared.grace_seconds, "DeadlineExceeded", text)

    def _supervise(self, container: Container, policy: str) -> Supervisor:
        return Supervisor(container, "Always" if container.sidecar else policy, self._shared)


def _containers(supervisors: Sequence[Supervisor]) -> list[Container]:
    return [each.container for each in supervisors]
