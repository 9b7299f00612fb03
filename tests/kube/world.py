"""One kind of object on a server of its own: listed in pages, watched, and now and then failing."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from tests.kube.server import Answer, gives, refuses


@dataclass(frozen=True, slots=True)
class Thing:
    """What the informers under test keep of an object."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    value: int


def thing(body: dict[str, Any]) -> Thing:
    """Project an object."""
    metadata = body["metadata"]
    return Thing(
        metadata["namespace"],
        metadata["name"],
        metadata["uid"],
        metadata["resourceVersion"],
        body["value"],
    )


TOO_LARGE = {
    "kind": "Status",
    "code": 504,
    "reason": "Timeout",
    "message": "Timeout: Too large resource version",
    "details": {"causes": [{"reason": "ResourceVersionTooLarge"}], "retryAfterSeconds": 1},
}

Saved = tuple[int, dict[str, dict[str, Any]]]


class World:
    """Objects, their history, and who watches them."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.page_size = 500
        self.faults: deque[Answer] = deque()
        self.queries: list[dict[str, str]] = []
        self._version = 100
        self._oldest = 0
        self._history: list[tuple[int, dict[str, Any]]] = []
        self._pages: dict[str, tuple[int, list[dict[str, Any]]]] = {}
        self._news = asyncio.Condition()
        self._watches: dict[int, web.Request] = {}
        self._ended = 0

    @property
    def watched(self) -> bool:
        return bool(self._watches)

    @property
    def listings(self) -> int:
        others = {"watch", "continue", "resourceVersionMatch"}
        return sum(not others & query.keys() for query in self.queries)

    def put(self, name: str, value: int = 0, *, quietly: bool = False) -> dict[str, Any]:
        """Create or change an object; `quietly`, so that no watch ever tells of it."""
        self._version += 1
        known = self.objects.get(name)
        uid = known["metadata"]["uid"] if known else str(uuid4())
        body = {
            "metadata": {
                "namespace": "shop",
                "name": name,
                "uid": uid,
                "resourceVersion": str(self._version),
            },
            "value": value,
        }
        self.objects[name] = body
        if not quietly:
            self._history.append((self._version, _event("MODIFIED" if known else "ADDED", body)))
        return body

    def delete(self, name: str, value: int | None = None, *, quietly: bool = False) -> None:
        """Delete an object, whose last state may have another value."""
        self._version += 1
        body = self.objects.pop(name)
        metadata = {**body["metadata"], "resourceVersion": str(self._version)}
        final = {"metadata": metadata, "value": body["value"] if value is None else value}
        if not quietly:
            self._history.append((self._version, _event("DELETED", final)))

    def bookmark(self) -> None:
        metadata = {"resourceVersion": str(self._version)}
        self._history.append((self._version, _event("BOOKMARK", {"metadata": metadata})))

    def say(self, event: dict[str, Any]) -> None:
        """Send an event of any shape."""
        self._version += 1
        self._history.append((self._version, event))

    def saved(self) -> Saved:
        """Give the state as it is, for `restore`."""
        return self._version, dict(self.objects)

    def restore(self, saved: Saved) -> None:
        """Set everything back, versions and all, as a restored database does."""
        self._version, objects = saved
        self.objects = dict(objects)
        self._history.clear()
        self._pages.clear()
        self.drop_watches()

    def compact(self) -> None:
        """Forget the history, and every list that is still being read."""
        self._oldest = self._version
        self._history.clear()
        self._pages.clear()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that only a request can bring about."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(condition)

    async def publish(self) -> None:
        """Let the watches have what has happened."""
        async with self._news:
            self._news.notify_all()

    async def end_watches(self) -> None:
        """End all watches as a server does after their time."""
        self._ended += 1
        await self.publish()

    def drop_watches(self) -> None:
        """Reset the connections of all watches."""
        for request in self._watches.values():
            if request.transport is not None:
                request.transport.abort()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        if self.faults:
            return await self.faults.popleft()(request)
        if "watch" in request.query:
            return await self._watch(request)
        if int(request.query.get("resourceVersion", "0")) > self._version:
            return await gives(TOO_LARGE, 504)(request)
        return await self._list(request)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        token = request.query.get("continue")
        if token is None:
            version, rest = self._version, list(self.objects.values())
        elif token in self._pages:
            version, rest = self._pages.pop(token)
        else:
            return await refuses(410, "Expired")(request)
        items, rest = rest[: self.page_size], rest[self.page_size :]
        metadata = {"resourceVersion": str(version)}
        if rest:
            metadata["continue"] = str(uuid4())
            self._pages[metadata["continue"]] = version, rest
        return await gives({"kind": "ThingList", "metadata": metadata, "items": items})(request)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        version = int(request.query["resourceVersion"])
        if version < self._oldest:
            return await refuses(410, "Expired")(request)
        response = web.StreamResponse()
        await response.prepare(request)
        self._watches[id(request)] = request
        await self.publish()
        ended = self._ended
        try:
            while True:
                for at, event in [each for each in self._history if each[0] > version]:
                    await response.write(json.dumps(event).encode() + b"\n")
                    version = at
                if self._ended != ended:
                    return response
                async with self._news:
                    await self._news.wait()
        finally:
            del self._watches[id(request)]


def _event(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": {"kind": "Thing", "apiVersion": "v1", **body}}
