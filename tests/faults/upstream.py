"""The proxy's connections to the API server itself."""

import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from tests.faults.wire import BrokenError, Head, read_head


def reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection as a crash does: what was sent may be lost, and the peer sees a reset."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@dataclass(frozen=True, slots=True)
class Link:
    """A connection, for one exchange after the other."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        return not (self.reader.at_eof() or self.writer.is_closing())

    def drop(self) -> None:
        """Close it at once."""
        self.writer.transport.abort()


class Upstream:
    """Where requests are passed on to."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._tls = parts.hostname or "", parts.port or 443, tls
        self._idle: list[Link] = []

    @classmethod
    def trusting(cls, url: str, authority: str) -> Self:
        """Make one for a server whose certificate an authority, in PEM, has signed."""
        return cls(url, ssl.create_default_context(cadata=authority))

    async def send(self, head: Head, body: bytes) -> tuple[Link, Head]:
        """Send a request and give the head of its answer; BrokenError where there is none."""
        link = await self._link()
        try:
            link.writer.write(head.encode() + body)
            await link.writer.drain()
            answer = await read_head(link.reader)
        except BaseException as error:
            link.drop()
            if isinstance(error, OSError):
                raise BrokenError(str(error)) from error
            raise
        if answer is None:
            link.drop()
            raise BrokenError("the API server closed the connection")
        return link, answer

    def take_back(self, link: Link) -> None:
        """Keep a connection whose answer has been read to its end."""
        self._idle.append(link)

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().drop()

    async def _link(self) -> Link:
        while self._idle:
            link = self._idle.pop()
            if link.usable:
                return link
            link.drop()
        try:
            streams = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        except OSError as error:
            raise BrokenError(str(error)) from error
        return Link(*streams)
