"""The seed of the random cases: a fresh one each run, or the one that is to be run again.

What came of them is said at the end of a run, whether it passed or not (conftest.py).
"""

import os
import secrets
from random import Random
from typing import Final

VARIABLE: Final = "CRONWRIGHT_SEED"
SEED: Final = os.environ.get(VARIABLE) or secrets.token_hex(4)
reports: Final[list[str]] = []


def numbers(name: str) -> Random:
    """Give the random numbers of one test, the same for the same seed."""
    return Random(f"{SEED}/{name}")
