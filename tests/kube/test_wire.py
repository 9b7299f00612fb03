"""JSON over the wire: also what orjson can't read or write."""

import json
import sys
from collections.abc import Iterator

import pytest

from cronwright.__main__ import _allow_depth
from cronwright.kube.errors import Unavailable
from cronwright.kube.wire import parse, serialise


@pytest.fixture
def allowed() -> Iterator[None]:
    """Let this process read as deep as the operator's does."""
    before = sys.getrecursionlimit()
    _allow_depth()
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("allowed")
@pytest.mark.parametrize("levels", [300, 1100, 9990])
def test_what_the_api_server_stores_is_read_and_written(levels: int) -> None:
    text = b"[" * levels + b"]" * levels
    assert serialise(parse(text)) == text
    assert json.loads(text), "and Kopf reads it with this"


def test_what_no_process_can_read_is_no_answer() -> None:
    for odd in (b"[" * 100_000, b"<html>"):
        with pytest.raises(Unavailable):
            parse(odd)
