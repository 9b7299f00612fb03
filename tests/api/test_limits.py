"""Bodies that are too large, byte by byte: what a caller hears, and how early."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from cronwright.api.limits import MAX_BYTES
from tests.api.fake_cluster import TOKEN, FakeCluster

KNOWN = f"Authorization: Bearer {TOKEN}\r\n"
TWO_MEGABYTES = 2_000_000


def head(more: str, known: str = KNOWN) -> bytes:
    lines = f"POST /tasks HTTP/1.1\r\nHost: x\r\n{known}Content-Type: application/json\r\n{more}"
    return f"{lines}\r\n\r\n".encode()


class Line:
    """One connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def response(self) -> tuple[int, dict[str, str], dict[str, object]]:
        """Read a response's status, headers and problem."""
        text = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = text.strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        content = await self.reader.readexactly(int(headers["content-length"]))
        return int(first.split()[1]), headers, json.loads(content)


@pytest.fixture
async def line(url: str) -> AsyncIterator[Line]:
    """Open a connection; what is done with it may take 10 seconds."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        async with asyncio.timeout(10):
            yield Line(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("known", [KNOWN, ""], ids=["known caller", "nobody"])
async def test_a_body_that_says_it_is_too_large_is_refused_before_it_comes(
    line: Line, cluster: FakeCluster, known: str
) -> None:
    line.writer.write(head(f"Content-Length: {TWO_MEGABYTES}", known))
    status, headers, problem = await line.response()  # not a byte of the body was sent

    assert status == 413
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert problem["type"] == "https://cronwright.dev/problems/body-too-large"
    assert str(MAX_BYTES) in str(problem["detail"])
    assert not cluster.asked


async def test_a_body_in_chunks_is_refused_once_it_is_too_large(line: Line) -> None:
    line.writer.write(head("Transfer-Encoding: chunked"))
    for _ in range(MAX_BYTES // 0x10000 + 1):
        line.writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
    status, _, problem = await line.response()  # the last chunk was never sent

    assert (status, problem["status"]) == (413, 413)


@pytest.mark.parametrize("known", [KNOWN, ""], ids=["known caller", "nobody"])
async def test_who_sends_the_whole_body_first_still_hears_the_answer(
    line: Line, known: str
) -> None:
    line.writer.write(head("Transfer-Encoding: chunked", known))
    for _ in range(0, TWO_MEGABYTES, 0x10000):
        line.writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await line.writer.drain()
    line.writer.write(b"0\r\n\r\n")
    await line.writer.drain()
    status, headers, _ = await line.response()

    assert status == (413 if known else 401)
    assert headers["connection"] == "close"
    assert await line.reader.read() == b""  # closed in good order, not reset


async def test_who_asks_before_sending_is_told_at_once(line: Line) -> None:
    line.writer.write(head(f"Content-Length: {TWO_MEGABYTES}\r\nExpect: 100-continue"))
    status, _, _ = await line.response()

    assert status == 413
    assert await line.reader.read() == b""


async def test_the_largest_body_is_read(line: Line) -> None:
    body = b" " * (MAX_BYTES - 2) + b"[]"
    line.writer.write(head(f"Content-Length: {MAX_BYTES}") + body)
    status, headers, _ = await line.response()

    assert status == 422  # read, and no object
    assert "connection" not in headers
