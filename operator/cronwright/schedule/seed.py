"""What is hashed from a task's name: the `H` in a field, and the jitter of a slot.

Both are the same for the same task for ever, on every machine and in every version.
"""

import re
from hashlib import blake2b

from cronwright.schedule.fields import DAY, YEAR, Field, Unreadable, backwards, value_of

_HASHED = re.compile(
    r"H(?:\((?P<first>[0-9]+|[a-z]+)-(?P<last>[0-9]+|[a-z]+)\))?(?:/(?P<step>[0-9]{1,18}))?",
    re.ASCII | re.IGNORECASE,
)

# Every month has these: a day beyond them would leave some months out.
_DAYS_OF_EVERY_MONTH = 28


def is_hashed(element: str) -> bool:
    """Whether an element is an `H`."""
    return element[:1] in "Hh" and _HASHED.fullmatch(element) is not None


def resolve(element: str, field: Field, seed: str) -> str:
    """Write an `H` as the value or the steps that it stands for."""
    match = _HASHED.fullmatch(element)
    if match is None:
        raise Unreadable("is no H", "write H, H(0-29), H/15 or H(0-29)/10")
    if field is YEAR:
        raise Unreadable("can't be hashed", "write a year, or *")
    first, last = field.first, _DAYS_OF_EVERY_MONTH if field is DAY else field.top
    if match["first"]:
        first, last = value_of(match["first"], field), value_of(match["last"], field)
        if first > last:
            raise backwards(match["first"], match["last"], field)
    number = hashed(seed, field.name)
    if match["step"] is None:
        return str(first + number % (last - first + 1))
    step = int(match["step"])
    if step == 0:
        raise Unreadable("has a step of 0", "write a step of 1 or more, such as H/15")
    start = first + number % min(step, last - first + 1)
    return f"{start}-{last}/{step}" if start + step <= last else str(start)


def spread_of(seed: str, nominal: int, most: int) -> int:
    """Return by how many seconds, at most `most`, the slot of an instant is put off."""
    return hashed(seed, str(nominal)) % (most + 1) if most else 0


def hashed(seed: str, about: str) -> int:
    """Return a number that is the same for the same task and purpose."""
    text = f"{seed}\n{about}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big")
