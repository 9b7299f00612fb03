"""Reads the text of a pattern: what `pattern` can follow, and what is wrong with the rest.

The common ground of regular expressions; what would need a way back (references, look-around,
greed and its opposite) is refused by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_REPEATED_AT_MOST: Final = 1000
_NESTED_AT_MOST: Final = 20  # each group costs some calls

Ranges = tuple[tuple[str, str], ...]

_DIGIT: Final[Ranges] = (("0", "9"),)
_WORD: Final[Ranges] = (*_DIGIT, ("A", "Z"), ("a", "z"), ("_", "_"))
_SPACE: Final[Ranges] = (("\t", "\r"), (" ", " "))
_CLASSES: Final = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


class PatternError(ValueError):
    """A pattern that can't be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Set:
    """A set of characters."""

    ranges: Ranges
    negated: bool = False

    def has(self, character: str) -> bool:
        """Tell whether a character is in it."""
        return any(low <= character <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """One node after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One node or another."""

    ways: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A node, again and again; `most` is None where that may go on."""

    part: "Node"
    least: int
    most: int | None


Node = Set | Sequence | Choice | Repeat


def read(text: str) -> Node:
    """Read a pattern; PatternError says what is wrong with it."""
    return _Reader(text).read()


class _Reader:
    """Reads a pattern's text, character by character."""

    def __init__(self, text: str) -> None:
        # It is held against the whole value anyway.
        body = text.removesuffix("$")
        escaped = (len(body) - len(body.rstrip("\\"))) % 2
        self._text = (text if escaped else body).removeprefix("^")
        self._place = 0
        self._depth = 0  # of the groups around that place

    def read(self) -> Node:
        """Read all of it."""
        node = self._choice()
        if self._place < len(self._text):
            raise PatternError('a ")" without a "("')
        return node

    @property
    def _next(self) -> str:
        return self._text[self._place : self._place + 1]

    def _take(self, what: str = "") -> str:
        character = self._next
        if not character:
            raise PatternError(f"it ends within {what}")
        self._place += 1
        return character

    def _choice(self) -> Node:
        ways = [self._sequence()]
        while self._next == "|":
            self._place += 1
            ways.append(self._sequence())
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._next and self._next not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        least, most = 1, None
        match self._next:
            case "*":
                least = 0
            case "+":
                pass
            case "?":
                least, most = 0, 1
            case "{":
                least, most = self._bounds()
            case _:
                return node
        self._place += 1
        if self._next and self._next in "*+?{":
            raise PatternError(f'"{self._next}" after a repetition; put that into a group')
        return Repeat(node, least, most)

    def _bounds(self) -> tuple[int, int | None]:
        """Read {2}, {2,} or {2,5}, up to the brace that ends it."""
        end = self._text.find("}", self._place)
        low, comma, high = self._text[self._place + 1 : end].partition(",")
        self._place = end
        sound = end > 0 and low.isdecimal() and (high.isdecimal() or not high)
        least, most = (int(low), int(high) if high else None) if sound else (0, 0)
        most = most if comma else least
        if not sound or max(least, most or 0) > _REPEATED_AT_MOST or (most or least) < least:
            raise PatternError(
                f"a repetition other than {{2}}, {{2,}} or {{2,{_REPEATED_AT_MOST}}}"
            )
        return least, most

    def _atom(self) -> Node:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return self._class()
            case ".":
                return Set((("\n", "\n"),), negated=True)
            case "\\":
                return self._escaped()
            case "*" | "+" | "?" | "{":
                raise PatternError(f'"{character}" with nothing before it to repeat')
            case "^" | "$":
                raise PatternError(
                    f'"{character}" in the middle; the whole value is matched anyway'
                )
        return _one(character)

    def _group(self) -> Node:
        if self._text.startswith("?:", self._place):
            self._place += 2
        elif self._next == "?":
            raise PatternError("a group that begins with (? other than (?:")
        self._depth += 1
        if self._depth > _NESTED_AT_MOST:
            raise PatternError(f"groups within more than {_NESTED_AT_MOST} others")
        node = self._choice()
        self._depth -= 1
        self._take("a group")  # the bracket that ends it: nothing else ends a choice
        return node

    def _escaped(self) -> Set:
        character = self._take("an escape")
        if character.lower() in _CLASSES:
            return Set(_CLASSES[character.lower()], negated=character.isupper())
        return _one(_unescaped(character))

    def _class(self) -> Set:
        negated = self._next == "^"
        self._place += negated
        ranges: list[tuple[str, str]] = []
        while self._next != "]" or not ranges:
            for part in self._class_part():
                ranges.append(part)
        self._place += 1
        return Set(tuple(ranges), negated)

    def _class_part(self) -> Iterator[tuple[str, str]]:
        low = self._class_character()
        if isinstance(low, Set):
            yield from low.ranges
            return
        is_range = self._next == "-" and self._text[self._place + 1 : self._place + 2] != "]"
        if not is_range:
            yield low, low
            return
        self._place += 1
        high = self._class_character()
        if isinstance(high, Set) or high < low:
            raise PatternError(f'a range in [] that does not go up from "{low}"')
        yield low, high

    def _class_character(self) -> "str | Set":
        character = self._take("[]")
        if character == "[" and self._next == ":":
            raise PatternError("a class such as [:alpha:]; write its characters")
        if character != "\\":
            return character
        escaped = self._take("an escape")
        if escaped in _CLASSES:
            return Set(_CLASSES[escaped])
        if escaped.lower() in _CLASSES:
            raise PatternError(f'"\\{escaped}" within []')
        return _unescaped(escaped)


def _one(character: str) -> Set:
    return Set(((character, character),))


def _unescaped(character: str) -> str:
    if character in _CONTROLS:
        return _CONTROLS[character]
    if character.isalnum():
        raise PatternError(f'"\\{character}", which is not known')
    return character
