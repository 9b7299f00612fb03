"""How long the containers of a pod may still take to end.

`pod` starts it when the pod is to end, and shortens it where somebody deletes the pod again with
less patience; `supervisor` waits with it.
"""

import asyncio
from collections.abc import Awaitable


class Grace:
    """A span that has begun, and that can be shortened while it is waited out."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + seconds
        self._shortened = asyncio.Event()

    @property
    def left(self) -> float:
        """How many seconds are left; 0 or less when it is over."""
        return self._until - self._loop.time()

    def shorten(self, seconds: float) -> None:
        """Let it be over in so many seconds, unless it is before."""
        self._until = min(self._until, self._loop.time() + seconds)
        self._shortened.set()

    async def wait(self, what: Awaitable[object]) -> bool:
        """Wait for something; give False, and leave it as it is, where the time is over first."""
        awaited = asyncio.ensure_future(what)
        while not awaited.done() and self.left > 0:
            self._shortened.clear()
            shortened = asyncio.ensure_future(self._shortened.wait())
            await asyncio.wait(
                {awaited, shortened}, timeout=self.left, return_when=asyncio.FIRST_COMPLETED
            )
            shortened.cancel()
        return awaited.done()
