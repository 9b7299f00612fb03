"""Minutes of the clock, in which all cron schedules count."""

import asyncio
from datetime import UTC, datetime, timedelta

MINUTE = timedelta(minutes=1)
SLOT = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def now() -> datetime:
    """Give the present moment."""
    return datetime.now(UTC)


def minute_of(moment: datetime) -> datetime:
    """Give the beginning of a moment's minute."""
    return moment.replace(second=0, microsecond=0)


def minute_with_lead(seconds: float) -> datetime:
    """Give the next full minute that is at least so many seconds away."""
    return minute_of(now() + timedelta(seconds=seconds)) + MINUTE


def only_at(minute: datetime) -> str:
    """Write a schedule that is due at this minute of each hour."""
    return f"{minute.minute} * * * *"


async def reach(moment: datetime) -> None:
    """Wait for a moment: what is tested is the clock itself."""
    await asyncio.sleep(max(0.0, (moment - now()).total_seconds()))
