"""Answers that are believed for a short while: what `gate` asks the cluster about callers.

Many requests that need the same answer at the same time wait for one question.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    answer: asyncio.Task[V]
    asked: float


class Recent(Generic[K, V]):
    """Keep answers by key, at most `size` of them, each for `seconds` from when it was asked.

    A question that fails is not kept: whoever waited for it fails too, and the next asks again.
    `clock` is monotonic.
    """

    def __init__(self, size: int, seconds: float, clock: Callable[[], float]) -> None:
        self._size = size
        self._seconds = seconds
        self._clock = clock
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()

    async def get(self, key: K, ask: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return the answer of a key, asking where it isn't known or no longer believed."""
        now = self._clock()
        entry = self._entries.get(key)
        if entry is None or not self._holds(entry, now):
            entry = _Entry(asyncio.create_task(ask()), now)
            entry.answer.add_done_callback(_look_at_failure)
            self._entries[key] = entry
            self._entries.move_to_end(key)
            self._trim()
        # A caller that goes away must not take the answer from those who wait beside it.
        return await asyncio.shield(entry.answer)

    def _holds(self, entry: _Entry[V], now: float) -> bool:
        if not entry.answer.done():
            return True
        failed = entry.answer.cancelled() or entry.answer.exception() is not None
        return not failed and now - entry.asked < self._seconds

    def _trim(self) -> None:
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)


def _look_at_failure(answer: asyncio.Task[Any]) -> None:
    # Where every caller has gone away, nobody else looks, and asyncio would complain.
    if not answer.cancelled():
        answer.exception()
