"""The tasks that the benchmarks work on, as manifests."""

from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

ZONE: Final = "Europe/Berlin"
MARK: Final = "BENCH_MARK"


def task(
    number: int, container: dict[str, Any] | None = None, policy: str = "Forbid"
) -> dict[str, Any]:
    """Make a task of an ordinary size."""
    return {
        "apiVersion": "cronwright.dev/v1alpha1",
        "kind": "ScheduledTask",
        "metadata": {"name": name(number), "labels": {"team": "reports", "tier": "nightly"}},
        "spec": {
            "schedule": _schedule(),
            "timeZone": ZONE,
            "concurrencyPolicy": policy,
            "container": container or _container(number, "first"),
        },
    }


def name(number: int) -> str:
    """Name a task."""
    return f"report-{number:05d}"


def change(number: int, mark: str) -> dict[str, Any]:
    """Make the merge patch of a task that asks for another CronJob, known by its mark."""
    return {"spec": {"container": _container(number, mark)}}


def _schedule() -> str:
    # Once a day, and not in the hours of the benchmark: no slot's run mixes with what it measures.
    far = datetime.now(ZoneInfo(ZONE)) + timedelta(hours=12)
    return f"{far.minute} {far.hour} * * *"


def _container(number: int, mark: str) -> dict[str, Any]:
    return {
        "image": "registry.invalid/reports:1.4.2",
        "command": ["/bin/sh", "-c", "exec make-report --customer=$CUSTOMER --format=pdf"],
        "env": [
            {"name": "CUSTOMER", "value": str(number)},
            {"name": MARK, "value": mark},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
    }
