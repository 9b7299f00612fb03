"""Renders the chart with the cluster's own Helm, as objects by kind and name."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "cronwright"

Objects = dict[tuple[str, str], dict[str, Any]]


class RefusedError(Exception):
    """Helm refused the values; what it said."""


@dataclass(frozen=True, slots=True)
class Helm:
    """The helm command."""

    command: str

    def run(self, *arguments: str) -> str:
        """Run a subcommand; give what it printed, RefusedError with what it complained of."""
        done = subprocess.run(
            [self.command, *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RefusedError(done.stderr)
        return done.stdout

    def render(self, *values: str, release: str = "cronwright") -> Objects:
        """Render the chart in namespace `system`; each value as in `--set`, or a JSON one."""
        settings = [word for value in values for word in (_flag(value), value)]
        text = self.run("template", release, str(CHART), "--namespace", "system", *settings)
        found: Objects = {}
        for body in yaml.safe_load_all(text):
            if body:
                key = (body["kind"], body["metadata"]["name"])
                assert key not in found, f"{key} is rendered twice"
                found[key] = body
        return found


def find_helm() -> str | None:
    """Find helm: in the local cluster's directory, else on the path."""
    directory = Path(os.environ.get("CLUSTER_DIR") or ROOT / ".cluster")
    built = directory / "bin" / "helm"
    return str(built) if built.exists() else shutil.which("helm")


def _flag(value: str) -> str:
    return "--set-json" if value.partition("=")[2].startswith(("{", "[", '"')) else "--set"
