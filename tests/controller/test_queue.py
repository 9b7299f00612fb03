"""The work queue: nothing lost, nothing twice at once, trouble retried."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from cronwright.controller.queue import WorkQueue


@asynccontextmanager
async def workers(
    queue: WorkQueue[str], handle: Callable[[str], Awaitable[None]], count: int = 2
) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(queue.work(handle)) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_key_added_many_times_is_handled_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    handled: list[str] = []
    done = asyncio.Event()

    async def handle(key: str) -> None:
        handled.append(key)
        if key == "last":
            done.set()

    for key in ("a", "a", "b", "a", "last"):
        queue.add(key)
    async with workers(queue, handle), asyncio.timeout(5):
        await done.wait()
    assert handled == ["a", "b", "last"]


async def test_a_key_added_while_it_is_handled_is_handled_once_more_and_not_at_once() -> None:
    queue: WorkQueue[str] = WorkQueue()
    running = 0
    counts: list[int] = []
    second = asyncio.Event()

    async def handle(key: str) -> None:
        nonlocal running
        running += 1
        counts.append(running)
        if len(counts) == 1:
            queue.add(key)
            queue.add(key)
            await asyncio.sleep(0)
        else:
            second.set()
        running -= 1

    queue.add("a")
    async with workers(queue, handle, count=4), asyncio.timeout(5):
        await second.wait()
    assert counts == [1, 1]


async def test_a_failed_key_comes_again() -> None:
    queue: WorkQueue[str] = WorkQueue()
    tries = 0
    done = asyncio.Event()

    async def handle(_: str) -> None:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise OSError("no")
        done.set()

    queue.add("a")
    async with workers(queue, handle), asyncio.timeout(10):
        await done.wait()
    assert tries == 3


async def test_the_earlier_of_two_timers_counts_and_a_replaced_one_does_not() -> None:
    queue: WorkQueue[str] = WorkQueue()
    order: list[str] = []
    done = asyncio.Event()

    async def handle(key: str) -> None:
        order.append(key)
        if key == "late":
            done.set()

    queue.add_after("early", 3600)
    queue.add_after("early", 0.01)
    queue.add_after("never", 0.02)
    queue.wake_at("never", None)
    queue.add_after("late", 0.05)
    async with workers(queue, handle), asyncio.timeout(5):
        await done.wait()
    assert order == ["early", "late"]


@pytest.mark.parametrize("count", [1, 8])
async def test_every_key_is_handled_however_many_workers_there_are(count: int) -> None:
    queue: WorkQueue[str] = WorkQueue()
    keys = {f"k{n}" for n in range(200)}
    left = set(keys)
    done = asyncio.Event()

    async def handle(key: str) -> None:
        await asyncio.sleep(0)
        left.discard(key)
        if not left:
            done.set()

    for key in keys:
        queue.add(key)
    async with workers(queue, handle, count), asyncio.timeout(5):
        await done.wait()
    assert len(queue) == 0


async def test_keys_that_come_again_at_once_let_others_in() -> None:
    queue: WorkQueue[str] = WorkQueue()

    async def handle(key: str) -> None:
        queue.add(key)

    queue.add("restless")
    async with workers(queue, handle), asyncio.timeout(5):
        await asyncio.sleep(0.01)


async def test_one_that_is_closed_hands_out_nothing_more() -> None:
    queue: WorkQueue[str] = WorkQueue()
    handled: list[str] = []
    begun, ends = asyncio.Event(), asyncio.Event()

    async def handle(key: str) -> None:
        begun.set()
        await ends.wait()
        handled.append(key)

    queue.add("a")
    async with workers(queue, handle), asyncio.timeout(5):
        await begun.wait()
        queue.close()
        queue.add("a")
        queue.add("b")
        queue.add_after("c", 0.0)
        assert queue.busy
        ends.set()
        while queue.busy:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
    assert handled == ["a"]
