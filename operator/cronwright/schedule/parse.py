"""Reads an expression into a `CronExpression`, or refuses it with place and remedy.

The dialects have a module each: standard.py for Kubernetes and the common ground, spring.py,
quartz.py. walls.py and evaluate.py walk the result.
"""

import re
from functools import lru_cache

from cronwright.errors import FieldError
from cronwright.schedule.expression import CronExpression
from cronwright.schedule.fields import Unreadable
from cronwright.schedule.foreign import recognise
from cronwright.schedule.quartz import read_quartz
from cronwright.schedule.spring import read_spring
from cronwright.schedule.standard import read_common, read_kubernetes
from cronwright.schedule.terms import Dialect

SPEC_FIELD = "spec.schedule"
LONGEST = 256

_MAY_BE_HASHED = re.compile(r"(?<![A-Z])H(?![A-Z])", re.IGNORECASE)


def read_expression(
    text: str, dialect: Dialect | None = None, seed: str = "", field: str = SPEC_FIELD
) -> CronExpression:
    """Read a cron expression of a dialect; `field` is named in the error.

    Raises FieldError.
    """
    if len(text) > LONGEST:
        remedy = f"write at most {LONGEST}; several expressions go into spec.schedules"
        raise FieldError(field, text, f"{len(text)} characters", remedy)
    try:
        return _read(text, dialect, seed if _MAY_BE_HASHED.search(text) else "")
    except Unreadable as error:
        meant = recognise(text) or error
        raise FieldError(field, text, meant.problem, meant.remedy) from error


@lru_cache(maxsize=4096)
def _read(text: str, dialect: Dialect | None, seed: str) -> CronExpression:
    match dialect:
        case Dialect.KUBERNETES:
            return read_kubernetes(text)
        case Dialect.SPRING:
            return read_spring(text)
        case Dialect.QUARTZ:
            return read_quartz(text)
        case None:
            return read_common(text, seed)
