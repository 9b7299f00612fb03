"""The proxy before a real server: each fault is what it says, and nothing else."""

import asyncio
import contextlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.faults.fault import (
    Answer,
    Cut,
    Delay,
    Drop,
    Expire,
    Fault,
    Lag,
    Lose,
    Stale,
    Stall,
    Tear,
)
from tests.faults.proxy import Point, Proxy
from tests.faults.script import Rules
from tests.faults.upstream import Upstream
from tests.kube.authority import Authority
from tests.kube.server import Server, gives, refuses

JOBS = "/apis/batch/v1/namespaces/shop/jobs"
WATCH = f"{JOBS}?watch=1"
GONE = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server() as server:
        server.will(gives({"metadata": {"name": "a"}}))
        yield server


@pytest.fixture
def rules() -> Rules:
    return Rules()


@pytest.fixture
async def proxy(server: Server, rules: Rules) -> AsyncIterator[Proxy]:
    async with Proxy(Upstream(server.url, None), rules) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(proxy.url) as session:
        yield session


async def create(client: aiohttp.ClientSession) -> int:
    async with client.post(JOBS, json={"metadata": {"name": "a"}}) as answer:
        await answer.read()
        return answer.status


async def test_what_passes_is_unchanged(
    server: Server, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    large = {"text": "é" * 150_000}
    server.will(gives(large, 201, Warning="299 - old"), refuses(422, "Invalid"))
    await create(client)
    async with client.put(f"{JOBS}/a?x=%2F1", json=large, headers={"Accept": "a/b"}) as answer:
        assert (answer.status, answer.headers["Warning"]) == (201, "299 - old")
        assert await answer.json() == large
    async with client.delete(f"{JOBS}/a") as answer:
        assert (await answer.json())["reason"] == "Invalid"
    seen = server.seen[1]
    assert (seen.method, seen.path, seen.query) == ("PUT", f"{JOBS}/a", {"x": "/1"})
    assert (seen.headers["Accept"], seen.json) == ("a/b", large)
    assert proxy.counts == {"Pass": 3}
    assert proxy.requests == {"create jobs": 1, "update jobs": 1, "delete jobs": 1}


async def test_a_body_in_chunks_arrives_whole(
    server: Server, client: aiohttp.ClientSession
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 70_000

    async with client.post(JOBS, data=pieces()) as answer:
        assert answer.status == 200
    assert server.seen[0].body == b"x" * 210_000


async def test_tls_to_both_sides(tmp_path: Path, rules: Rules) -> None:
    authority = Authority(tmp_path)
    trusting = ssl.create_default_context(cafile=str(authority.file))
    async with Server(authority.server_context()) as server:
        server.will(gives({"ok": True}))
        upstream = Upstream.trusting(server.url, authority.file.read_text())
        async with (
            Proxy(upstream, rules, authority.server_context()) as proxy,
            aiohttp.ClientSession(proxy.url) as client,
        ):
            assert proxy.url.startswith("https:")
            rules.once("create jobs", Drop())
            with pytest.raises(GONE):
                await client.post(JOBS, ssl=trusting)
            async with client.post(JOBS, ssl=trusting) as answer:
                assert await answer.json() == {"ok": True}


@pytest.mark.parametrize(("fault", "seen"), [(Drop(), 0), (Lose(), 1), (Tear(), 1)])
async def test_a_reset_says_nothing_of_what_was_done(
    fault: Fault, seen: int, server: Server, rules: Rules, client: aiohttp.ClientSession
) -> None:
    rules.once("create jobs", fault)
    with pytest.raises(GONE):
        await create(client)
    assert len(server.seen) == seen
    assert await create(client) == 200


async def test_a_torn_answer_has_begun(rules: Rules, client: aiohttp.ClientSession) -> None:
    rules.once("create jobs", Tear())
    async with client.post(JOBS) as answer:
        assert answer.status == 200
        with pytest.raises(GONE):
            await answer.read()


@pytest.mark.parametrize(
    "fault",
    [
        Answer(409, "AlreadyExists"),
        Answer(410, "Expired"),
        Answer(429, "TooManyRequests", 3),
        Answer(500, "InternalError"),
        Answer(503, "ServiceUnavailable"),
    ],
)
async def test_an_answer_in_the_servers_place(
    fault: Answer, server: Server, rules: Rules, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    rules.once("create jobs", fault)
    async with client.post(JOBS, json={}) as answer:
        body = await answer.json()
        assert answer.status == body["code"] == fault.status
        assert body["kind"] == "Status"
        assert body["reason"] == fault.reason
        wait = answer.headers.get("Retry-After")
        assert wait == (str(fault.retry_after) if fault.retry_after else None)
    assert server.seen == []
    assert proxy.counts == {f"Answer {fault.status}": 1}


async def test_a_late_request_arrives_though_its_sender_has_gone(
    server: Server, rules: Rules, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    rules.once("create jobs", Delay(0.3))
    with pytest.raises(TimeoutError):
        await client.post(JOBS, timeout=aiohttp.ClientTimeout(total=0.1))
    assert server.seen == []
    async with asyncio.timeout(5):
        await proxy.settled()
    assert [each.method for each in server.seen] == ["POST"]


async def test_a_stalled_request_gets_nowhere(
    server: Server, rules: Rules, client: aiohttp.ClientSession
) -> None:
    rules.once("create jobs", Stall(0.2))
    began = time.monotonic()
    with pytest.raises(GONE):
        await create(client)
    assert time.monotonic() - began >= 0.2
    assert server.seen == []


async def test_a_stale_list_is_an_earlier_answer_of_the_same_list(
    server: Server, rules: Rules, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    async def listed(query: str) -> int:
        async with client.get(f"{JOBS}?{query}") as answer:
            body = await answer.json()
            return int(body["at"])

    server.will(*(gives({"at": n}) for n in range(1, 9)))
    assert await create(client) == 200
    rules.once("list jobs", Stale())
    assert await listed("limit=1") == 1  # nothing earlier: it passes
    assert await listed("limit=1") == 2
    rules.always("list jobs", Stale())
    assert await listed("limit=1") == 1
    assert await listed("limit=2") == 3
    assert await listed("limit=2") == 3
    assert proxy.counts["Stale"] == 2


class Watches:
    """A server's watches: an event as it is told to, for as long as somebody listens."""

    def __init__(self) -> None:
        self.open = 0
        self.ended = asyncio.Event()
        self._events: asyncio.Queue[bytes] = asyncio.Queue()

    def tell(self, number: int) -> None:
        self._events.put_nowait(json.dumps({"type": "ADDED", "object": number}).encode() + b"\n")

    def end(self) -> None:
        self._events.put_nowait(b"")

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        self.open += 1
        while (event := await self._next(request)) is not None:
            # In two pieces, as large ones come.
            await response.write(event[:10])
            await response.write(event[10:])
        self.open -= 1
        self.ended.set()
        return response

    async def _next(self, request: web.Request) -> bytes | None:
        """Wait for an event; None where the watch is to end, or nobody listens any more."""
        while request.transport is not None and not request.transport.is_closing():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    return await self._events.get() or None
        return None


@pytest.fixture
async def watches() -> Watches:
    return Watches()


async def lines(answer: aiohttp.ClientResponse) -> list[dict[str, object]]:
    """Read a watch to its end."""
    found = []
    async for line in answer.content:
        found.append(json.loads(line))
    return found


@pytest.fixture
async def watched(
    watches: Watches, rules: Rules
) -> AsyncIterator[tuple[Watches, Rules, aiohttp.ClientSession]]:
    async with Server() as server:
        server.will(watches)
        async with (
            Proxy(Upstream(server.url, None), rules) as proxy,
            aiohttp.ClientSession(proxy.url) as client,
        ):
            yield watches, rules, client


Watched = tuple[Watches, Rules, aiohttp.ClientSession]


async def test_a_watch_passes_to_its_own_end(watched: Watched) -> None:
    watches, _, client = watched
    async with client.get(WATCH) as answer:
        watches.tell(1)
        assert json.loads(await answer.content.readline())["object"] == 1
        watches.tell(2)
        watches.end()
        assert [each["object"] for each in await lines(answer)] == [2]


@pytest.mark.parametrize("clean", [True, False])
async def test_a_watch_is_cut(clean: bool, watched: Watched) -> None:
    watches, rules, client = watched
    rules.once("watch jobs", Cut(0.2, clean=clean))
    async with client.get(WATCH) as answer:
        watches.tell(1)
        if clean:
            assert len(await lines(answer)) == 1
        else:
            with pytest.raises(GONE):
                await lines(answer)
    async with asyncio.timeout(5):
        await watches.ended.wait()


async def test_a_watch_expires_by_an_event(watched: Watched) -> None:
    watches, rules, client = watched
    rules.once("watch jobs", Expire(0.2))
    async with client.get(WATCH) as answer:
        watches.tell(1)
        first, last = await lines(answer)
    assert first["type"] == "ADDED"
    assert last["type"] == "ERROR"
    assert isinstance(last["object"], dict)
    assert (last["object"]["code"], last["object"]["reason"]) == (410, "Expired")


async def test_a_watch_lags_and_loses_nothing(watched: Watched) -> None:
    watches, rules, client = watched
    rules.once("watch jobs", Lag(0.3))
    async with client.get(WATCH) as answer:
        began = time.monotonic()
        for number in range(5):
            watches.tell(number)
        watches.end()
        assert [each["object"] for each in await lines(answer)] == list(range(5))
    assert 0.3 <= time.monotonic() - began < 1.0


async def test_a_watch_ends_with_its_client(watched: Watched) -> None:
    watches, _, client = watched
    answer = await client.get(WATCH)
    assert watches.open == 1
    answer.close()
    async with asyncio.timeout(5):
        await watches.ended.wait()
    assert watches.open == 0


async def test_a_door_that_is_shut_and_opened_again(
    server: Server, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    url = proxy.url
    await create(client)
    await proxy.shut()
    with pytest.raises(aiohttp.ClientConnectionError):
        await create(client)
    await proxy.open()
    assert proxy.url == url
    assert await create(client) == 200
    assert len(server.seen) == 2


async def test_a_server_that_is_not_there_resets(
    rules: Rules, client: aiohttp.ClientSession
) -> None:
    async with Server() as gone:
        url = gone.url
    async with (
        Proxy(Upstream(url, None), rules) as proxy,
        aiohttp.ClientSession(proxy.url) as session,
    ):
        with pytest.raises(GONE):
            await create(session)


@pytest.mark.parametrize(("point", "seen"), [(Point.ARRIVED, 0), (Point.ANSWERED, 1)])
async def test_a_request_is_held_at_a_point(
    point: Point, seen: int, server: Server, proxy: Proxy, client: aiohttp.ClientSession
) -> None:
    async def held_meanwhile() -> bool:
        async with proxy.holding("create jobs", point, 5.0) as held:
            assert len(server.seen) == seen
            assert not request.done()
            return held

    holder = asyncio.create_task(asyncio.sleep(0))
    request: asyncio.Task[int]
    holding = asyncio.create_task(held_meanwhile())
    await holder
    request = asyncio.create_task(create(client))
    assert await holding
    assert await request == 200
    async with proxy.holding("create jobs", point, 0.1) as held:
        assert not held
