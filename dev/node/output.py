"""A container's output: the bytes as they came, and when each part of them came.

The container writes into a pipe, `pump` appends to a file. `server` reads it for `kubectl logs`.
A time a line would cost more than the output itself; a time a read is what is kept.
"""

import asyncio
import contextlib
import fcntl
import os
from bisect import bisect_left
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_READ: Final = 1 << 20
_PIPE: Final = 1 << 20
_F_SETPIPE_SZ: Final = 1031


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of the output is asked for, as the kubelet's query says it."""

    follow: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: datetime | None = None
    timestamps: bool = False


class Output:
    """The output of one run of one container."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.ended = asyncio.Event()
        self._offsets: list[int] = [0]
        self._times: list[float] = [0.0]
        self._grown = asyncio.Event()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    async def pump(self, descriptor: int) -> None:
        """Append what comes out of a pipe until its other end is closed."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        os.set_blocking(descriptor, False)
        loop.add_reader(descriptor, readable.set)
        size = 0
        with self.file.open("ab", buffering=0) as file:
            try:
                while True:
                    readable.clear()
                    try:
                        data = os.read(descriptor, _READ)
                    except BlockingIOError:
                        await readable.wait()
                        continue
                    if not data:
                        break
                    now = _now()
                    file.write(data)
                    size += len(data)
                    self._offsets.append(size)
                    self._times.append(now)
                    self._grown.set()
                    await asyncio.sleep(0)  # a container that prints without end is not alone
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
                self.ended.set()
                self._grown.set()

    def last_bytes(self, limit: int, lines: int) -> str:
        """Give the end of the output, at most so many bytes and lines of it."""
        size = self.file.stat().st_size
        with self.file.open("rb") as file:
            file.seek(max(0, size - limit))
            data = file.read()
        return b"".join(data.splitlines(keepends=True)[-lines:]).decode(errors="replace")

    async def read(self, chosen: Selection) -> AsyncIterator[bytes]:
        """Yield the selected output; with `follow`, what is still to come as well."""
        left = chosen.limit_bytes
        position = self._begin(chosen)
        start_of_line = True
        with self.file.open("rb") as file:
            while True:
                self._grown.clear()
                over = self.ended.is_set()
                file.seek(position)
                data = file.read(_READ)
                if data:
                    place, position = position, position + len(data)
                    if chosen.timestamps:
                        stamped = self._stamp(data, place, start_of_line=start_of_line)
                        start_of_line = data.endswith(b"\n")
                        data = stamped
                    if left is not None:
                        data = data[:left]
                        left -= len(data)
                    yield data
                    if left == 0:
                        return
                elif over or not chosen.follow:
                    return
                else:
                    await self._grown.wait()

    def _begin(self, chosen: Selection) -> int:
        begin = 0
        if chosen.since is not None:
            part = bisect_left(self._times, chosen.since.timestamp())
            begin = self._offsets[min(part, len(self._offsets)) - 1] if part else 0
        if chosen.tail_lines is not None:
            begin = max(begin, self._start_of_last(chosen.tail_lines))
        return begin

    def _start_of_last(self, lines: int) -> int:
        """Find where the last lines begin, reading backwards."""
        size = position = self.file.stat().st_size
        if lines == 0:
            return size
        found = 0
        with self.file.open("rb") as file:
            while position > 0:
                begin = max(0, position - _READ)
                file.seek(begin)
                data = file.read(position - begin)
                place = len(data) - 1 if position == size and data.endswith(b"\n") else len(data)
                while (place := data.rfind(b"\n", 0, place)) >= 0:
                    found += 1
                    if found == lines:
                        return begin + place + 1
                position = begin
        return 0

    def _stamp(self, data: bytes, place: int, *, start_of_line: bool) -> bytes:
        stamped = []
        for line in data.splitlines(keepends=True):
            if start_of_line:
                stamped.append(self._time_at(place).encode() + b" ")
            stamped.append(line)
            place += len(line)
            start_of_line = line.endswith(b"\n")
        return b"".join(stamped)

    def _time_at(self, place: int) -> str:
        part = min(bisect_left(self._offsets, place + 1), len(self._times) - 1)
        return datetime.fromtimestamp(self._times[part], UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _now() -> float:
    return datetime.now(UTC).timestamp()


def pipe() -> tuple[int, int]:
    """Make a pipe that holds a megabyte, so that a container rarely waits for the node."""
    reading, writing = os.pipe()
    # An unprivileged user's share of pipe memory may be used up: then it is smaller, and slower.
    with contextlib.suppress(OSError):
        fcntl.fcntl(writing, _F_SETPIPE_SZ, _PIPE)
    return reading, writing
