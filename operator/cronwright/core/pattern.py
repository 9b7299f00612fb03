"""Regular expressions whose time is bounded, whoever wrote them and whatever they are held against.

`parameters` checks values with them in the one process that serves everybody: Python's own engine
tries one way after the other, and a pattern such as (a+)+b would keep it busy for years. This one
follows all ways at once, and knows only what can be followed so.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from cronwright.core.pattern_text import Choice, Node, PatternError, Repeat, Sequence, Set, read

STEPS_AT_MOST: Final = 500
_EFFORT: Final = 150_000
_A_CHARACTER: Final = 4  # what each takes, whatever the pattern


class TooMuchError(Exception):
    """Values that take too long to be held against their patterns."""


@dataclass(slots=True)
class Effort:
    """What may be spent on one look at values, all together: some hundredths of a second."""

    left: int = _EFFORT

    def spend(self, amount: int) -> None:
        """Take from what is left; TooMuchError where that is not enough."""
        self.left -= amount
        if self.left < 0:
            raise TooMuchError


@dataclass(slots=True)
class _State:
    """One that waits for a character of a set, or, without one, goes on at once."""

    waits_for: Set | None = None
    ways: list[int] = field(default_factory=list)


class Pattern:
    """A pattern that is held against whole values."""

    def __init__(self, text: str) -> None:
        self._states: list[_State] = [_State()]  # the first one is the end
        self._steps = 0
        self._start = self._build(read(text), 0)
        self._costs = [_cost(each) for each in self._states]

    def matches(self, value: str, effort: Effort | None = None) -> bool:
        """Tell whether the whole of a value matches; TooMuchError where that is too much effort."""
        present = self._reach([self._start])
        for character in value:
            if effort is not None:
                effort.spend(_A_CHARACTER + sum(self._costs[number] for number in present))
            ahead = [
                way
                for number in present
                if (wanted := self._states[number].waits_for) and wanted.has(character)
                for way in self._states[number].ways
            ]
            present = self._reach(ahead)
            if not present:
                return False
        return 0 in present

    def _reach(self, numbers: list[int]) -> set[int]:
        """Go on from states as far as no character is needed."""
        found: set[int] = set()
        while numbers:
            number = numbers.pop()
            if number not in found:
                found.add(number)
                if self._states[number].waits_for is None:
                    numbers += self._states[number].ways
        return found

    def _state(self, waits_for: Set | None, ways: list[int]) -> int:
        self._states.append(_State(waits_for, ways))
        return len(self._states) - 1

    def _build(self, node: Node, after: int) -> int:
        """Make the states of a node, which lead to the one after it; give the first."""
        self._steps += 1
        if self._steps > STEPS_AT_MOST:
            raise PatternError(f"it has more than {STEPS_AT_MOST} steps once written out")
        match node:
            case Set():
                return self._state(node, [after])
            case Sequence():
                for part in reversed(node.parts):
                    after = self._build(part, after)
                return after
            case Choice():
                return self._state(None, [self._build(way, after) for way in node.ways])
            case Repeat():
                return self._build_repeat(node, after)

    def _build_repeat(self, node: Repeat, after: int) -> int:
        if node.most is None:
            loop = self._state(None, [after])
            self._states[loop].ways.append(self._build(node.part, loop))
            start = loop
        else:
            start = after
            for _ in range(node.most - node.least):
                start = self._state(None, [self._build(node.part, start), after])
        for _ in range(node.least):
            start = self._build(node.part, start)
        return start


def _cost(state: _State) -> int:
    """Count what looking at a state takes: its ways, and the ranges that it compares with."""
    return 1 + len(state.ways) + (len(state.waits_for.ranges) if state.waits_for else 0)


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """Read a pattern, once for all; PatternError says what is wrong with it."""
    return Pattern(text)
