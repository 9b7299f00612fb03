from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cronwright.kube.lines import LineSplitter


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"d" * 70]), max_size=50).map(b"".join),
    st.lists(st.integers(0, 500), max_size=20),
)
def test_lines_are_the_same_however_they_arrive(stream: bytes, cuts: list[int]) -> None:
    splitter = LineSplitter()
    lines = [
        line
        for start, end in pairwise([0, *sorted(cuts), len(stream)])
        for line in splitter.feed(stream[start:end])
    ]

    whole, _, _ = stream.rpartition(b"\n")
    assert lines == [line for line in whole.split(b"\n") if line]


def test_a_line_of_many_megabytes() -> None:
    splitter = LineSplitter()

    assert all(not list(splitter.feed(b"x" * 65536)) for _ in range(256))
    assert [len(line) for line in splitter.feed(b"\nrest")] == [16 * 1024 * 1024]
