"""Quantities of resources, such as `500m` and `64Mi`, as numbers.

https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
"""

import re
from decimal import ROUND_CEILING, Decimal
from typing import Final

_FACTORS: Final = {
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m", ""), -3)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_QUANTITY: Final = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkKMGTPE]?i?)")


def parse(text: str) -> Decimal:
    """Read a quantity; ValueError where it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2] not in _FACTORS:
        raise ValueError(f"{text!r} is no quantity")
    return Decimal(found[1]) * _FACTORS[found[2]]


def count(text: str, divisor: str) -> int:
    """Tell how many times the divisor is in a quantity, rounded up; "0" divides as "1" does."""
    return int((parse(text) / (parse(divisor) or 1)).to_integral_value(ROUND_CEILING))
