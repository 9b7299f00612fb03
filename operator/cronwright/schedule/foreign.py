"""Recognises what people of other schedulers write, so that an error can say what to write here.

parse.py asks when an expression could not be read; what is found takes the place of the first error
that the fields gave.
"""

import re

from cronwright.schedule.fields import Unreadable

_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|us|ns|[smhdw])\s*)+", re.ASCII | re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.ASCII | re.DOTALL)
_WORD = re.compile(
    r"(hourly|daily|midnight|weekly|monthly|annually|yearly|quarterly|semiannually|minutely)",
    re.IGNORECASE,
)
_AWS = re.compile(r"(cron|rate)\((.*)\)", re.IGNORECASE | re.DOTALL)
_SYSTEMD = re.compile(r"(\*|[0-9]{4})-(\*|[0-9]+)-[*0-9]|(^|\s)[*0-9]+:[*0-9/]+", re.ASCII)
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S*)", re.ASCII)
_SHORTHANDS = frozenset({"hourly", "daily", "midnight", "weekly", "monthly", "annually", "yearly"})


def recognise(text: str) -> Unreadable | None:
    """Say what was meant, where the text reads like something else than cron fields."""
    written = text.strip()
    if not written:
        return Unreadable("empty", "write a cron expression, or leave the field out")
    if match := _ZONE.match(written):
        remedy = f"write {match[1]} in spec.timeZone, and the fields alone here"
        return Unreadable("a time zone in the schedule", remedy)
    if match := _AWS.fullmatch(written):
        return _from_aws(match)
    if match := _WORD.fullmatch(written):
        word = match[1].lower()
        known = f"write @{word}" if word in _SHORTHANDS else "write cron fields"
        return Unreadable("reads like a systemd calendar event", known)
    if _DATE.fullmatch(written):
        return Unreadable("reads like one date-time", "write it in spec.at")
    if _DURATION.fullmatch(written):
        return Unreadable("reads like an interval", "write it in spec.every")
    if written.lower().startswith("every "):
        remedy = "write an interval in spec.every, such as 5m, or fields, such as */5 * * * *"
        return Unreadable("reads like a sentence", remedy)
    if _SYSTEMD.search(written):
        remedy = "write cron fields, such as 0 2 * * MON for Mondays at 02:00"
        return Unreadable("reads like a systemd calendar event", remedy)
    return None


def _from_aws(match: re.Match[str]) -> Unreadable:
    if match[1].lower() == "rate":
        return Unreadable("reads like a rate of AWS", "write it in spec.every, such as 5m")
    remedy = f"set scheduleDialect: Quartz and put the seconds first: 0 {match[2].strip()}"
    return Unreadable("reads like a schedule of AWS", remedy)
