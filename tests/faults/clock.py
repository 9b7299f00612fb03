"""A clock that jumps, for one process: libfaketime, where this machine has it.

Only the wall clock jumps, as it does when a machine's clock is put right; what counts from the
machine's start goes on.
"""

import importlib.util
import os
from pathlib import Path

import pytest

_NAMED = "LIBFAKETIME"
_PLACES = (
    "/usr/lib/*/faketime/libfaketime.so.1",
    "/usr/lib*/faketime/libfaketime.so.1",
    "/usr/local/lib/faketime/libfaketime.so.1",
)


class FakeClock:
    """The wall clock of processes that are started with its `environment`."""

    def __init__(self, library: Path, file: Path) -> None:
        self._file = file
        self.jump(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def jump(self, seconds: float) -> None:
        """Set it so many seconds before or behind the true time."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+f}s\n")
        new.replace(self._file)


def fake_clock(folder: Path) -> FakeClock:
    """Give a clock; skip the test where there is no libfaketime."""
    named = os.environ.get(_NAMED)
    found = [Path(named)] if named else [f for p in _PLACES for f in Path("/").glob(p[1:])]
    if package := importlib.util.find_spec("libfaketime"):  # on PyPI, with the library in it
        found += Path(package.origin or "").parent.rglob("libfaketime.so.1")
    if not found or not found[0].exists():
        remedy = f"pip install libfaketime, or name the library in {_NAMED}"
        pytest.skip(f"no libfaketime here: {remedy}")
    return FakeClock(found[0], folder / "clock")
