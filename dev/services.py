"""Operator and API as processes of this checkout: which cluster they serve, and their start.

`demo` starts them in the background, where `make down` finds them; `run` in the foreground.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dev.cluster import lifecycle, ports
from dev.cluster.components import HOST, Component
from dev.cluster.failure import ClusterError
from dev.cluster.layout import CHECKOUT, Layout, from_environment
from dev.cluster.processes import Processes

NAMES: Final = ("operator", "api")

_API_PORT: Final = 8080
_CRDS: Final = CHECKOUT / "crds"


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster that stands, and the directory that processes here are kept by."""

    layout: Layout
    kubeconfig: Path
    kubectl: str

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as the administrator and give what it printed."""
        command = [self.kubectl, "--kubeconfig", str(self.kubeconfig), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ClusterError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def install_crds(self) -> None:
        """Install the resource, or bring it up to date, and wait until it is served."""
        self.run("apply", "--server-side", "--force-conflicts", "-f", str(_CRDS))
        self.run("wait", "--for=condition=Established", "--timeout=30s", "-f", str(_CRDS))

    @property
    def processes(self) -> Processes:
        """The processes that were started here."""
        return Processes(self.layout.processes, self.layout.logs)


def place() -> Place:
    """Give the cluster that the environment names, else bring the local one up."""
    layout = from_environment(os.environ)
    named = layout.named_elsewhere(os.environ)
    if named is None:
        lifecycle.up(layout, os.environ)
        return Place(layout, layout.kubeconfig, str(layout.programs / "kubectl"))
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        raise ClusterError(f"no kubectl on the PATH to reach the cluster of {named} with")
    layout.make()
    return Place(layout, named, kubectl)


def api_port(place: Place) -> int:
    """Give the port of the API: 8080 where it is free, or as before."""
    running = {"api"} if place.processes.find("api") else set()
    return ports.choose(place.layout.ports, ["api"], running, {"api": _API_PORT})["api"]


def operator(place: Place, *flags: str) -> Component:
    """Describe the operator; nothing probes it here, so it answers no probes."""
    return _component(place, "operator", "--health-port", "0", *flags)


def api(place: Place, port: int) -> Component:
    """Describe the API."""
    return _component(
        place, "api", "--bind-address", HOST, "--port", str(port), "--metrics-port", "0"
    )


def _component(place: Place, name: str, *flags: str) -> Component:
    words = ("--kubeconfig", str(place.kubeconfig), "--log-format", "text", *flags)
    # Code that has changed is a reason to start it again.
    sources = sorted((CHECKOUT / "operator").rglob("*.py"))
    command = (sys.executable, "-m", "cronwright", name, *words)
    return Component(name, command, (place.kubeconfig, *sources), CHECKOUT)
