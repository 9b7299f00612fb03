"""A proxy between an operator and the API server that does to requests what a script says.

It speaks HTTP/1.1 and TLS to both. The operator is given a kubeconfig that names it; whoever
tests can also hold a request at a point of its way, and kill somebody there. `exchange` carries
one request through.
"""

import asyncio
import contextlib
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from tests.faults.exchange import Exchange, Way
from tests.faults.fault import Fault, name_of
from tests.faults.request import Request
from tests.faults.script import Script
from tests.faults.upstream import Upstream, reset
from tests.faults.wire import BrokenError, read_body, read_head


class Point(Enum):
    """Where on its way a request can be held."""

    ARRIVED = "arrived"  # the API server has not seen it
    ANSWERED = "answered"  # it has done what it was asked, and nobody knows


@dataclass(eq=False, slots=True)
class Catch:
    """A wish to hold the next request of a kind."""

    what: str
    point: Point
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class Proxy:
    """Listen on loopback and pass requests on; entered as an async context manager."""

    def __init__(
        self, upstream: Upstream, script: Script, tls: ssl.SSLContext | None = None
    ) -> None:
        self.script = script
        self.counts: Counter[str] = Counter()  # of what happened to requests
        self.requests: Counter[str] = Counter()  # by verb and kind
        self._upstream = upstream
        self._way = Way(upstream, self._arrived, self._answered, self._count)
        self._tls = tls
        self._port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: set[asyncio.StreamWriter] = set()
        self._catches: list[Catch] = []
        self._under_way = 0
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def url(self) -> str:
        """Give its base URL."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._upstream.close()

    async def open(self) -> None:
        """Take connections, on the port of before if there was one."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, "127.0.0.1", self._port, ssl=self._tls
            )
            self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Refuse connections and reset those that stand, as if the API server had died."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for client in list(self._clients):
            reset(client)

    async def settled(self) -> None:
        """Wait until no request is under way, however late it is; watches are not counted."""
        await self._quiet.wait()

    @asynccontextmanager
    async def holding(self, what: str, point: Point, patience: float) -> AsyncIterator[bool]:
        """Hold the next request of a kind at a point, as long as the block lasts.

        Gives False where none came within `patience` seconds.
        """
        catch = Catch(what, point)
        self._catches.append(catch)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(catch.caught.wait(), patience)
            yield catch.caught.is_set()
        finally:
            if catch in self._catches:
                self._catches.remove(catch)
            catch.released.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._clients.add(writer)
        try:
            while await self._take(reader, writer):
                continue
        except (BrokenError, ConnectionError, ssl.SSLError):
            pass  # the client sees its connection reset
        finally:
            reset(writer)
            self._clients.discard(writer)
            self._tasks.discard(task)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Carry one request through; tell whether the connection can take another one."""
        head = await read_head(reader)
        if head is None:
            return False
        body = b"".join([piece async for piece in read_body(reader, head, answer=False)])
        method, target, _ = head.first.split(" ", 2)
        request = Request.of(method, target)
        self.requests[request.what] += 1
        exchange = Exchange(request, head, body, reader, writer)
        with self._counted(exchange):
            return await exchange.run(self.script.choose(request), self._way)

    @contextmanager
    def _counted(self, exchange: Exchange) -> Iterator[None]:
        if exchange.streams:
            yield
            return
        self._under_way += 1
        self._quiet.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._quiet.set()

    def _count(self, fault: Fault) -> None:
        self.counts[name_of(fault)] += 1

    async def _arrived(self, request: Request) -> None:
        await self._stop_at(request, Point.ARRIVED)

    async def _answered(self, request: Request) -> None:
        await self._stop_at(request, Point.ANSWERED)

    async def _stop_at(self, request: Request, point: Point) -> None:
        for catch in self._catches:
            if (catch.what, catch.point) == (request.what, point):
                self._catches.remove(catch)
                catch.caught.set()
                await catch.released.wait()
                return
