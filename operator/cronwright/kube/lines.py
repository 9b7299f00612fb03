"""Splits a stream of bytes into lines of any length.

`wire` reads the events of a watch with it, one a line; the HTTP library's own reader refuses
lines above 64 KiB, and an object may take 1.5 MiB and more.
"""

from collections.abc import Iterator


class LineSplitter:
    """Take chunks as they come, give the lines that are whole."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield each line that the chunk completes, without its end and never an empty one."""
        # Parts are joined once a line is whole: a long line costs no more than its length.
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._parts.append(piece)
            line = b"".join(self._parts)
            self._parts.clear()
            if line:
                yield line
        if rest:
            self._parts.append(rest)
