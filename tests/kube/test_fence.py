"""A write is sent while its writer may write, and else not, however long it had to wait."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from cronwright.kube.client import Client
from cronwright.kube.errors import Fenced
from tests.kube.server import Server, gives


class Gate:
    """A fence that a test opens and closes."""

    def __init__(self) -> None:
        self.open = True

    def __call__(self) -> None:
        if not self.open:
            raise Fenced


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def fenced(server: Server, gate: Gate) -> AsyncIterator[Client]:
    async with Client(server.credentials, max_connections=1, fence=gate) as client:
        yield client


async def test_an_open_fence_changes_nothing(server: Server, fenced: Client) -> None:
    server.will(gives({"done": True}))

    assert await fenced.create("/things", {"spec": 1}) == {"done": True}
    assert await fenced.create("/things", b'{"spec":2}') == {"done": True}
    await fenced.merge_patch("/things/a", {"x": None})
    await fenced.delete("/things/a")

    assert [each.method for each in server.seen] == ["POST", "POST", "PATCH", "DELETE"]
    assert [each.body for each in server.seen] == [b'{"spec":1}', b'{"spec":2}', b'{"x":null}', b""]
    assert server.seen[0].headers["Content-Type"] == "application/json"
    assert server.seen[2].headers["Content-Type"] == "application/merge-patch+json"


async def test_behind_a_closed_fence_one_reads_and_writes_nothing(
    server: Server, fenced: Client, gate: Gate
) -> None:
    server.will(gives({"items": []}))
    gate.open = False

    for write in (
        fenced.create("/things", {}),
        fenced.replace("/things/a", {}),
        fenced.merge_patch("/things/a", {}),
        fenced.json_patch("/things/a", []),
        fenced.delete("/things/a"),
    ):
        with pytest.raises(Fenced):
            await write
    assert await fenced.get("/things") == {"items": []}
    assert [each.method for each in server.seen] == ["GET"]


async def test_one_that_closes_while_a_write_waits_for_a_connection_holds_it_back(
    server: Server, fenced: Client, gate: Gate
) -> None:
    reached, released = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        reached.set()
        await released.wait()
        return web.json_response({})

    server.will(slow, gives({}))
    reading = asyncio.create_task(fenced.get("/slow"))  # has the only connection
    await reached.wait()
    writes = [
        asyncio.create_task(fenced.create("/things", {})),
        asyncio.create_task(fenced.delete("/things/a")),
    ]
    for _ in range(50):
        await asyncio.sleep(0)  # until they wait for that connection: nothing is sent before
    gate.open = False
    released.set()

    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(each) for each in results] == [Fenced, Fenced]
    assert await reading == {}
    assert [each.path for each in server.seen] == ["/slow"]

    gate.open = True
    await fenced.create("/things", {})
    assert [each.path for each in server.seen] == ["/slow", "/things"]
