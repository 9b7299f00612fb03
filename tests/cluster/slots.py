"""Which slots have their Jobs, by the audit log."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from cronwright.kube.client import Client
from cronwright.model.base import render_time
from tests.cluster.audit import AuditLog
from tests.cluster.minutes import SLOT
from tests.cluster.tasks import Tasks

SECOND = timedelta(seconds=1)
KEEP: dict[str, Any] = {"successfulJobsHistoryLimit": 500, "failedJobsHistoryLimit": 500}


async def fired(audit: AuditLog, client: Client, namespace: str) -> dict[str, Counter[str]]:
    """Count the Jobs that were made for each slot, by task, from the audit log."""
    await audit.settle(client)
    found: dict[str, Counter[str]] = {}
    for entry in audit.entries(namespace, resource="jobs", verb="create"):
        if entry.done and not entry.subresource and isinstance(entry.body, dict):
            metadata = entry.body["metadata"]
            slot = datetime.fromisoformat(metadata["annotations"][SLOT]).astimezone(UTC)
            task = metadata["labels"]["cronwright.dev/task"]
            found.setdefault(task, Counter())[render_time(slot)] += 1
    # One that was made while its maker was killed may stand in the log as a request that failed.
    for job in await Tasks(client, namespace).jobs():
        metadata = job["metadata"]
        slot = datetime.fromisoformat(metadata["annotations"][SLOT]).astimezone(UTC)
        seen = found.setdefault(metadata["labels"]["cronwright.dev/task"], Counter())
        seen[render_time(slot)] = max(seen[render_time(slot)], 1)
    return found


def slots(first: datetime, last: datetime, step: timedelta) -> list[str]:
    """List the slots from one to another."""
    return [render_time(first + n * step) for n in range((last - first) // step + 1)]


def policy(name: str) -> dict[str, Any]:
    """Give the fields of a task that has a policy and keeps all its Jobs."""
    return {"concurrencyPolicy": name, **KEEP}
