import json
import re
import tracemalloc
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cronwright.core.tail import TailRing, encoded_size, printable

PIECES = st.sampled_from(
    [
        b"a", b"line of text", b"\n", b"\n\n", b"\r", b"\r\n", b"\t", b" ", b"\0", b"\x08", b"\x7f",
        b"<a href=\"&\">", b"\\", "é".encode(), "漢".encode(), "🙂".encode(), b"\xc2", b"\xe6\xbc",
        b"\xf0\x9f\x99", b"\x80", b"\xbf\xbf\xbf\xbf", b"\xff", "\u2028".encode(), b"\xc2\x9b31m",
        b"\x1b[31m", b"\x1b[0m", b"\x1b[", b"\x1b", b"\x1b]0;a title\x07", b"\x1b]8;;http://a/\x1b\\",
        b"\x1b]never ended", b"\x1b(B", b"\x1b=", b"x" * 300, b"\x1b[" + b"1;" * 40 + b"m",
        b"\x1b]0;" + b"title" * 300 + b"\x07", b"\x1b]0;" + b"title" * 500 + b"\x07",
    ]
)  # fmt: skip
OUTPUT = st.one_of(st.lists(PIECES, max_size=200).map(b"".join), st.binary(max_size=3000))


def tail(raw: bytes, max_bytes: int = 4096, tail_lines: int = 100) -> str:
    ring = TailRing(max_bytes, tail_lines)
    ring.feed(raw)
    return ring.text()


def stored(text: str) -> int:
    """Measure as Go's encoder writes: what JSON needs, and what HTML would need."""
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    for character in "<>&\u2028\u2029":
        plain = plain.replace(character, "\\u0000")
    return len(plain.encode())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"one\ntwo\n", "one\ntwo\n", id="text stays"),
        pytest.param("Grüße, 世界 🙂".encode(), "Grüße, 世界 🙂", id="as does what is not ASCII"),
        pytest.param(b"a\tb", "a\tb", id="and a tab"),
        pytest.param(b"a\x00\x07\x0b\x7fb", "ab", id="control characters go"),
        pytest.param("a\x85\x9bb".encode(), "ab", id="the upper ones, too"),
        pytest.param(b"a\xffb\xc3", "a�b�", id="what is no character is marked"),
        pytest.param(b"a\r\nb\r\n", "a\nb\n", id="Windows line ends"),
        pytest.param(b"10%\r50%\r100%\ndone", "100%\ndone", id="a progress bar's last state"),
        pytest.param(b"10%\r50%\r", "50%", id="which may end in a return"),
        pytest.param(b"a\r\r\nb", "a\nb", id="or in several"),
        pytest.param(b"\x1b[1;31mred\x1b[0m", "red", id="colours go"),
        pytest.param(b"\x1b[38:2::255:0:0mred\x1b[m", "red", id="however they are written"),
        pytest.param(b"a\x1b[2K\x1b[1Gb", "ab", id="as does what moves the cursor"),
        pytest.param(b"\x1b]0;title\x07text", "text", id="a window's title"),
        pytest.param(
            b"\x1b]8;;https://example.org\x1b\\here\x1b]8;;\x1b\\", "here", id="a link's target"
        ),
        pytest.param(b"\x1b(Btext\x1b=\x1b7", "text", id="character sets and modes"),
        pytest.param(b"a\x1b", "a", id="a sequence that ends at once"),
        pytest.param(b"a\x1b[31", "a", id="one that is cut off"),
        pytest.param(b"a\x1b]0;open\nb", "a0;open\nb", id="a title without end swallows nothing"),
    ],
)
def test_output_is_made_printable(raw: bytes, expected: str) -> None:
    assert printable(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"\n\n", "\n\n", id="nothing but line ends"),
        pytest.param(b"one\ntwo\n", "one\ntwo\n", id="all, where it fits"),
        pytest.param(b"0123456789ab", "0123456789ab", id="a line that just fits"),
        pytest.param(b"0123456789abc", "123456789abc", id="one that doesn't keeps its end"),
        pytest.param(b"first line\nsecond", "second", id="whole lines"),
        pytest.param(b"first line\nsecond\n", "second\n", id="with their ends"),
        pytest.param(b"0123456789abc\n", "3456789abc\n", id="a line too long, with its own"),
        pytest.param(b"x\nfirst line\n2", "2", id="a line end takes two bytes"),
        pytest.param(b"long long long\nab\ncd", "ab\ncd", id="the line that is cut goes"),
        pytest.param(b"a<b>c", "b>c", id="HTML is escaped to six bytes"),
        pytest.param("aé漢🙂".encode() * 2, "aé漢🙂", id="cut between characters"),
        pytest.param(b"\x00" * 40 + b"ok", "ok", id="what goes takes no room"),
    ],
)
def test_a_tail_of_twelve_bytes(raw: bytes, expected: str) -> None:
    assert tail(raw, max_bytes=12) == expected
    assert encoded_size(expected) <= 12


def test_no_more_lines_than_asked() -> None:
    assert tail(b"1\n2\n3\n4\n", tail_lines=2) == "3\n4\n"
    assert tail(b"1\n2\n3\n4", tail_lines=2) == "3\n4"
    assert tail(b"1\n2\n3\n4\n", tail_lines=4) == "1\n2\n3\n4\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param(b"x" * 15 + b"\n" + b"y" * 30 + b"\nend", "end", id="in a line that goes"),
        pytest.param(b"1\n" + b"\x07" * 30 + b"a\n" * 9, "a\na\na\na\n", id="after a line end"),
        pytest.param(b"\x1b[1;31mabcdefg" + b"\x07" * 36, "abcdefg", id="in a colour"),
        pytest.param(
            b"\x1b]8;;http://x\x1b\\abc" + b"\x07" * 40, "abc", id="in the target of a link"
        ),
        pytest.param("é".encode() + b"\x07" * 40 + b"abcdefg", "abcdefg", id="in a character"),
        pytest.param(b"50%" + b"\x07" * 50 + b"\r99%\nok", "99%\nok", id="in an overwritten line"),
        pytest.param(b"50%" + b"\x07" * 50 + b"\r\nok", "ok", id="in one that isn't, it just ends"),
    ],
)
def test_the_ring_may_be_cut_anywhere(raw: bytes, expected: str) -> None:
    """Twelve bytes of text have forty-eight of the ring, and these outputs are longer."""
    assert len(raw) > 48
    assert tail(raw, max_bytes=12) == expected


@given(OUTPUT, st.integers(3, 200), st.integers(1, 20))
@example(b"\0" * 4000, 100, 100)
@example(b"<" * 4000, 100, 100)
def test_a_tail_never_takes_more_room_than_asked(raw: bytes, room: int, lines: int) -> None:
    text = tail(raw, room, lines)

    assert encoded_size(text) == stored(text) <= room
    assert text.removesuffix("\n").count("\n") < lines
    assert not set(map(unicodedata.category, text.replace("\n", "").replace("\t", ""))) & {
        "Cc",
        "Cs",
    }


@given(OUTPUT, st.integers(3, 200), st.integers(1, 20))
def test_a_tail_is_the_end_of_the_whole(raw: bytes, room: int, lines: int) -> None:
    whole, text = printable(raw), tail(raw, room, lines)

    assert whole.endswith(text)
    before = whole.removesuffix(text)
    assert before == "" or before.endswith("\n") or "\n" not in text.removesuffix("\n")


@given(st.lists(PIECES, max_size=30), st.integers(3, 500))
def test_as_many_lines_as_fit_are_kept(pieces: list[bytes], room: int) -> None:
    raw = b"".join(pieces)
    assume(len(raw) <= 4 * room)
    whole = printable(raw)
    lines = re.findall(r"[^\n]*\n|[^\n]+", whole)
    fitting = [end for start in range(len(lines)) if stored(end := "".join(lines[start:])) <= room]

    if fitting or not whole:
        assert tail(raw, room) == (fitting[0] if fitting else "")
    else:
        text = tail(raw, room)
        assert lines[-1].endswith(text)
        assert stored(lines[-1][-len(text) - 1 :]) > room


@given(OUTPUT, st.lists(st.integers(0, 3000), max_size=20), st.integers(3, 200))
def test_chunks_make_no_difference(raw: bytes, cuts: list[int], room: int) -> None:
    ring = TailRing(room, 100)
    for start, end in pairwise([0, *sorted(cuts), len(raw)]):
        ring.feed(raw[start:end])

    assert ring.text() == tail(raw, room)


def test_memory_is_bounded_however_much_comes() -> None:
    ring = TailRing(4096, 100)
    chunk = b"0123456789abcde\n" * 4096
    tracemalloc.start()
    for _ in range(1024):  # 64 MiB
        ring.feed(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 128 * 1024
    assert ring.text() == "0123456789abcde\n" * 100
