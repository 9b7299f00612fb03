"""HTTP/1.1 as far as a proxy has to read it: heads, and where bodies end.

Bodies are handed on piece by piece, as they come: a watch's last for minutes.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

_PIECE: Final = 64 * 1024
_NO_BODY: Final = frozenset({204, 304})


class BrokenError(Exception):
    """The other side went away, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a request or an answer, and its headers."""

    first: str
    headers: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Give a header's value; empty where it has none."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), "")

    @property
    def status(self) -> int:
        """Give an answer's status."""
        return int(self.first.split(" ", 2)[1])

    @property
    def chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return "chunked" in self.get("Transfer-Encoding").lower()

    def encode(self) -> bytes:
        """Give it as it goes over the wire."""
        lines = [self.first, *(f"{key}: {value}" for key, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a head; None where the other side has nothing more to say."""
    try:
        text = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise BrokenError("a head broke off") from error
    except (OSError, asyncio.LimitOverrunError) as error:
        raise BrokenError(str(error)) from error
    first, *lines = text.strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(first, tuple((key.strip(), value.strip()) for key, _, value in pairs))


async def read_body(
    reader: asyncio.StreamReader, head: Head, *, answer: bool
) -> AsyncIterator[bytes]:
    """Yield a body's pieces, without their framing; BrokenError where it breaks off."""
    try:
        if head.chunked:
            while size := int((await reader.readline()).split(b";")[0] or b"x", 16):
                yield await reader.readexactly(size)
                await reader.readexactly(2)
            while (await reader.readline()).strip():
                continue  # trailers
        elif head.get("Content-Length"):
            left = int(head.get("Content-Length"))
            while left:
                piece = await reader.read(min(left, _PIECE))
                if not piece:
                    raise BrokenError("a body broke off")
                left -= len(piece)
                yield piece
        elif answer and head.status not in _NO_BODY:
            while piece := await reader.read(_PIECE):
                yield piece
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        raise BrokenError(f"a body broke off: {error}") from error


def frame(head: Head, piece: bytes) -> bytes:
    """Put a piece of a body into the framing that its head announces."""
    return b"%x\r\n%s\r\n" % (len(piece), piece) if head.chunked else piece


def last_frame(head: Head) -> bytes:
    """Give what ends a body."""
    return b"0\r\n\r\n" if head.chunked else b""
