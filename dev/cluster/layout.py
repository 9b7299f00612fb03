"""Where a cluster keeps its files; everything else asks here."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]


def from_environment(environment: Mapping[str, str]) -> "Layout":
    """Give the layout below CLUSTER_DIR, else below `.cluster` of this checkout."""
    return Layout(Path(environment.get("CLUSTER_DIR") or CHECKOUT / ".cluster").absolute())


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one cluster, below its directory."""

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; the one that people use."""
        return self.directory / "kubeconfig"

    @property
    def audit_log(self) -> Path:
        """One JSON line for each request that the API server has answered."""
        return self.directory / "audit.log"

    @property
    def audit_policy(self) -> Path:
        """What of a request goes into the audit log."""
        return self.directory / "audit-policy.yaml"

    @property
    def programs(self) -> Path:
        """Links to the one executable, by the name of each component."""
        return self.directory / "bin"

    @property
    def certificates(self) -> Path:
        """Keys and certificates; nobody else may read them."""
        return self.directory / "pki"

    @property
    def kubeconfigs(self) -> Path:
        """The components' kubeconfigs."""
        return self.directory / "kubeconfigs"

    @property
    def etcd(self) -> Path:
        """The database: every object of the cluster."""
        return self.directory / "etcd"

    @property
    def node(self) -> Path:
        """The files of pods."""
        return self.directory / "node"

    @property
    def processes(self) -> Path:
        """A record for each process that was started."""
        return self.directory / "run"

    @property
    def logs(self) -> Path:
        """What processes print."""
        return self.directory / "logs"

    @property
    def ports(self) -> Path:
        """The ports that were chosen."""
        return self.directory / "ports.json"

    def named_elsewhere(self, environment: Mapping[str, str]) -> Path | None:
        """Give the kubeconfig of another cluster, where the environment names one."""
        named = environment.get("CRONWRIGHT_TEST_KUBECONFIG") or environment.get("KUBECONFIG")
        if not named or Path(named).absolute() == self.kubeconfig:
            return None
        return Path(named).absolute()

    def make(self) -> None:
        """Make the directories."""
        for path in (self.certificates, self.kubeconfigs, self.etcd, self.processes):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in (self.programs, self.node, self.logs):
            path.mkdir(exist_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until nobody else starts or stops this cluster, and keep it so."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
