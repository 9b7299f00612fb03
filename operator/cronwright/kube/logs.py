"""Reads the end of a container's log, whatever its length.

The kubelet's `limitBytes` keeps the first bytes of what `tailLines` selects, not the last; so the
lines are streamed through a ring (`core.tail`) that keeps their end. Of very long lines fewer are
asked for. `controller.collect` calls this before a pod is gone.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final

import aiohttp

from cronwright.core.tail import TailRing
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError, NotFound, Unavailable

MEBIBYTE: Final = 1024 * 1024
# The kubelet has begun its answer, with status 200, before it looks for the container: what then
# fails is all that the log seems to say (kubernetes/kubernetes#142258). No line end follows it.
_NO_LOG: Final = (
    b"unable to retrieve container logs for ",
    b'failed to try resolving symlinks in path "',
    b'failed to open log file "',
)
# Beyond so many bytes it is cheaper to ask anew for a fraction of the lines.
_TOO_LONG: Final = 8 * MEBIBYTE
_FRACTION: Final = 8
_SILENCE: Final = 5.0  # a container that has ended keeps nobody waiting
# The API server ends its answer in good order where the kubelet's broke off. Of a short answer
# that can't be a part, of a longer one the end is asked for once more.
_SURELY_WHOLE: Final = MEBIBYTE // 4


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a log; not `complete` where reading was given up before the log's own end.

    `broken` says that it was the connection that ended: another try may give more.
    """

    text: str
    complete: bool
    broken: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """What one request gave."""

    ring: TailRing
    read: int
    over: bool = False  # there is more than was to be read
    broken: bool = False

    @property
    def tail(self) -> Tail:
        """Give the end of the log, as far as it was read."""
        return Tail(self.ring.text(), not self.over and not self.broken, self.broken)


class _Log:
    """One container's log, asked for as often as it takes within a time."""

    def __init__(
        self, client: Client, path: str, params: dict[str, str], max_bytes: int, timeout: float
    ) -> None:
        self._client = client
        self._path = path
        self._params = params
        self._max_bytes = max_bytes
        self._silence = None if "follow" in params else _SILENCE
        self._end = asyncio.get_running_loop().time() + timeout

    async def read(
        self, lines: int, limit_bytes: int | None = None, opened: asyncio.Event | None = None
    ) -> _Part:
        """Read so many of the last lines through a ring; ApiError where nothing can be had."""
        ring = TailRing(self._max_bytes, lines)
        params = {**self._params, "tailLines": str(lines)}
        timeout = max(self._end - asyncio.get_running_loop().time(), 0.001)
        read = -1
        try:
            async with self._client.stream(
                self._path, params, timeout, silence=self._silence
            ) as content:
                read = 0
                if opened is not None:
                    opened.set()
                async for chunk in _chunks(content):
                    ring.feed(chunk)
                    read += len(chunk)
                    if limit_bytes is not None and read > limit_bytes:
                        return _Part(ring, read, over=True)
        except Unavailable:
            if read < 0:
                raise
            return _Part(ring, read, broken=True)
        return _Part(ring, read)


async def read_tail(
    client: Client,
    namespace: str,
    pod: str,
    container: str,
    *,
    tail_lines: int,
    max_bytes: int,
    previous: bool = False,
    follow: bool = False,
    limit_bytes: int = 64 * MEBIBYTE,
    timeout: float = 20.0,
    opened: asyncio.Event | None = None,
) -> Tail:
    """Read the last lines of a container's log, at most `max_bytes` as encoded in JSON.

    Given up after `timeout` seconds or `limit_bytes`. With `follow`, read on until the container
    ends, however much that is; `opened` is set as soon as the log is being read. `previous` is the
    container that ran before the last restart. ApiError where nothing can be read: NotFound for a
    pod that is gone, BadRequest for a container that has not started or is gone.
    """
    params = {"container": container}
    if previous:
        params["previous"] = "true"
    if follow:
        params["follow"] = "true"
    log = _Log(client, paths.pod_log(namespace, pod), params, max_bytes, timeout)
    if follow:
        return (await log.read(tail_lines, opened=opened)).tail
    part = await _read_end(log, tail_lines, limit_bytes)
    if not part.over and not part.broken and part.read > _SURELY_WHOLE:
        part = await _checked(log, part)
    return part.tail


async def _checked(log: _Log, part: _Part) -> _Part:
    """Hold what was read against the log's last line."""
    try:
        last = await log.read(1, _TOO_LONG)
    except ApiError:
        return part  # its pod is gone by now
    whole = last.over or part.ring.ends_as(last.ring)
    return part if whole else replace(part, broken=True)


async def _read_end(log: _Log, tail_lines: int, limit_bytes: int) -> _Part:
    """Read the last lines, or as many of them as decide what the end is."""
    lines = longer = tail_lines
    part = await log.read(lines, min(_TOO_LONG, limit_bytes))
    while part.over and lines > 1:
        lines, longer = max(1, lines // _FRACTION), lines
        part = await log.read(lines, min(_TOO_LONG, limit_bytes))
    long = part.over and limit_bytes > _TOO_LONG
    if long or (lines < tail_lines and not part.over and not part.ring.is_full):
        # One endless line, or short ones after a very long one: no way around reading it.
        part = await log.read(1 if long else longer, limit_bytes)
    return part


async def _chunks(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Give what comes; NotFound where it is the kubelet's word that there is no log."""
    first, more = b"", False
    async for chunk in content.iter_any():
        more = bool(first)
        first = first or chunk
        yield chunk
    if not more and first.startswith(_NO_LOG) and b"\n" not in first:
        raise NotFound(HTTPStatus.NOT_FOUND, "NotFound", first.decode(errors="replace"))
