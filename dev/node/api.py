"""The node's way to the API server: JSON in and out, with the kubeconfig's client certificate."""

import asyncio
import base64
import json
import ssl
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import yaml

JSONObject = dict[str, Any]

MERGE = "application/strategic-merge-patch+json"


class ApiError(Exception):
    """A request that the API server did not grant; `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """Talk to the API server of a kubeconfig; to be entered as an async context manager."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        self._cluster: JSONObject = config["clusters"][0]["cluster"]
        self._user: JSONObject = config["users"][0]["user"]
        self.server: str = self._cluster["server"].rstrip("/")

    async def __aenter__(self) -> Self:
        headers = {"User-Agent": "node"}
        if "token" in self._user:
            headers["Authorization"] = f"Bearer {self._user['token']}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=32, ssl=_tls(self._cluster, self._user)),
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=15),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def call(
        self, method: str, path: str, body: object = None, kind: str = "application/json"
    ) -> Any:
        """Send a request; ApiError for what is refused, OSError for what does not arrive."""
        data = None if body is None else json.dumps(body)
        async with self._session.request(
            method, self.server + path, data=data, headers={"Content-Type": kind}
        ) as response:
            text = await response.text()
            if response.status >= 400:
                raise ApiError(response.status, text[:300])
            return json.loads(text)

    async def get(self, path: str) -> Any:
        """Read an object."""
        return await self.call("GET", path)

    async def watch(self, path: str, selector: str) -> AsyncIterator[JSONObject]:
        """List, then watch, for ever: events as the API gives them, and `LISTED` with all names.

        After each `LISTED`, what is not in it is gone.
        """
        while True:
            try:
                listed = await self.get(f"{path}?{selector}")
                uids = {item["metadata"]["uid"] for item in listed["items"]}
                for item in listed["items"]:
                    yield {"type": "MODIFIED", "object": item}
                yield {"type": "LISTED", "uids": uids}
                version = listed["metadata"]["resourceVersion"]
                async for event in self._events(path, selector, version):
                    yield event
            except (ApiError, OSError, TimeoutError, aiohttp.ClientError):
                await asyncio.sleep(0.5)

    async def _events(self, path: str, selector: str, version: str) -> AsyncIterator[JSONObject]:
        url = f"{self.server}{path}?{selector}&watch=1&resourceVersion={version}&timeoutSeconds=300"
        timeout = aiohttp.ClientTimeout(total=None, sock_read=310)
        rest = b""
        async with self._session.get(url, timeout=timeout) as response:
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    yield event


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    context = ssl.create_default_context(
        cafile=cluster.get("certificate-authority"),
        cadata=base64.b64decode(authority).decode() if authority else None,
    )
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    elif "client-certificate-data" in user:
        # The ssl module reads certificates from files only.
        with tempfile.NamedTemporaryFile() as pair:
            pair.write(base64.b64decode(user["client-certificate-data"]))
            pair.write(base64.b64decode(user["client-key-data"]))
            pair.flush()
            context.load_cert_chain(pair.name)
    return context
