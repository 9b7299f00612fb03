"""Keeps the end of what a container printed, and makes it fit to be shown.

`kube.logs` feeds a log through a `TailRing` as it comes; the text goes into a run's record. It is
measured as the API server stores it, in JSON: there a control character takes six bytes.

What is done to the text, line by line, so that it doesn't matter where the ring was cut:
colours and other terminal sequences go, control characters go (but tabs stay), of a line that
was written over by means of `\\r` only the last version stays, and bytes that are not UTF-8 turn
into U+FFFD.
"""

import re
from typing import Final

# Longer sequences are taken for text: a bound is what lets the ring be cut anywhere.
_LONGEST_SEQUENCE: Final = 2048
_SEQUENCE: Final = re.compile(
    rb"\x1b(?:"
    rb"\[[0-?]{0,256}[ -/]{0,16}[@-~]?"  # CSI: colours, cursor; perhaps cut off
    rb"|[\]PX^_][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)"  # OSC and its like: titles, links
    rb"|[ -/]{0,16}[0-~]"  # two characters, or a few more: character sets and modes
    rb")?"
)
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONTINUATION: Final = re.compile(rb"^[\x80-\xbf]{0,3}")
# The API server's encoder writes these as \uXXXX, beside the control characters.
_SIX_BYTES: Final = frozenset("<>&\u2028\u2029")
_TWO_BYTES: Final = frozenset('"\\\n\r\t')


class TailRing:
    """Keep the end of a stream of bytes, in memory of about four times `max_bytes`."""

    def __init__(self, max_bytes: int, tail_lines: int) -> None:
        self._max_bytes = max_bytes
        self._tail_lines = tail_lines
        # Colours and overwritten lines take room here and none in the text.
        self._room = 4 * max_bytes
        self._kept = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take in what comes next; how the stream is divided into chunks makes no difference."""
        most = self._room + _LONGEST_SEQUENCE
        self._kept += chunk[-most:]
        if len(self._kept) > most:
            del self._kept[:-most]

    @property
    def is_full(self) -> bool:
        """Whether what came before could change nothing of the text."""
        return len(self._kept) >= self._room + _LONGEST_SEQUENCE

    def ends_as(self, other: "TailRing") -> bool:
        """Tell whether it ends with all that another ring holds, as far as it reaches back."""
        size = min(len(self._kept), len(other._kept))  # noqa: SLF001 - one of its own kind
        return size == 0 or self._kept[-size:] == other._kept[-size:]  # noqa: SLF001

    def text(self) -> str:
        """Give the last lines, whole ones as far as they fit: an end of the output, to the byte.

        A last line that alone is too long keeps its end.
        """
        raw, cut = self._from_edge()
        text = printable(raw)
        start = _last_lines(text, self._tail_lines)
        return _fit(text[start:], self._max_bytes, cut=cut and start == 0)

    def _from_edge(self) -> tuple[bytes, bool]:
        """Give what is in the ring, and whether its first line has lost its beginning."""
        kept = bytes(self._kept)
        edge = len(kept) - self._room
        if edge <= 0:
            return kept, False
        escape = kept.rfind(b"\x1b", 0, edge)
        if escape >= 0 and (sequence := _SEQUENCE.match(kept, escape)):
            edge = max(edge, sequence.end())
        raw = kept[edge:]
        if kept[edge - 1 : edge] == b"\n":
            return raw, False
        raw = _CONTINUATION.sub(b"", _SEQUENCE.sub(b"", raw))
        first = _CONTROLS.sub("", raw.partition(b"\n")[0].decode(errors="replace"))
        return raw, "\r" not in first.rstrip("\r")


def tail_of(text: str, max_bytes: int, tail_lines: int) -> str:
    """Give the end of a text as that of a log."""
    ring = TailRing(max_bytes, tail_lines)
    ring.feed(text.encode(errors="replace"))
    return ring.text()


def printable(raw: bytes) -> str:
    """Make a container's output fit to be shown: see the head of this module."""
    text = _SEQUENCE.sub(b"", raw).decode(errors="replace")
    text = _CONTROLS.sub("", text)
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return text


def encoded_size(text: str) -> int:
    """Measure a text as a string of the JSON that the API server stores, without its quotes."""
    return sum(map(_size, text))


def _size(character: str) -> int:
    if character < "\x80":
        if character in _TWO_BYTES:
            return 2
        return 6 if character < " " or character in _SIX_BYTES else 1
    if character in _SIX_BYTES:
        return 6
    return 2 if character < "\u0800" else 3 if character < "\U00010000" else 4


def _last_lines(text: str, count: int) -> int:
    """Find where the last `count` lines begin; the end of the last one need not be there."""
    start = len(text) - text.endswith("\n")
    for _ in range(count):
        start = text.rfind("\n", 0, start)
        if start < 0:
            return 0
    return start + 1


def _fit(text: str, max_bytes: int, *, cut: bool) -> str:
    """Cut a text to the lines at its end that fit; `cut` tells that its first is not whole."""
    start = _fitting(text, max_bytes)
    if not (cut if start == 0 else text[start - 1] != "\n"):
        return text[start:]
    line_end = text.find("\n", start) + 1
    return text[line_end:] if 0 < line_end < len(text) else text[start:]


def _fitting(text: str, max_bytes: int) -> int:
    """Find from where on a text fits into so many bytes."""
    left = max_bytes
    for position in range(len(text) - 1, -1, -1):
        left -= _size(text[position])
        if left < 0:
            return position + 1
    return 0


def cut(text: str, limit: int) -> str:
    """Shorten to `limit` bytes as they are stored, at a character; control characters go."""
    clean = "".join(each for each in text if each in "\n\t" or each.isprintable()).strip()
    if encoded_size(clean) <= limit:
        return clean
    kept, size = [], len("…".encode())
    for each in clean:
        size += encoded_size(each)
        if size > limit:
            break
        kept.append(each)
    return "".join(kept) + "…"
