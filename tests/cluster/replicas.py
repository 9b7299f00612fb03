"""Two operators that contend for one Lease: killed, ended, frozen and started again by tests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cronwright.kube import paths
from cronwright.kube.client import Client
from tests.cluster.audit import AuditLog
from tests.cluster.operator_process import OperatorProcess, StartOperator
from tests.cluster.waiting import until

LEASE = "cronwright"


@dataclass(slots=True)
class Replicas:
    """Two operators for one namespace, each of which may lead."""

    first: OperatorProcess
    second: OperatorProcess

    @property
    def both(self) -> tuple[OperatorProcess, OperatorProcess]:
        return self.first, self.second

    def other(self, than: OperatorProcess) -> OperatorProcess:
        """Give the one that is not this one."""
        return self.second if than is self.first else self.first

    async def leader(self) -> OperatorProcess:
        """Wait until one leads and the other is ready to; give the one that leads."""

        async def one() -> OperatorProcess:
            for each in self.both:
                await each.ready()
            leading = [each for each in self.both if (await each.health()).get("leading")]
            assert len(leading) == 1, leading
            return leading[0]

        return await until(one, 30.0)

    def end(self) -> None:
        """Leave no process behind."""
        for each in self.both:
            each.end()


def start(start_operator: StartOperator, namespace: str) -> Replicas:
    """Start two for a namespace, with their Lease in it."""
    flags = ("--leader-election=true", f"--lease-namespace={namespace}", f"--lease-name={LEASE}")
    return Replicas(start_operator(namespace, *flags), start_operator(namespace, *flags))


async def lease(client: Client, namespace: str) -> dict[str, Any]:
    """Read what the Lease says."""
    body = await client.get(paths.leases(namespace, LEASE))
    spec: dict[str, Any] = body["spec"]
    return spec


def first_fired(audit: AuditLog, namespace: str, since: datetime) -> datetime | None:
    """Say when a Job was created first after a moment, by the audit log."""
    for entry in audit.entries(namespace, resource="jobs", verb="create"):
        if entry.done and not entry.subresource and entry.received > since:
            return entry.answered
    return None
