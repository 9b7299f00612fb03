"""The work queue: a key a task, latest wins, nothing handled twice at the same time.

Handlers, informers and timers add keys; the workers of `operator` take them to `reconcile`. What
an event said is not queued: whoever takes a key looks at everything anew.
"""

import asyncio
import heapq
import random
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_FIRST_BACKOFF: Final = 0.1
_LAST_BACKOFF: Final = 60.0
_WAY: Final = 0.01
_WAYS_AT_MOST: Final = 200


class WorkQueue(Generic[K]):
    """Hand out keys to workers, each key to one worker at a time."""

    def __init__(self) -> None:
        self._ready: OrderedDict[K, float] = OrderedDict()  # since when each waits
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._later: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        self._changed = asyncio.Event()
        self._closed = False
        # While this says so, keys wait, for a moment: what is due now goes before.
        self.gives_way: Callable[[], bool] = lambda: False
        # Told of each key that is about to be handled how many seconds it has waited.
        self.waited: Callable[[float], None] = lambda _: None

    def add(self, key: K) -> None:
        """Ask for a key to be handled; one that is being handled is handled once more after."""
        if key in self._busy:
            self._again.add(key)
        elif key not in self._ready:
            self._ready[key] = time.monotonic()
            self._changed.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Ask for a key to be handled in so many seconds, unless it is asked for earlier."""
        when = asyncio.get_running_loop().time() + max(seconds, 0.0)
        if self._later.get(key, float("inf")) <= when:
            return
        self._later[key] = when
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, key))
        self._changed.set()

    def wake_at(self, key: K, seconds: float | None) -> None:
        """Replace a key's timer: so many seconds from now, or none."""
        self._later.pop(key, None)
        if seconds is not None:
            self.add_after(key, seconds)

    def __len__(self) -> int:
        return len(self._ready)

    @property
    def busy(self) -> bool:
        """Tell whether a key is being handled."""
        return bool(self._busy)

    def close(self) -> None:
        """Hand out no further key; those that are being handled are left to end."""
        self._closed = True

    async def work(self, handle: Callable[[K], Awaitable[None]]) -> None:
        """Handle keys for ever: what several workers run at the same time.

        A key whose handling raises comes again after an exponential backoff with jitter.
        """
        while True:
            key, since = await self._take()
            await self._give_way()
            self.waited(time.monotonic() - since)
            try:
                await handle(key)
            except Exception:  # `handle` has logged it; trouble is retried for ever
                self._retry(key)
            else:
                self._failures.pop(key, None)
            finally:
                self._busy.discard(key)
                if key in self._again:
                    self._again.discard(key)
                    self.add(key)
            # Looks that need no I/O never give way, and one key after the other would keep the
            # watches, the probes and the signals waiting.
            await asyncio.sleep(0)

    async def _give_way(self) -> None:
        for _ in range(_WAYS_AT_MOST):
            if not self.gives_way():
                return
            await asyncio.sleep(_WAY)

    def _retry(self, key: K) -> None:
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        ceiling = min(_LAST_BACKOFF, _FIRST_BACKOFF * 2 ** min(failures, 20))
        self.add_after(key, random.uniform(ceiling / 2, ceiling))  # noqa: S311 - no secret

    async def _take(self) -> tuple[K, float]:
        loop = asyncio.get_running_loop()
        while True:
            self._move_due(loop.time())
            if self._ready and not self._closed:
                key, since = self._ready.popitem(last=False)
                self._busy.add(key)
                return key, since
            self._changed.clear()
            timeout = self._heap[0][0] - loop.time() if self._heap else None
            try:
                async with asyncio.timeout(timeout):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _move_due(self, now: float) -> None:
        while self._heap and self._heap[0][0] <= now:
            when, _, key = heapq.heappop(self._heap)
            if self._later.get(key) == when:  # else the timer was replaced since
                del self._later[key]
                self.add(key)
