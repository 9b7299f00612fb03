"""A schedule that was read: what parse.py makes and evaluate.py walks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CronExpression:
    """The times that an expression names, as bits: bit n of `hours` says that hour n matches.

    `text` is what was written, `native` what a CronJob takes for the same meaning. `month_days`
    has the matching days of the month (bit 1 to bit 31), one entry for each day of the week that
    the month may begin with, Sunday first; days past the month's end are for the reader to cut.
    """

    text: str
    native: str
    minutes: int
    hours: int
    months: int
    month_days: tuple[int, ...]
