"""One request on its way through the proxy: passed on, or what the chosen fault makes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.faults.fault import PASS, Answer, Delay, Drop, Fault, Lose, Stale, Stall, Tear
from tests.faults.request import Request
from tests.faults.stream import Stream
from tests.faults.upstream import Link, Upstream
from tests.faults.wire import Head, frame, last_frame, read_body

_KEPT: Final = 3
_OK: Final = 200


class Memory:
    """Earlier answers of each list, the oldest of the last few first."""

    def __init__(self) -> None:
        self._answers: dict[str, list[tuple[Head, bytes]]] = {}

    def keep(self, request: Request, head: Head, body: bytes) -> None:
        """Remember an answer."""
        kept = self._answers.setdefault(request.target, [])
        kept.append((head, body))
        del kept[:-_KEPT]

    def find(self, request: Request) -> tuple[Head, bytes] | None:
        """Give an earlier answer of the same list; None where there was none."""
        kept = self._answers.get(request.target)
        return kept[0] if kept else None


@dataclass(frozen=True, slots=True)
class Way:
    """Where requests go, and who is told of it: as each arrives, and once it is answered."""

    upstream: Upstream
    arrived: Callable[[Request], Awaitable[None]]
    answered: Callable[[Request], Awaitable[None]]
    count: Callable[[Fault], None]
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, read whole, and the connection on which its answer is due."""

    request: Request
    head: Head
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def streams(self) -> bool:
        """Whether its answer comes bit by bit, for as long as somebody listens."""
        return self.request.verb == "watch" or "follow" in self.request.query

    async def run(self, fault: Fault, way: Way) -> bool:
        """Carry it through; False where the connection is to be reset. Failures raise."""
        await way.arrived(self.request)
        earlier = way.memory.find(self.request) if isinstance(fault, Stale) else None
        if isinstance(fault, Stale) and earlier is None:
            fault = PASS
        way.count(fault)
        match fault:
            case Drop():
                return False
            case Stall(seconds):
                await asyncio.sleep(seconds)
                return False
            case Answer():
                return await self._answer(*fault.encode())
            case Stale() if earlier:
                return await self._answer(*earlier)
            case Delay(seconds):
                await asyncio.sleep(seconds)
        return await self._pass_on(fault, way)

    async def _pass_on(self, fault: Fault, way: Way) -> bool:
        link, answer = await way.upstream.send(self._in_one_piece(), self.body)
        try:
            await way.answered(self.request)
            if self.streams:
                return await Stream(self.reader, self.writer, link, answer).run(fault)
            body = await self._whole(link, answer)
        except BaseException:
            link.drop()
            raise
        way.upstream.take_back(link)
        if self.request.verb == "list" and answer.status == _OK:
            way.memory.keep(self.request, answer, body)
        if isinstance(fault, Lose):
            return False
        return await self._answer(answer, body, torn=isinstance(fault, Tear))

    def _in_one_piece(self) -> Head:
        """Give the request's head for a body of known length."""
        framing = {"content-length", "transfer-encoding"}
        headers = [each for each in self.head.headers if each[0].lower() not in framing]
        if self.body or self.head.get("Content-Length"):
            headers.append(("Content-Length", str(len(self.body))))
        return Head(self.head.first, tuple(headers))

    async def _whole(self, link: Link, answer: Head) -> bytes:
        return b"".join([piece async for piece in read_body(link.reader, answer, answer=True)])

    async def _answer(self, head: Head, body: bytes, *, torn: bool = False) -> bool:
        framed = frame(head, body) if body else b""
        if torn:
            self.writer.write(head.encode() + framed[: len(framed) // 2])
            await self.writer.drain()
            return False
        self.writer.write(head.encode() + framed + last_frame(head))
        await self.writer.drain()
        return True
