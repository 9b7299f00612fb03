"""Whether a CronJob can be trusted with a zone: what its clock changes do to robfig/cron.

The CronJob controller finds its slots with robfig/cron v3, which steps through days, hours and
minutes and loses its way over some changes of clock. A zone with such a change is not safe. Changes
from 2020 on count, as far as the zone's rules go; native.py asks here.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronwright.schedule.times import DAY
from cronwright.schedule.zone import Stretch, offsets_of

_FROM = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
# No rule in the database begins or ends after this; from then on each year is like the one before.
_UNTIL = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_HOUR = 3600


@lru_cache(maxsize=1024)
def changes_of(zone: ZoneInfo) -> tuple[tuple[Stretch, Stretch], ...]:
    """Return the stretches before and after each change of clock from 2020 on."""
    offsets = offsets_of(zone)
    changes, before = [], offsets.stretch_at(_FROM)
    while before.end < _UNTIL:
        after = offsets.stretch_at(before.end)
        if after.offset != before.offset:
            changes.append((before, after))
        before = after
    return tuple(changes)


@lru_cache(maxsize=1024)
def danger_of(zone: ZoneInfo) -> str | None:
    """Say what makes a zone unsafe for a CronJob; None where it is safe."""
    for before, after in changes_of(zone):
        reason = _danger(after.start, before.offset, after.offset)
        if reason:
            return reason
    return None


def _danger(change: int, before: int, after: int) -> str | None:
    """Say what robfig/cron makes a mess of in one change of clock."""
    year = datetime.fromtimestamp(change, UTC).year
    stops, resumes = change + before, change + after
    if (after - before) % _HOUR:
        return f"its clock moved by {abs(after - before) // 60} minutes in {year}"
    if stops % _HOUR:
        return f"its clock changed within an hour in {year}"
    if before - after > _HOUR:
        return f"its clock went back by {(before - after) // _HOUR} hours in {year}"
    earlier, later = sorted((stops, resumes))
    if -(-earlier // DAY) * DAY < later:
        return f"its clock {'skipped' if stops < resumes else 'repeated'} midnight in {year}"
    return None
