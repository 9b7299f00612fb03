"""The tests' own requests, repeated until an API server that lives answers them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cronwright.kube.errors import Unavailable

T = TypeVar("T")

_PAUSE = 0.5
_PATIENCE = 120.0


async def persist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again while nothing answers, for two minutes at most."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(_PAUSE)
