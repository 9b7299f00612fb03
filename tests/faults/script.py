"""Which request meets which fault: by chance from a seed, or by rules that a test gives.

The n-th request of a kind meets the same fault under the same seed, however many of other kinds
come in between; so a seed replays as far as the operator does the same again.
"""

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from tests.faults.fault import (
    PASS,
    Answer,
    Cut,
    Delay,
    Drop,
    Expire,
    Fault,
    Lag,
    Lose,
    Stale,
    Stall,
    Tear,
)
from tests.faults.request import WRITES, Request

Draw = Callable[[random.Random], Fault]

# Longer than any wait of the operator, and shorter than the time for which a slot's Job stands
# after its run: a create that comes even later nobody could tell from a new one.
LONGEST_DELAY: Final = 20.0

_UNAVAILABLE: Final[Sequence[Draw]] = (
    lambda _: Drop(),
    lambda _: Tear(),
    lambda c: Delay(c.uniform(0.05, 3.0)),
    lambda c: Stall(c.uniform(5.0, 12.0)),
    lambda c: Answer(429, "TooManyRequests", c.choice([None, 1, 2])),
    lambda _: Answer(500, "InternalError"),
    lambda c: Answer(503, "ServiceUnavailable", c.choice([None, 1])),
)
_OF_WRITES: Final[Sequence[Draw]] = (
    *_UNAVAILABLE,
    lambda _: Lose(),
    lambda _: Lose(),
    lambda _: Answer(409, "Conflict"),
    lambda c: Delay(c.uniform(8.0, LONGEST_DELAY)),
)
_OF_CREATES: Final[Sequence[Draw]] = (*_OF_WRITES, lambda _: Answer(409, "AlreadyExists"))
_OF_LISTS: Final[Sequence[Draw]] = (
    *_UNAVAILABLE,
    lambda _: Answer(410, "Expired"),
    lambda _: Stale(),
    lambda _: Stale(),
    lambda _: Stale(),
)
_OF_WATCHES: Final[Sequence[Draw]] = (
    lambda _: Drop(),
    lambda c: Delay(c.uniform(0.05, 3.0)),
    lambda _: Answer(410, "Expired"),
    lambda _: Answer(500, "InternalError"),
    lambda c: Answer(429, "TooManyRequests", c.choice([None, 1])),
    lambda c: Cut(c.uniform(0.0, 20.0), clean=True),
    lambda c: Cut(c.uniform(0.0, 20.0), clean=False),
    lambda c: Expire(c.uniform(0.0, 20.0)),
    lambda c: Expire(c.uniform(0.0, 20.0)),
    lambda c: Lag(c.uniform(0.1, 4.0)),
)
_BY_VERB: Final[Mapping[str, Sequence[Draw]]] = {
    "list": _OF_LISTS,
    "watch": _OF_WATCHES,
    "create": _OF_CREATES,
    **dict.fromkeys(WRITES - {"create"}, _OF_WRITES),
}


class Script(Protocol):
    """What a proxy asks."""

    def choose(self, request: Request) -> Fault:
        """Choose what happens to a request."""

    def rest(self) -> None:
        """Let everything pass from now on."""


@dataclass(slots=True)
class Chance:
    """Faults at random, from a seed, until it is told to rest."""

    seed: int
    rate: float = 0.05
    watch_rate: float = 0.5  # a watch lasts as long as hundreds of other requests
    _rests: bool = False
    _count: Counter[str] = field(default_factory=Counter)

    def rest(self) -> None:
        """Draw no fault any more."""
        self._rests = True

    def choose(self, request: Request) -> Fault:
        """Draw for a request."""
        if self._rests or not request.resource:
            return PASS
        self._count[request.what] += 1
        chance = random.Random(f"{self.seed} {request.what} {self._count[request.what]}")
        rate = self.watch_rate if request.verb == "watch" else self.rate
        if chance.random() >= rate:
            return PASS
        return chance.choice(_BY_VERB.get(request.verb, _UNAVAILABLE))(chance)


class Rules:
    """Faults as a test says: for the next requests of a kind, or for all of them."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}

    def once(self, what: str, *faults: Fault) -> None:
        """Let the next requests of a kind, such as `create jobs`, meet these faults in turn."""
        self._next.setdefault(what, deque()).extend(faults)

    def always(self, what: str, fault: Fault) -> None:
        """Let all requests of a kind meet a fault; of a verb, where no resource is named."""
        self._always[what] = fault

    def rest(self) -> None:
        """Forget what was said."""
        self._next.clear()
        self._always.clear()

    def choose(self, request: Request) -> Fault:
        """Find what was said about a request."""
        waiting = self._next.get(request.what)
        if waiting:
            return waiting.popleft()
        return self._always.get(request.what) or self._always.get(request.verb) or PASS
