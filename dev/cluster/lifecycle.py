"""A cluster's life: up, down, and how it is.

`up` makes whatever is missing, so it is both the first start and the repair: what runs as it
should is left alone.
"""

import shutil
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from dev.cluster import audit, build, certificates, components, kubeconfigs, ports
from dev.cluster.api import Api
from dev.cluster.components import HOST, NODE, Component
from dev.cluster.failure import ClusterError
from dev.cluster.layout import Layout
from dev.cluster.processes import Processes, boot

PROGRAMS: Final = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubectl",
    "helm",
)
# Who stops before whom: the node ends its pods while the API server still takes their last words.
_STOPPED_LAST: Final = ("kube-apiserver", "etcd")
_PATIENCE: Final = 60.0
_POLL: Final = 0.05
# Of Go's garbage collector. On two cores it would have a third of the API server's time.
_COLLECTING: Final = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}


def up(layout: Layout, environment: Mapping[str, str]) -> None:
    """Start what does not run as it should, and return when pods can be scheduled."""
    began = time.monotonic()
    program = build.executable()
    with layout.locked():
        started = _Start(layout, environment, program).run()
    if started:
        print(f"cluster up in {time.monotonic() - began:.1f} s ({', '.join(started)} started)")
    else:
        print("cluster is up")
    print(f"  export KUBECONFIG={layout.kubeconfig}")


def down(layout: Layout) -> None:
    """Stop every process that was started for this cluster; its objects stay on the disk."""
    if not layout.directory.exists():
        return
    with layout.locked():
        processes = Processes(layout.processes, layout.logs)
        first = [each for each in processes.all() if each.name not in _STOPPED_LAST]
        processes.stop(first, patience=15.0)
        for name in _STOPPED_LAST:
            last = [each for each in processes.all() if each.name == name]
            processes.stop(last, patience=10.0)


def status(layout: Layout) -> int:
    """Print a line for each process; give 0 if the cluster runs, else 1."""
    processes = Processes(layout.processes, layout.logs)
    found = sorted(processes.all(), key=lambda each: each.name)
    for process in found:
        print(f"{process.name:24} {'running' if process.alive() else 'dead':8} {process.pid}")
    running = bool(found) and all(each.alive() for each in found)
    print(f"kubeconfig: {layout.kubeconfig}" if running else "the cluster is not up: make cluster")
    return 0 if running else 1


class _Start:
    """One `up`."""

    def __init__(self, layout: Layout, environment: Mapping[str, str], program: Path) -> None:
        self._layout = layout
        self._environment = {**_COLLECTING, **environment}
        self._program = program
        self._processes = Processes(layout.processes, layout.logs)
        self._started: list[str] = []

    def run(self) -> list[str]:
        """Bring everything up; give the names of what had to be started."""
        layout = self._layout
        chosen = self._prepare()
        self._etcd(components.etcd(layout, chosen), chosen["etcd"])
        server = components.apiserver(layout, chosen, self._environment.get("APISERVER_ARGS", ""))
        self._ensure(server)
        api = Api(layout.certificates, chosen)
        self._wait("kube-apiserver", api.ready)
        self._ensure(
            components.controller_manager(layout, chosen, self._environment.get("KCM_ARGS", ""))
        )
        self._ensure(components.scheduler(layout, chosen))
        self._ensure(components.node(layout, chosen))
        for name in ("kube-controller-manager", "kube-scheduler"):
            self._wait(name, partial(api.healthy, name))
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait("kube-controller-manager", lambda: api.exists(account))
        self._wait("node", lambda: api.node_ready(NODE))
        return self._started

    def _prepare(self) -> dict[str, int]:
        layout = self._layout
        layout.make()
        _link(layout, self._program)
        certificates.ensure(layout.certificates, datetime.now(UTC))
        audit.write(layout.audit_policy)
        chosen = ports.choose(layout.ports, ports.CLUSTER, self._ports_in_use())
        server = f"https://{HOST}:{chosen['kube-apiserver']}"
        for party in ("kube-controller-manager", "kube-scheduler", "node"):
            kubeconfigs.write(layout.kubeconfigs / party, server, layout.certificates, party)
        kubeconfigs.write(layout.kubeconfig, server, layout.certificates, "admin")
        return chosen

    def _ports_in_use(self) -> set[str]:
        running = {name for name in ports.CLUSTER if self._processes.find(name) is not None}
        return running | ({"etcd-peer"} if "etcd" in running else set())

    def _etcd(self, component: Component, port: int) -> None:
        booted = self._layout.processes / "boot"
        rebooted = booted.exists() and booted.read_text() != boot()
        booted.write_text(boot())
        self._ensure(component)
        try:
            self._wait("etcd", lambda: _listening(port))
        except ClusterError:
            if not rebooted:
                raise
            # It does not wait for the disk, so a machine that went down may have torn its files.
            print("the cluster's database did not survive the reboot: starting an empty one")
            shutil.rmtree(self._layout.etcd)
            self._layout.make()
            self._ensure(component)
            self._wait("etcd", lambda: _listening(port))

    def _ensure(self, component: Component) -> None:
        if self._processes.ensure(component, self._environment):
            self._started.append(component.name)

    def _wait(self, name: str, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not done():
            if self._processes.find(name) is None:
                raise ClusterError(f"{name} ended: {self._last_words(name)}")
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"{name} was not ready within {_PATIENCE:.0f} s: {self._last_words(name)}"
                )
            time.sleep(_POLL)

    def _last_words(self, name: str) -> str:
        log = self._processes.log(name)
        lines = log.read_text(errors="replace").splitlines()[-5:]
        return "\n".join([f"see {log}", *lines])


def _link(layout: Layout, program: Path) -> None:
    for name in PROGRAMS:
        link = layout.programs / name
        if link.is_symlink() and link.readlink() == program:
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(program)


def _listening(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
