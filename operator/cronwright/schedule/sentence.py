"""A timetable as a sentence: "At 02:00 on the last Friday of the month, Europe/Berlin".

The words are made from what was read, not from what was written, so they say what happens. For the
command line, the API and the condition's message.
"""

from cronwright.schedule.day_words import days_in_words
from cronwright.schedule.evaluate import moment_of
from cronwright.schedule.listing import joined, plural
from cronwright.schedule.reading import Every, Reading
from cronwright.schedule.times import FieldTimes

_ALL_MINUTES = (1 << 60) - 1
_ALL_HOURS = (1 << 24) - 1
_MOST_TIMES = 6
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def sentence_of(reading: Reading) -> str:
    """Say when a task is due."""
    if reading.every is not None:
        return _interval(reading, reading.every) + _ending(reading) + _exceptions(reading)
    if reading.at is not None:
        return f"Once, at {_moment(reading.at)}{_exceptions(reading)}"
    if not reading.expressions:
        return "When it is asked to"
    parts = [f"{times_in_words(each.times)}{days_in_words(each)}" for each in reading.expressions]
    start = f", from {_moment(reading.start)}" if reading.terms.start_at is not None else ""
    zone = reading.clock.zone.key
    return f"{_in_a_row(parts)}, {zone}{start}{_ending(reading)}{_exceptions(reading)}"


def _in_a_row(parts: list[str]) -> str:
    return "; ".join([parts[0], *(f"{part[0].lower()}{part[1:]}" for part in parts[1:])])


def times_in_words(times: FieldTimes) -> str:
    """Say at which times of a day."""
    seconds, minutes, hours = (
        _values(bits) for bits in (times.seconds, times.minutes, times.hours)
    )
    whole_day = times.minutes == _ALL_MINUTES and times.hours == _ALL_HOURS
    if whole_day and seconds != [0]:
        return _rhythm(seconds, "second", "minute")
    if times.total <= _MOST_TIMES:
        return f"At {joined(_clock_times(hours, minutes, seconds))}"
    if seconds == [0]:
        return _without_seconds(minutes, hours)
    of_minute = _every_or(minutes, 60, "minute")
    return f"At {plural('second', seconds)} of {of_minute} of {_every_or(hours, 24, 'hour')}"


def _without_seconds(minutes: list[int], hours: list[int]) -> str:
    if len(hours) == 24:
        if minutes == [0]:
            return "Every hour"
        return _rhythm(minutes, "minute", "hour")
    pace = _pace(minutes, 60, "minute") if len(minutes) > 1 else "Every hour"
    if pace and len(hours) == hours[-1] - hours[0] + 1:
        first = f"{hours[0]:02}:{minutes[0]:02}"
        return f"{pace} from {first} to {hours[-1]:02}:{minutes[-1]:02}"
    pace = _pace(hours, 24, "hour")
    if pace and len(minutes) == 1:
        first = f"{hours[0]:02}:{minutes[0]:02}"
        return pace if first == "00:00" else f"{pace} from {first}"
    return f"At {_every_or(minutes, 60, 'minute')} of {plural('hour', hours)}"


def _rhythm(values: list[int], unit: str, of: str) -> str:
    """Say at which seconds of every minute, or minutes of every hour."""
    pace = _pace(values, 60, unit)
    if pace:
        return pace if values[0] == 0 else f"{pace} from {unit} {values[0]}"
    return f"At {plural(unit, values)} of every {of}"


def _pace(values: list[int], size: int, unit: str) -> str | None:
    """Say "every 5 minutes" where the values go on evenly over the end of their field."""
    if len(values) == size:
        return f"Every {unit}"
    step = size // len(values)
    if len(values) > 1 and values == list(range(values[0], size, step)) and size % step == 0:
        return f"Every {step} {unit}s"
    return None


def _every_or(values: list[int], size: int, unit: str) -> str:
    return f"every {unit}" if len(values) == size else plural(unit, values)


def _clock_times(hours: list[int], minutes: list[int], seconds: list[int]) -> list[str]:
    shown = seconds != [0]
    return [
        f"{hour:02}:{minute:02}{f':{second:02}' if shown else ''}"
        for hour in hours
        for minute in minutes
        for second in seconds
    ]


def _interval(reading: Reading, every: Every) -> str:
    size, unit = next((size, unit) for size, unit in _UNITS if every.step % size == 0)
    count = every.step // size
    pace = f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
    if every.from_anchor:
        return f"{pace} from {_moment(every.anchor)}"
    return f"{pace}, counted from {_moment(every.anchor)}" if reading.terms.created else pace


def _ending(reading: Reading) -> str:
    return f" until {_moment(reading.end)}" if reading.terms.end_at is not None else ""


def _exceptions(reading: Reading) -> str:
    count = len(reading.terms.exclude)
    jitter = f", put off by up to {reading.terms.jitter}" if reading.jitter else ""
    calendars = f", but for {count} calendar{'' if count == 1 else 's'}" if count else ""
    return jitter + calendars


def _moment(instant: int) -> str:
    return f"{moment_of(instant):%Y-%m-%d %H:%M:%S} UTC"


def _values(bits: int) -> list[int]:
    return [value for value in range(bits.bit_length()) if bits >> value & 1]
