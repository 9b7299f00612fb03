"""Durations in the resource: read as the schedule language reads them (schedule/duration.py)."""

from cronwright.schedule.duration import PATTERN, PATTERN_WITH_DAYS, REMEDY, parse_duration

__all__ = ["PATTERN", "PATTERN_WITH_DAYS", "REMEDY", "parse_duration"]
