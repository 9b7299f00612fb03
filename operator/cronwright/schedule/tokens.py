"""An expression cut into its fields, each with its place, for whoever reads them."""

import re
from collections.abc import Callable
from typing import NamedTuple

from cronwright.schedule.fields import Field, FieldSet, Unreadable

_WORDS = re.compile(r"\S+")


class Token(NamedTuple):
    """A field as it was written, and the number of its first character, from 1."""

    text: str
    place: int


def cut(text: str, words: re.Pattern[str] = _WORDS) -> list[Token]:
    """Cut an expression at its spaces."""
    return [Token(match.group(), match.start() + 1) for match in words.finditer(text)]


def counted(tokens: list[Token]) -> str:
    """Say how many fields there are."""
    return f"{len(tokens)} field{'' if len(tokens) == 1 else 's'}"


def read_list(token: Token, field: Field, read_one: Callable[[str, Field], FieldSet]) -> FieldSet:
    """Read the elements of a field that has commas; Unreadable names element and place."""
    if "," not in token.text:
        try:
            return read_one(token.text, field)
        except Unreadable as error:
            raise placed(error, field, token) from error
    found, place = FieldSet(), token.place
    for element in token.text.split(","):
        try:
            found |= read_one(element, field)
        except Unreadable as error:
            raise placed(error, field, Token(element, place)) from error
        place += len(element) + 1
    return found


def placed(error: Unreadable, field: Field, token: Token) -> Unreadable:
    """Say where the trouble stands."""
    place = f" at character {token.place}" if token.place else ""
    return Unreadable(f'{field.name} "{token.text}"{place} {error.problem}', error.remedy)
