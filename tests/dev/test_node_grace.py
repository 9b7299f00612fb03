"""Grace periods, without a cluster."""

import asyncio

from dev.node.grace import Grace


async def test_what_ends_in_time() -> None:
    assert await Grace(60).wait(asyncio.sleep(0))


async def test_what_does_not() -> None:
    never = asyncio.get_running_loop().create_future()
    assert not await Grace(0).wait(never)
    assert not never.done()


async def test_it_can_be_shortened_but_not_prolonged() -> None:
    never = asyncio.get_running_loop().create_future()
    grace = Grace(60)
    waiting = asyncio.create_task(grace.wait(never))
    await asyncio.sleep(0)
    grace.shorten(0)
    grace.shorten(60)
    assert not await waiting
    assert grace.left <= 0
