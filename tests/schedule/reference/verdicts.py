"""Which texts one side takes and the other refuses, on purpose.

A library lets some texts through that nobody means: we refuse them. The other way round we take
Sunday as 7, which robfig refuses. What is not listed here must be taken by both or by neither.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """A kind of text that only one side takes; the words say what becomes of it there."""

    words: str
    text: re.Pattern[str]


def _verdict(words: str, pattern: str) -> Verdict:
    return Verdict(words, re.compile(pattern, re.IGNORECASE))


# An element of Quartz's language, as its documentation has it; what is none is read to where it
# makes sense, if at all.
_VALUE: Final = r"(?:\d+|[A-Z]{3})"
_ELEMENT: Final = (
    rf"(?:\?|/\d+|\*(?:/\d+)?|{_VALUE}(?:-{_VALUE})?|\d+(?:-\d+)?/\d+"
    rf"|L(?:-\d+)?W?|\d+W|{_VALUE}L|{_VALUE}\#\d)"
)
_UNREAD: Final = rf"(?:^|[\s,])(?!{_ELEMENT}(?:[\s,]|$))[^\s,]"
_YEAR_OUTSIDE: Final = r"^\s*(?:\S+\s+){6}(?:\S+[,/-])?(?!19[7-9]\d(?:\D|$)|[2-9]\d{3}(?:\D|$))\d"

THEY_TAKE: Final[dict[str, tuple[Verdict, ...]]] = {
    "robfig": (
        _verdict("a star as the beginning of a range: the end is not read", r"[*?]-"),
        _verdict("an empty element of a list: it is left out", r"(?:^|\s),|,,|,(?:\s|$)"),
        _verdict("a number with a sign", r"\+\d"),
    ),
    "spring": (_verdict("a number with a sign", r"\+\d"),),
    "quartz": (
        _verdict("an empty element of a list: it is left out", r"(?:^|\s),|,,|,(?:\s|$)"),
        _verdict("a year that it never reaches", _YEAR_OUTSIDE),
        _verdict("L as a year: it is never due", r"^\s*(?:\S+\s+){6}\S*L"),
        _verdict("a range with a step of 0: its first value alone", r"/0+(?:$|[\s,])"),
        _verdict("98 or 99, which are its own marks for ? and *", r"(?:^|[\s,])9[89]"),
        _verdict("a day of the week that is none, before #", r"(?:^|[\s,])(?:0|[89]|\d\d+)#"),
        _verdict("a range that ends with 0", r"-0+(?:$|[\s,/])"),
        _verdict("an element that goes on after its end: the rest is not read", _UNREAD),
    ),
}
WE_TAKE: Final[dict[str, tuple[Verdict, ...]]] = {
    "robfig": (_verdict("Sunday as 7", r"\S+\s+\S+\s+\S+\s+\S*7\S*\s*$"),),
    "spring": (),
    "quartz": (
        _verdict(
            "a year more than a hundred ahead",
            r"^\s*(?:\S+\s+){6}.*(?:21[3-9]|2[2-9]\d|[3-9]\d\d)\d",
        ),
    ),
}


def verdict_of(library: str, text: str, *, ours: bool) -> str | None:
    """Name the kind of a text that we (`ours`) or only they take; None where it is of none."""
    for verdict in (WE_TAKE if ours else THEY_TAKE)[library]:
        if verdict.text.search(text):
            return verdict.words
    return None
