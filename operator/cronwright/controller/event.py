"""Kubernetes Events of the operator's: what nobody would hear of otherwise."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cronwright.model.base import render_time


def warning(
    name: str, about: Mapping[str, Any], reason: str, message: str, now: datetime
) -> dict[str, Any]:
    """Make a warning about an object; one of the same name is the same warning."""
    return {
        "metadata": {"name": name, "namespace": about["namespace"]},
        "involvedObject": dict(about),
        "type": "Warning",
        "reason": reason,
        "message": message,
        "source": {"component": "cronwright"},
        "firstTimestamp": render_time(now),
        "lastTimestamp": render_time(now),
        "count": 1,
    }
