"""Timetables in words."""

from datetime import UTC, datetime

import pytest

from cronwright.schedule import Dialect, Terms, read

SENTENCES = {
    "* * * * *": "Every minute",
    "* * * * * *": "Every second",
    "*/10 * * * * *": "Every 10 seconds",
    "5/10 * * * * *": "Every 10 seconds from second 5",
    "7,9 * * * * *": "At seconds 7 and 9 of every minute",
    "*/5 * * * *": "Every 5 minutes",
    "*/7 * * * *": "At minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56 of every hour",
    "3/20 * * * *": "Every 20 minutes from minute 3",
    "0 * * * *": "Every hour",
    "30 * * * *": "At minute 30 of every hour",
    "1-9 * * * *": "At minutes 1-9 of every hour",
    "0 2 * * *": "At 02:00",
    "0 9,12,18 * * *": "At 09:00, 12:00 and 18:00",
    "15 30 9 ? * MON-FRI": "At 09:30:15 on Monday to Friday",
    "0 */2 * * *": "Every 2 hours",
    "30 1/4 * * *": "At 01:30, 05:30, 09:30, 13:30, 17:30 and 21:30",
    "30 1/3 * * *": "Every 3 hours from 01:30",
    "0 9-17 * * *": "Every hour from 09:00 to 17:00",
    "*/15 9-17 * * MON-FRI": "Every 15 minutes from 09:00 to 17:45 on Monday to Friday",
    "* 9 * * *": "Every minute from 09:00 to 09:59",
    "0-10 1,5 * * *": "At minutes 0-10 of hours 1 and 5",
    "*/5 * 9-17 * * *": (
        "At seconds 0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50 and 55 of every minute of hours 9-17"
    ),
    "0 0 2 ? * FRIL": "At 02:00 on the last Friday of the month",
    "0 0 2 ? * FRI#2,MON": "At 02:00 on Monday and the second Friday of the month",
    "0 0 2 ? * SAT,SUN": "At 02:00 on Saturday and Sunday",
    "0 0 2 ? * FRI,SAT,SUN": "At 02:00 on Friday to Sunday",
    "0 2 1 * *": "At 02:00 on day 1 of the month",
    "0 2 1,15,20-25 * *": "At 02:00 on days 1, 15 and 20-25 of the month",
    "0 2 13 * FRI": "At 02:00 on day 13 of the month or on Friday",
    "0 2 1-31 * MON": "At 02:00",
    "0 2 L * *": "At 02:00 on the last day of the month",
    "0 2 L-1,L-3 * *": (
        "At 02:00 on the day before the last or the 3rd day before the last of the month"
    ),
    "0 2 LW,15W * *": (
        "At 02:00 on the working day nearest to day 15 or the last working day of the month"
    ),
    "0 2 1 1 *": "At 02:00 on day 1 of the month in January",
    "0 2 * 6-8,12 *": "At 02:00 in June to August and December",
    "0 0 2 1 1 ? 2027": "At 02:00 on day 1 of the month in January of 2027",
    "0 0 2 * * ? 2027-2030": "At 02:00 in 2027 to 2030",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_an_expression_in_words(text: str) -> None:
    terms = Terms(schedule=text, time_zone="Europe/Berlin")

    assert read(terms).sentence == f"{SENTENCES[text]}, Europe/Berlin"


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            Terms(every="90s", start_at="2026-01-01T00:00:00Z"),
            "Every 90 seconds from 2026-01-01 00:00:00 UTC",
        ),
        (
            Terms(every="2h", created=datetime(2026, 1, 1, 12, tzinfo=UTC)),
            "Every 2 hours, counted from 2026-01-01 12:00:00 UTC",
        ),
        (Terms(every="24h"), "Every day"),
        (Terms(at="2026-12-24T18:00:00Z"), "Once, at 2026-12-24 18:00:00 UTC"),
        (Terms(), "When it is asked to"),
        (
            Terms(schedules=("0 9 * * *", "0 17 * * FRI"), exclude=("2026-12-24",)),
            "At 09:00; at 17:00 on Friday, Etc/UTC, but for 1 calendar",
        ),
        (
            Terms(
                schedule="0 9 * * *",
                start_at="2026-01-01T00:00:00Z",
                jitter="5m",
            ),
            "At 09:00, Etc/UTC, from 2026-01-01 00:00:00 UTC, put off by up to 5m",
        ),
        (
            Terms(every="1m", end_at="2027-01-01T00:00:00Z"),
            "Every minute until 2027-01-01 00:00:00 UTC",
        ),
        (
            Terms(schedule="0 0 9 13 * FRI", dialect=Dialect.SPRING),
            "At 09:00 on Friday if it is day 13 of the month, Etc/UTC",
        ),
        (Terms(schedule="0 0 9 * * MON#6", dialect=Dialect.SPRING), "At 09:00 on no day, Etc/UTC"),
    ],
)  # fmt: skip
def test_terms_in_words(terms: Terms, sentence: str) -> None:
    assert read(terms).sentence == sentence
