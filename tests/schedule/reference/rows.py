"""Answers that differ, as data: what a library says, what we say, and why they part.

table.py makes the page of these; test_table.py holds them against the programs.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tests.schedule.reference.cases import Answer, Case
from tests.schedule.reference.changes import moment, offset_at, read


@dataclass(frozen=True, slots=True)
class Row:
    """A question, both answers, and why they differ."""

    parser: str
    text: str
    zone: str
    start: str
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    reason: str

    @property
    def case(self) -> Case:
        """The question as the programs are asked it."""
        count = len(self.ours) or len(self.theirs)
        return Case(self.parser, self.text, self.zone, read(self.start), count)

    @property
    def their_answer(self) -> Answer:
        """The library's answer as the programs give it."""
        return Answer(refusal="hangs") if self.theirs == ("hangs",) else Answer(self.theirs)

    def cells(self) -> list[str]:
        """Give the cells of the page's table, with times as the clocks of the zone show them."""
        return [
            f"`{self.text}`",
            f"{self.zone}, after {self._shown(self.start)}",
            self._listed(self.theirs),
            self._listed(self.ours),
            self.reason,
        ]

    def _listed(self, instants: tuple[str, ...]) -> str:
        if instants == ("hangs",):
            return "searches without end"
        return "<br>".join(map(self._shown, instants)) or "never"

    def _shown(self, text: str) -> str:
        instant = read(text)
        offset = offset_at(self.zone, instant)
        minutes = abs(offset) // 60
        sign = "-" if offset < 0 else "+"
        wall = f"{moment(instant) + timedelta(seconds=offset):%a %Y-%m-%d %H:%M}"
        return f"{wall} {sign}{minutes // 60:02}:{minutes % 60:02}"


SIDE_BY_SIDE: Final = (
    Row(
        "standard",
        "0 12 28 * *",
        "Africa/Cairo",
        "2023-04-27T12:00:00Z",
        ("2023-05-28T09:00:00Z", "2023-06-28T09:00:00Z"),
        ("2023-04-28T09:00:00Z", "2023-05-28T09:00:00Z"),
        "The 28th begins at 01:00: the CronJob misses the whole day.",
    ),
    Row(
        "standard",
        "0 12 * * FRI",
        "Africa/Cairo",
        "2023-04-27T12:00:00Z",
        ("2023-05-05T09:00:00Z", "2023-05-12T09:00:00Z"),
        ("2023-04-28T09:00:00Z", "2023-05-05T09:00:00Z"),
        "The same day by its name.",
    ),
    Row(
        "standard",
        "18 3 * * TUE-THU",
        "Africa/Cairo",
        "2023-04-27T12:00:00Z",
        ("2023-04-28T00:18:00Z", "2023-05-02T00:18:00Z"),
        ("2023-05-02T00:18:00Z", "2023-05-03T00:18:00Z"),
        "The CronJob runs on that Friday, which is not asked for.",
    ),
    Row(
        "standard",
        "30 4 * * SAT",
        "America/Havana",
        "2023-03-11T20:00:00Z",
        ("2023-03-12T08:30:00Z", "2023-03-18T08:30:00Z"),
        ("2023-03-18T08:30:00Z", "2023-03-25T08:30:00Z"),
        "The Sunday begins at 01:00: the CronJob takes it for the Saturday.",
    ),
    Row(
        "standard",
        "@yearly",
        "America/Asuncion",
        "2022-06-01T00:00:00Z",
        ("2023-01-01T03:00:00Z", "2025-01-01T03:00:00Z", "2026-01-01T03:00:00Z"),
        ("2023-01-01T03:00:00Z", "2024-01-01T03:00:00Z", "2025-01-01T03:00:00Z"),
        "October 2023 begins at 01:00: the CronJob leaves out the year 2024.",
    ),
    Row(
        "standard",
        "0 4 * * *",
        "Australia/Lord_Howe",
        "2024-10-04T15:00:00Z",
        ("2024-10-04T17:30:00Z", "2024-10-06T17:00:00Z", "2024-10-07T17:00:00Z"),
        ("2024-10-04T17:30:00Z", "2024-10-05T17:00:00Z", "2024-10-06T17:00:00Z"),
        "Half an hour forward at 02:00 on the 6th: the CronJob misses 04:00.",
    ),
    Row(
        "standard",
        "@daily",
        "Australia/Lord_Howe",
        "2024-04-05T12:00:00Z",
        ("2024-04-05T13:00:00Z", "2024-04-06T13:00:00Z", "2024-04-08T13:30:00Z"),
        ("2024-04-05T13:00:00Z", "2024-04-06T13:00:00Z", "2024-04-07T13:30:00Z"),
        "Half an hour back at 02:00 on the 7th: the CronJob misses the next midnight.",
    ),
)

OTHERS: Final = (
    Row(
        "standard",
        "30 0 29 * *",
        "Asia/Amman",
        "2021-10-27T12:00:00Z",
        ("2021-10-28T22:30:00Z", "2021-11-28T22:30:00Z"),
        ("2021-10-28T21:30:00Z", "2021-10-28T22:30:00Z"),
        "00:30 comes twice on the 29th; east of UTC robfig begins the day at the second midnight.",
    ),
    Row(
        "standard",
        "*/15 1,3 * * *",
        "Pacific/Chatham",
        "2024-04-06T14:00:00Z",
        ("2024-04-06T13:15:00Z", "2024-04-06T13:30:00Z"),
        ("2024-04-06T14:15:00Z", "2024-04-06T14:30:00Z"),
        "Back an hour at 03:45: robfig answers with times before the start, and stays there.",
    ),
    Row(
        "standard",
        "45 1,4-22 25 10 *",
        "Antarctica/Troll",
        "2020-10-25T00:46:49Z",
        ("2020-10-25T04:45:00Z", "2020-10-25T05:45:00Z"),
        ("2020-10-25T01:45:00Z", "2020-10-25T04:45:00Z"),
        "Back two hours at 03:00: asked at 02:46, robfig goes on in the second 02:00.",
    ),
    Row(
        "standard",
        "0 0 29 2 *",
        "Etc/UTC",
        "2096-03-01T00:00:00Z",
        (),
        ("2104-02-29T00:00:00Z",),
        "2100 is no leap year; robfig searches five years and no further.",
    ),
    Row(
        "standard",
        "0 12 30 12 *",
        "Pacific/Apia",
        "2011-12-01T00:00:00Z",
        ("hangs",),
        ("2012-12-29T22:00:00Z",),
        "30 December 2011 was left out in Samoa; robfig's search stays at the 29th.",
    ),
    Row(
        "spring",
        "0 0 0 * * *",
        "America/Havana",
        "2022-11-05T12:00:00Z",
        ("2022-11-06T05:00:00Z", "2022-11-07T05:00:00Z"),
        ("2022-11-06T04:00:00Z", "2022-11-06T05:00:00Z"),
        "Midnight comes twice on the 6th; Spring takes the second.",
    ),
    Row(
        "spring",
        "0 36 1 * * *",
        "Australia/Lord_Howe",
        "2022-04-02T12:00:00Z",
        ("2022-04-02T14:36:00Z", "2022-04-03T15:06:00Z"),
        ("2022-04-02T14:36:00Z", "2022-04-02T15:06:00Z"),
        "Half an hour back at 02:00: Spring steps over the second 01:36.",
    ),
    Row(
        "spring",
        "0 */15 * * * *",
        "Australia/Lord_Howe",
        "2022-04-02T14:40:00Z",
        ("2022-04-02T14:45:00Z", "2022-04-02T15:30:00Z", "2022-04-02T15:45:00Z"),
        ("2022-04-02T14:45:00Z", "2022-04-02T15:00:00Z", "2022-04-02T15:15:00Z"),
        "The same change: Spring misses half an hour.",
    ),
    Row(
        "spring",
        "0 30 1,3 * * *",
        "Antarctica/Troll",
        "2022-10-29T22:30:00Z",
        ("2022-10-29T23:30:00Z", "2022-10-30T03:30:00Z", "2022-10-31T01:30:00Z"),
        ("2022-10-29T23:30:00Z", "2022-10-30T01:30:00Z", "2022-10-30T03:30:00Z"),
        "Back two hours at 03:00: Spring misses the second 01:30.",
    ),
    Row(
        "spring",
        "@midnight",
        "America/St_Johns",
        "2011-03-12T15:00:00Z",
        ("2011-03-14T02:30:00Z", "2011-03-15T02:30:00Z"),
        ("2011-03-13T03:30:00Z", "2011-03-14T02:30:00Z"),
        "Forward at 00:01: Spring misses the midnight before it.",
    ),
    Row(
        "spring",
        "0 27 0/2 * * *",
        "America/Nuuk",
        "2036-03-28T22:34:25Z",
        ("2036-03-29T00:27:00Z", "2036-03-30T01:27:00Z"),
        ("2036-03-29T00:27:00Z", "2036-03-29T02:27:00Z"),
        "Forward from 23:00 to midnight on the 29th: Spring leaves out that whole day.",
    ),
    Row(
        "spring",
        "0 0 9 1W * *",
        "Etc/UTC",
        "2024-06-02T10:00:00Z",
        ("2024-07-01T09:00:00Z", "2024-08-01T09:00:00Z"),
        ("2024-06-03T09:00:00Z", "2024-07-01T09:00:00Z"),
        "June 2024 begins with a Saturday: the 3rd is meant; asked on the 2nd, Spring misses it.",
    ),
    Row(
        "spring",
        "* 9-23,8,31 5 13 * SUN#54",
        "Etc/UTC",
        "2023-12-17T18:34:09Z",
        ("2025-12-13T05:08:00Z",),
        (),
        "No month has 54 Sundays; Spring counts on into later months.",
    ),
    Row(
        "spring",
        "0 0 9 L-28 * *",
        "Etc/UTC",
        "2031-01-09T00:00:00Z",
        ("2031-01-31T09:00:00Z", "2031-01-31T09:00:00Z"),
        ("2031-03-03T09:00:00Z", "2031-04-02T09:00:00Z"),
        "February has no day 28 before its last; Spring takes one of January, and stays there.",
    ),
    Row(
        "quartz",
        "0 0 * * * ?",
        "America/New_York",
        "2024-11-03T05:35:00Z",
        ("2024-11-03T07:00:00Z", "2024-11-03T08:00:00Z"),
        ("2024-11-03T06:00:00Z", "2024-11-03T07:00:00Z"),
        "Asked in the first pass of the repeated hour, Quartz goes on an hour later.",
    ),
    Row(
        "quartz",
        "0 30 1 * * ?",
        "America/New_York",
        "2024-11-03T05:35:00Z",
        ("2024-11-04T06:30:00Z", "2024-11-05T06:30:00Z"),
        ("2024-11-03T06:30:00Z", "2024-11-04T06:30:00Z"),
        "The same: the run of that day is lost.",
    ),
    Row(
        "quartz",
        "0 45 22 * * ?",
        "America/Nuuk",
        "2032-03-27T12:00:00Z",
        ("2032-03-28T00:45:00Z", "2032-03-29T23:45:00Z", "2032-03-30T23:45:00Z"),
        ("2032-03-28T00:45:00Z", "2032-03-28T23:45:00Z", "2032-03-29T23:45:00Z"),
        "Forward from 23:00 to midnight: Quartz misses the next day.",
    ),
    Row(
        "quartz",
        "0 24 * * * ?",
        "Antarctica/Troll",
        "2024-03-31T00:00:00Z",
        ("2024-03-31T00:24:00Z", "2024-03-31T02:24:00Z", "2024-03-31T03:24:00Z"),
        ("2024-03-31T00:24:00Z", "2024-03-31T01:24:00Z", "2024-03-31T02:24:00Z"),
        "Forward from 01:00 to 03:00: Quartz misses the first hour after it.",
    ),
    Row(
        "quartz",
        "0 15/30 3 * * ?",
        "Pacific/Chatham",
        "2011-09-24T12:00:00Z",
        ("2011-09-25T13:30:00Z", "2011-09-25T14:00:00Z"),
        ("2011-09-24T14:00:00Z", "2011-09-25T13:30:00Z"),
        "Forward from 02:45 to 03:45: Quartz misses what is left of that hour.",
    ),
    Row(
        "quartz",
        "0 0 0 LW * ?",
        "Africa/Cairo",
        "2010-04-28T12:00:00Z",
        ("2010-04-29T22:00:00Z", "2010-05-30T21:00:00Z"),
        ("2010-05-30T21:00:00Z", "2010-06-29T21:00:00Z"),
        "Midnight of the 30th is skipped: Quartz fires at 01:00 instead.",
    ),
    Row(
        "quartz",
        "0 0 * 15W * ?",
        "Etc/UTC",
        "2026-07-03T15:30:00Z",
        ("2026-07-15T16:00:00Z", "2026-07-15T17:00:00Z"),
        ("2026-07-15T00:00:00Z", "2026-07-15T01:00:00Z"),
        "Quartz begins that day at the time of day that it was asked.",
    ),
    Row(
        "quartz",
        "0 0 9 1 1 ? 2190",
        "Etc/UTC",
        "2026-01-01T00:00:00Z",
        (),
        ("2190-01-01T09:00:00Z",),
        "Quartz reaches no further than a hundred years from now.",
    ),
)

ROWS: Final = SIDE_BY_SIDE + OTHERS
