"""Waits for a condition with a deadline: no test sleeps for a time that is hoped to be enough."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# What a test waits for is told with the cluster to itself; others run beside it, and a burst of
# theirs keeps the controller-manager, which makes 20 requests a second, busy for half a minute.
_SLACK = 2.5


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
    deadline = loop.time() + timeout * _SLACK
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
