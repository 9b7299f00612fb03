"""Tells the API server how a pod is: the newest status, and never two at the same time.

`pod` says that something has changed; `status` computes what is sent.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import aiohttp

from dev.node import status
from dev.node.api import MERGE, ApiError
from dev.node.container import Container, render_time
from dev.node.supervisor import Shared

JSONObject = dict[str, Any]


class Report:
    """The reports on one pod."""

    def __init__(
        self, shared: Shared, inits: Sequence[Container], mains: Sequence[Container]
    ) -> None:
        self.silent = False  # set when the object is gone: there is nobody to tell
        self.verdict: JSONObject = {}  # reason and message of a pod that the node has ended
        self._shared = shared
        self._inits = inits
        self._mains = mains
        self._started = render_time(datetime.now(UTC))
        self._policy: str = shared.body["spec"].get("restartPolicy", "Always")

    async def changes(self) -> None:
        """Report each change, for ever."""
        changed = self._shared.changed
        while True:
            await changed.wait()
            changed.clear()
            # Containers that end at once are reported ended, without the word between.
            await asyncio.sleep(0.005)
            await self._report(final=False)

    async def end(self) -> None:
        """Report that the pod has ended, and let go of its object if it is deleted."""
        await self._report(final=True)

    async def remove(self) -> None:
        """Take the object of a deleted pod that has ended away."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._uid}}
        try:
            await self._shared.host.api.call("DELETE", self._path, options)
        except ApiError as error:
            if error.status not in {404, 409}:
                raise

    async def _report(self, *, final: bool) -> None:
        """Send the status, again and again until it has arrived or the pod is gone."""
        wait = 0.1
        while not self.silent and not await self._try(final=final):
            await asyncio.sleep(wait)
            wait = min(wait * 2, 5.0)

    async def _try(self, *, final: bool) -> bool:
        try:
            await self._send(self._status(final=final))
            if final and "deletionTimestamp" in self._shared.body["metadata"]:
                await self.remove()
        except ApiError as error:
            return error.status in {404, 409}  # the pod is gone, or another of its name
        except (OSError, TimeoutError, aiohttp.ClientError):
            return False
        return True

    async def _send(self, content: JSONObject) -> None:
        patch = {"metadata": {"uid": self._uid}, "status": content}
        answer = await self._shared.host.api.call("PATCH", f"{self._path}/status", patch, MERGE)
        known = {"podIP": self._shared.address} if self._shared.address else {}
        self._shared.body["status"] = {**answer["status"], **known}

    @property
    def _uid(self) -> str:
        return str(self._shared.body["metadata"]["uid"])

    @property
    def _path(self) -> str:
        metadata = self._shared.body["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    @property
    def _has_running(self) -> bool:
        return any("running" in each.state for each in (*self._inits, *self._mains))

    def _status(self, *, final: bool) -> JSONObject:
        body, address = self._shared.body, self._shared.address
        now_phase = status.phase(self._policy, self._inits, self._mains, over=final)
        if final and (self.verdict or now_phase not in status.FINAL_PHASES):
            now_phase = "Failed"
        if not final and self._has_running and now_phase in status.FINAL_PHASES:
            now_phase = body.get("status", {}).get("phase", "Pending")  # until all have ended
        content: JSONObject = {
            "phase": now_phase,
            "observedGeneration": body["metadata"].get("generation"),
            "conditions": status.conditions(body, self._inits, self._mains, now_phase),
            "hostIP": self._shared.host.address,
            "hostIPs": [{"ip": self._shared.host.address}],
            "startTime": self._started,
            "containerStatuses": [each.status() for each in self._mains],
        }
        if self._inits:
            content["initContainerStatuses"] = [each.status() for each in self._inits]
        if address:
            content |= {"podIP": address, "podIPs": [{"ip": address}]}
        return {**content, **(self.verdict if final else {})}
