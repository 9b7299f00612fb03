"""When a request is tried again, and after how long a wait.

`client` wraps each of its attempts with `persist`; `informer` takes its waits from `backoff`.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

from cronwright.kube.errors import Unavailable

Answer = TypeVar("Answer")

_ATTEMPTS: Final = 5


def backoff(first: float = 0.1, longest: float = 5.0) -> Iterator[float]:
    """Yield waits in seconds, for ever: doubling, and each anywhere between zero and its bound.

    The full jitter keeps many who failed together from coming back together.
    """
    bound = first
    while True:
        yield random.uniform(0, bound)  # noqa: S311 - no secret
        bound = min(bound * 2, longest)


def retry_after(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date (RFC 9110, 10.2.3), as seconds from now."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max((moment - now).total_seconds(), 0.0)


async def persist(
    attempt: Callable[[], Awaitable[Answer]],
    *,
    repeatable: bool,
    patience: float,
    waits: Iterator[float] | None = None,
) -> Answer:
    """Call until there is an answer other than `Unavailable`, at most five times.

    What is not `repeatable` is repeated only where it surely had no effect. No attempt begins
    once `patience` seconds have passed; a server that asks for a longer wait is not waited for.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    waits = waits or backoff()
    for _ in range(_ATTEMPTS - 1):
        try:
            return await attempt()
        except Unavailable as error:
            wait = next(waits) + (error.retry_after or 0.0)
            if not (repeatable or not error.sent) or loop.time() + wait > deadline:
                raise
        await asyncio.sleep(wait)
    return await attempt()
