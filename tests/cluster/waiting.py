"""Waits for a condition with a deadline: no test sleeps for a time that is hoped to be enough."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def until(
    condition: Callable[[], Awaitable[T | None]],
    timeout: float = 30.0,
    *,
    every: float = 0.1,
) -> T:
    """Ask until the answer is true, and give it.

    A condition may assert: its AssertionError means "not yet", and is what the test fails with
    when `timeout` seconds have passed. So are a missing key and an index out of range.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    while True:
        trouble: Exception | None = None
        try:
            value = await condition()
            if value:
                return value
        except (AssertionError, LookupError) as error:
            trouble = error
        if loop.time() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {condition}") from trouble
        await asyncio.sleep(every)
