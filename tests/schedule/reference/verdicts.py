"""Which texts one side takes and the other refuses, on purpose.

A library lets some texts through that nobody means: we refuse them. The other way round we take
some that it refuses, such as 7 for Sunday. What is not listed here must be taken by both sides
or by neither. In the patterns `~` begins an element or a list, and `;` ends one.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Verdict:
    """A kind of text that only one side takes: in words, by an example, and as a pattern."""

    words: str
    example: str
    pattern: str

    def fits(self, text: str) -> bool:
        """Say whether a text is of this kind."""
        return re.search(_written_out(self.pattern), text, re.IGNORECASE) is not None


def _written_out(pattern: str) -> str:
    return pattern.replace("~", r"(?:^|[\s,])").replace(";", r"(?:$|[\s,])")


# An element of Quartz's language, as its documentation has it.
_VALUE: Final = r"(?:\d+|[A-Z]{3})"
_ELEMENT: Final = (
    rf"(?:\?|/\d+|\*(?:/\d+)?|{_VALUE}(?:-{_VALUE})?|\d+(?:-\d+)?/\d+"
    rf"|L(?:-\d+)?W?|\d+W|{_VALUE}L|{_VALUE}\#\d)"
)
# L and # follow the name of a day of the week, which the last field but the year has.
_NAMED_MONTH: Final = r"^\s*(?:\S+\s+){4}(?:[^\s,]*,)*[A-Z]{3}"
_YEAR: Final = r"^\s*(?:\S+\s+){6}"
_FOUR_DIGITS: Final = r"(?:19[7-9]\d|[2-9]\d{3})(?:\D|$)"
_EMPTY: Final = r"~,|,;"

THEY_TAKE: Final[dict[str, tuple[Verdict, ...]]] = {
    "robfig": (
        Verdict("a range that begins with a star: its end is not read", "*-3 0 * * *", r"[*?]-"),
        Verdict("an empty element of a list: it is left out", "0,,30 9 * * *", _EMPTY),
        Verdict("a number with a sign", "+5 9 * * *", r"\+\d"),
    ),
    "spring": (),
    "quartz": (
        Verdict("an empty element of a list: it is left out", "0 0,,30 9 * * ?", _EMPTY),
        Verdict(
            "a year that it never reaches",
            "0 0 9 1 1 ? 1969",
            rf"{_YEAR}(?:\S+[,/-])?(?!{_FOUR_DIGITS})\d",
        ),
        Verdict(
            "L where no days are meant: it is left out",
            "0 0 9 1 3,L ?",
            r"^\s*(?:(?:\S+\s+){0,2}|(?:\S+\s+){4}|(?:\S+\s+){6})(?:[^\s,]*,)*L",
        ),
        Verdict("a range in steps of 0: its first value", "0 5-20/0 * * * ?", r"/0+;"),
        Verdict("LW as a day of the week: Saturday", "0 0 9 ? * LW", r"~LW;"),
        Verdict("the day 0W: it is never due", "0 0 9 0W * ?", r"~0+W"),
        Verdict("? in a list: it wins over the rest", "0 0 9 * * ?,*", r"\?,|,\?"),
        Verdict("98 or 99, its own marks for ? and *", "0 0 9 98-24 * ?", r"~9[89]"),
        Verdict("no day of the week before #", "0 0 9 ? * 11#4", r"~(?:0|[89]|\d\d+)#"),
        Verdict("a range that ends with 0", "0 0 9 ? * 4-0", r"-0+(?:/|;)"),
        Verdict(
            "an element that goes on after its end: the rest is not read",
            "0 5abc 9 * * ?",
            rf"~(?!{_ELEMENT};)[^\s,]|{_NAMED_MONTH}(?:L|\#)",
        ),
    ),
}
WE_TAKE: Final[dict[str, tuple[Verdict, ...]]] = {
    "robfig": (
        Verdict("7 for Sunday", "0 9 * * 7", r"\S+\s+\S+\s+\S+\s+\S*7\S*\s*$"),
        Verdict("a shorthand with spaces around it", " @hourly", r"^\s+@|^@\S+\s+$"),
    ),
    "spring": (),
    "quartz": (
        Verdict(
            "steps from a year that is more than a hundred ahead",
            "0 0 9 1 1 ? 2327/4",
            rf"{_YEAR}.*(?:21[3-9]|2[2-9]\d|[3-9]\d\d)\d",
        ),
    ),
}


def verdict_of(library: str, text: str, *, ours: bool) -> str | None:
    """Name the kind of a text that we (`ours`) or only they take; None where it is of none."""
    for verdict in (WE_TAKE if ours else THEY_TAKE)[library]:
        if verdict.fits(text):
            return verdict.words
    return None
