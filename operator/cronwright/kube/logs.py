"""Reads the end of a container's log, whatever its length.

The kubelet's `limitBytes` keeps the first bytes of what `tailLines` selects, not the last; so the
lines are streamed through a ring (`core.tail`) that keeps their end. `controller.collect` calls
this before a pod is gone.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from cronwright.core.tail import TailRing
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound, Unavailable

MEBIBYTE: Final = 1024 * 1024
# The kubelet has begun its answer, with status 200, before it looks for the container: what then
# fails is all that the log seems to say (kubernetes/kubernetes#142258). No line end follows it.
_NO_LOG: Final = (
    b"unable to retrieve container logs for ",
    b'failed to try resolving symlinks in path "',
    b'failed to open log file "',
)


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a log; not `complete` where reading was given up before the log's own end."""

    text: str
    complete: bool


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
    timeout: float = 5.0,
    opened: asyncio.Event | None = None,
) -> Tail:
    """Read the last lines of a container's log, at most `max_bytes` as encoded in JSON.

    Given up after `timeout` seconds or `limit_bytes`. With `follow`, read on until the container
    ends; `opened` is set as soon as the log is being read. `previous` is the container that ran
    before the last restart. ApiError where nothing can be read: NotFound for a pod that is gone,
    BadRequest for a container that has not started or is gone.
    """
    params = {"container": container, "tailLines": str(tail_lines)}
    if previous:
        params["previous"] = "true"
    if follow:
        params["follow"] = "true"
    ring = TailRing(max_bytes, tail_lines)
    complete = False
    reading = False
    try:
        async with client.stream(paths.pod_log(namespace, pod), params, timeout) as content:
            reading = True
            if opened is not None:
                opened.set()
            complete = await _pour(content, ring, limit_bytes)
    except Unavailable:
        if not reading:
            raise
    return Tail(ring.text(), complete)


async def _pour(content: aiohttp.StreamReader, ring: TailRing, limit_bytes: int) -> bool:
    """Read into the ring; tell whether the log's end was reached."""
    read, first = 0, b""
    async for chunk in content.iter_any():
        ring.feed(chunk)
        read += len(chunk)
        first = first or chunk
        if read > limit_bytes:
            return False
    if read == len(first) and first.startswith(_NO_LOG) and b"\n" not in first:
        raise NotFound(HTTPStatus.NOT_FOUND, "NotFound", first.decode(errors="replace"))
    return True
