"""Timers on the wall clock: who is to be woken when, the earliest first.

`engine` arms one for each task that it follows. A timer of the event loop counts the time that
passes, and a clock that is set doesn't: so the clock is looked at anew every second at least.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_LONGEST_SLEEP: Final = 1.0
_STALE_AT_MOST: Final = 1000


class Timers(Generic[K]):
    """Keep one timer a key."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._armed: dict[K, tuple[float, int]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._earlier = asyncio.Event()

    def __len__(self) -> int:
        return len(self._heap)

    def arm(self, key: K, when: float) -> None:
        """Wake a key at a time, in seconds since the epoch, and not at the one that it had."""
        self._count += 1
        self._armed[key] = (when, self._count)
        heapq.heappush(self._heap, (when, self._count, key))
        if len(self._heap) > 2 * len(self._armed) + _STALE_AT_MOST:
            self._heap = [(*armed, each) for each, armed in self._armed.items()]
            heapq.heapify(self._heap)
        if self._heap[0][2] == key:
            self._earlier.set()

    def disarm(self, key: K) -> None:
        """Wake a key no more."""
        self._armed.pop(key, None)

    async def wait(self) -> list[tuple[float, K]]:
        """Wait until some are due, or a second has passed; give them with their times, in order."""
        self._earlier.clear()
        due = self._take()
        if due:
            return due
        ahead = self._heap[0][0] - self._clock().timestamp() if self._heap else _LONGEST_SLEEP
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(ahead, 0.0), _LONGEST_SLEEP)):
                await self._earlier.wait()
        return self._take()

    def _take(self) -> list[tuple[float, K]]:
        now, due = self._clock().timestamp(), []
        while self._heap:
            when, count, key = self._heap[0]
            if self._armed.get(key) != (when, count):
                heapq.heappop(self._heap)  # it was armed anew since, or is to be woken no more
                continue
            if when > now:
                break
            heapq.heappop(self._heap)
            del self._armed[key]
            due.append((when, key))
        return due
