"""A cron expression that was read: what parse.py makes, and walls.py lays out over the years."""

from dataclasses import dataclass

from cronwright.schedule.days import DayRule, days_of_year
from cronwright.schedule.terms import Dialect
from cronwright.schedule.times import FieldTimes
from cronwright.schedule.years import EPOCH, Year, year_with


@dataclass(frozen=True, slots=True)
class CronExpression:
    """The times that an expression names: of the day, on which days, in which years.

    `text` is what was written, `resolved` the same with `H` resolved. `native` is what a CronJob
    takes for the same times of day and days; empty where that has to be written anew or can't be.
    `years` has a bit a year; None is every year.
    """

    text: str
    resolved: str
    native: str
    times: FieldTimes
    months: int
    days: DayRule
    years: int | None = None
    dialect: Dialect | None = None
    warnings: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """The minutes as bits."""
        return self.times.minutes

    @property
    def hours(self) -> int:
        """The hours as bits."""
        return self.times.hours

    @property
    def month_days(self) -> tuple[int, ...]:
        """The days of a month of 31, for each day of the week that it may begin with."""
        return tuple(self.days.of_month(begin, 31) for begin in range(7))

    def days_in(self, year: Year) -> int:
        """Return the matching days of a year as bits, the first of January being bit 0."""
        if self.years is not None and not self.years >> year.number & 1:
            return 0
        return days_of_year(self.days, self.months, year.begin, leap=year.leap)

    def matches(self, wall: int) -> bool:
        """Whether a wall time is one of them."""
        day, second = divmod(wall, 86_400)
        year = year_with(day + EPOCH)
        on_day = self.days_in(year) >> day + EPOCH - year.first & 1
        return bool(on_day) and self.times.first_from(second) == second
