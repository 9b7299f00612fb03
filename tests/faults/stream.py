"""An answer that comes bit by bit, a watch or a followed log, and what a fault makes of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from tests.faults.fault import Cut, Expire, Fault, Lag, Lose, Tear
from tests.faults.upstream import Link
from tests.faults.wire import Head, frame, last_frame, read_body


@dataclass(frozen=True, slots=True)
class Stream:
    """The answer of `link`, for the client of `reader` and `writer`."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    link: Link
    answer: Head

    async def run(self, fault: Fault) -> bool:
        """Hand it on until it ends, or until the client has gone; False asks for a reset."""
        if isinstance(fault, Lose):
            self.link.drop()
            return False
        # A client that is killed says nothing more: nobody else would end its watches.
        gone = asyncio.create_task(self.reader.read(1))
        pump = asyncio.create_task(self._pump(fault))
        try:
            await asyncio.wait({gone, pump}, return_when=asyncio.FIRST_COMPLETED)
            return pump.done() and pump.result()
        finally:
            for task in (gone, pump):
                task.cancel()
            await asyncio.gather(gone, pump, return_exceptions=True)
            self.link.drop()

    async def _pump(self, fault: Fault) -> bool:
        self.writer.write(self.answer.encode())
        await self.writer.drain()
        match fault:
            case Cut(seconds, clean):
                ended = await self._hand_on(seconds)
                if not (ended or clean):
                    return False
            case Expire(seconds):
                if not await self._hand_on(seconds):
                    self.writer.write(frame(self.answer, Expire.event()))
            case Lag(seconds):
                await self._hand_on_late(seconds)
            case Tear():
                await self._hand_on(0.5)
                return False
            case _:
                await self._hand_on(None)
        self.writer.write(last_frame(self.answer))
        await self.writer.drain()
        return True

    def _pieces(self) -> AsyncIterator[bytes]:
        return read_body(self.link.reader, self.answer, answer=True)

    async def _hand_on(self, seconds: float | None) -> bool:
        """Hand on for so long, and further to the end of a line; tell whether that was all."""
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        pieces, between_lines = self._pieces(), True
        while True:
            try:
                async with asyncio.timeout_at(end if between_lines else None):
                    piece = await anext(pieces, b"")
            except TimeoutError:
                return False
            if not piece:
                return True
            between_lines = piece.endswith(b"\n")
            self.writer.write(frame(self.answer, piece))
            await self.writer.drain()

    async def _hand_on_late(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def take_in() -> None:
            async for piece in self._pieces():
                waiting.put_nowait((loop.time() + seconds, piece))
            waiting.put_nowait((loop.time() + seconds, b""))

        async with asyncio.TaskGroup() as group:
            group.create_task(take_in())
            while True:
                when, piece = await waiting.get()
                await asyncio.sleep(when - loop.time())
                if not piece:
                    return
                self.writer.write(frame(self.answer, piece))
                await self.writer.drain()
