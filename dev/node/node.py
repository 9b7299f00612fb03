"""The node itself: registered, alive, and with one `Pod` for each that is bound to it."""

import asyncio
import logging
import os
import platform
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from dev.node.api import MERGE, Api, ApiError
from dev.node.container import render_time
from dev.node.host import ROOM, Host
from dev.node.pod import Pod
from dev.node.runtime import Runtime

JSONObject = dict[str, Any]

logger = logging.getLogger(__name__)

_LEASE_SECONDS: Final = 40
_HEARTBEAT: Final = 10.0
# One address a pod, and some to spare for pods that are just ending.
_ADDRESSES: Final = [f"127.0.1.{number}" for number in range(2, 255)]


class Node:
    """A node and its pods."""

    def __init__(self, api: Api, runtime: Runtime, name: str, directory: Path) -> None:
        self._api = api
        self._name = name
        self._pods: dict[str, Pod] = {}
        self._free = list(_ADDRESSES)
        server = urlsplit(api.server)
        self._host = Host(
            api=api,
            runtime=runtime,
            directory=directory,
            address="127.0.0.1",
            service={
                "KUBERNETES_SERVICE_HOST": server.hostname or "",
                "KUBERNETES_SERVICE_PORT": str(server.port or 443),
                "KUBERNETES_SERVICE_PORT_HTTPS": str(server.port or 443),
            },
            backoff=float(os.environ.get("NODE_BACKOFF_SECONDS", "10")),
            take_ip=lambda: self._free.pop(0),
            free_ip=self._free.append,
        )

    def pods(self) -> list[Pod]:
        """List the pods that are known here, the ended ones whose objects stand included."""
        return list(self._pods.values())

    async def register(self, port: int) -> None:
        """Create the node's object, or make a standing one ours."""
        body = {
            "metadata": {"name": self._name, "labels": _labels(self._name)},
            "spec": {},
        }
        try:
            await self._api.call("POST", "/api/v1/nodes", body)
        except ApiError as error:
            if error.status != 409:
                raise
        await self._say_ready(port)

    async def heartbeat(self, port: int) -> None:
        """Renew the node's Lease, and from time to time its status, for ever.

        At once where the node is not Ready any more: its controller has missed heartbeats, as it
        does while the API server is gone, and believes nothing but the status after that.
        """
        beats = 0
        while True:
            try:
                await self._renew_lease()
                beats += 1
                if beats % 18 == 0 or not await self._is_ready():
                    await self._say_ready(port)
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError) as error:
                logger.warning("no heartbeat: %s", error)
            await asyncio.sleep(_HEARTBEAT)

    async def _is_ready(self) -> bool:
        body = await self._api.call("GET", f"/api/v1/nodes/{self._name}")
        conditions = body["status"].get("conditions", ())
        return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)

    async def run(self) -> None:
        """Follow the pods that are bound to this node, for ever."""
        selector = f"fieldSelector=spec.nodeName%3D{self._name}"
        events: AsyncIterator[JSONObject] = self._api.watch("/api/v1/pods", selector)
        async for event in events:
            if event["type"] == "LISTED":
                for uid in self._pods.keys() - event["uids"]:
                    self._drop(uid)
            elif event["type"] == "DELETED":
                self._drop(event["object"]["metadata"]["uid"])
            elif event["type"] != "BOOKMARK":
                self._see(event["object"])

    async def close(self) -> None:
        """Kill all containers."""
        await asyncio.gather(*(pod.vanish() for pod in self.pods()))

    def _see(self, body: JSONObject) -> None:
        metadata = body["metadata"]
        pod = self._pods.get(metadata["uid"])
        over = body.get("status", {}).get("phase") in {"Succeeded", "Failed"}
        if pod is None:
            if over and "deletionTimestamp" not in metadata:
                return  # ended under an earlier process of this node: its output is gone
            pod = self._pods[metadata["uid"]] = Pod(self._host, body)
        pod.update(body)
        if "deletionTimestamp" in metadata:
            if over:
                asyncio.create_task(pod.remove()).add_done_callback(_forget)
            pod.stop(metadata.get("deletionGracePeriodSeconds", 30))

    def _drop(self, uid: str) -> None:
        pod = self._pods.pop(uid, None)
        if pod is not None:
            asyncio.create_task(pod.vanish()).add_done_callback(_forget)

    async def _renew_lease(self) -> None:
        path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        spec = {
            "holderIdentity": self._name,
            "leaseDurationSeconds": _LEASE_SECONDS,
            "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        try:
            await self._api.call(
                "PATCH",
                f"{path}/{self._name}",
                {"spec": spec},
                "application/merge-patch+json",
            )
        except ApiError as error:
            if error.status != 404:
                raise
            lease = {"metadata": {"name": self._name}, "spec": spec}
            await self._api.call("POST", path, lease)

    async def _say_ready(self, port: int) -> None:
        now = render_time(datetime.now(UTC))
        quiet = ("MemoryPressure", "DiskPressure", "PIDPressure")
        conditions = [_condition(kind, "False", "KubeletHasEnough", now) for kind in quiet]
        conditions.append(_condition("Ready", "True", "KubeletReady", now))
        status = {
            "addresses": [
                {"type": "InternalIP", "address": "127.0.0.1"},
                {"type": "Hostname", "address": self._name},
            ],
            "capacity": ROOM,
            "allocatable": ROOM,
            "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
            "nodeInfo": _info(),
        }
        path = f"/api/v1/nodes/{self._name}"
        await self._api.call("PATCH", f"{path}/status", {"status": status}, MERGE)
        # The node controller marks a new node, and one that was away, as not to be used.
        await self._api.call(
            "PATCH", path, {"spec": {"taints": None}}, "application/merge-patch+json"
        )


def _labels(name: str) -> dict[str, str]:
    return {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}


def _condition(kind: str, state: str, reason: str, now: str) -> JSONObject:
    return {
        "type": kind,
        "status": state,
        "reason": reason,
        "message": "the node's process is alive",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }


def _info() -> JSONObject:
    return {
        "machineID": "",
        "systemUUID": "",
        "bootID": "",
        "kernelVersion": platform.release(),
        "osImage": "the host's own",
        "containerRuntimeVersion": "process://1",
        "kubeletVersion": "v1.37.0-process",
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64" if platform.machine() == "x86_64" else platform.machine(),
    }


def _forget(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        logger.error("a pod was not handled: %s", task.exception())
