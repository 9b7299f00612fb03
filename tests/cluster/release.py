"""A release of the chart on the local cluster: its processes run from a directory, as in its image.

The node pulls no images, and runs commands on the machine itself. So the image's build step fills
a directory outside /tmp, which the chart covers with a volume, and the release's commands are
those in it.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]


@contextmanager
def image_directory() -> Iterator[Path]:
    """Fill a directory with what the image holds, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="cronwright-image-", dir="/var/tmp") as parent:
        Path(parent).chmod(0o755)  # the pod's user is nobody's
        directory = Path(parent) / "cronwright"
        script = CHECKOUT / "dev" / "image" / "install.py"
        subprocess.run([sys.executable, script, directory], check=True)
        yield directory


@dataclass(frozen=True, slots=True)
class Release:
    """A release, not yet installed."""

    helm: str
    kubeconfig: Path
    name: str
    namespace: str

    def install(self, directory: Path) -> None:
        """Install the release and wait until its pod is ready."""
        library = json.dumps([{"name": "LD_LIBRARY_PATH", "value": f"{directory}/lib"}])
        command = f"{directory}/bin/cronwright"
        values = {
            "watchNamespace": self.namespace,
            "bindAddress": "$(POD_IP)",
            # A Service's endpoints can't be on the loopback network, where the node's pods are.
            "api.service.enabled": False,
            "operator.command": [command, "operator"],
            "api.command": [command, "api"],
        }
        words = [f"--set-json={key}={json.dumps(value)}" for key, value in values.items()]
        words += [f"--set-json={part}.extraEnv={library}" for part in ("operator", "api")]
        # The definition stands already, from the other tests; --take-ownership makes it ours.
        more = ("--take-ownership", "--wait", "--timeout", "90s")
        self._run("install", self.name, str(CHECKOUT / "charts" / "cronwright"), *words, *more)

    def uninstall(self) -> str:
        """Uninstall the release, wait until its pod is gone, and give what Helm says of it."""
        return self._run("uninstall", self.name, "--wait", "--timeout", "90s")

    def manifest(self) -> str:
        """Give what is installed."""
        return self._run("get", "manifest", self.name)

    def _run(self, *arguments: str) -> str:
        command = [self.helm, "--kubeconfig", str(self.kubeconfig), "-n", self.namespace]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


def users_of_processes(directory: Path) -> dict[str, set[int]]:
    """Find who runs the commands of a directory: user ids by subcommand."""
    found: dict[str, set[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode().split("\0")
            user = process.stat().st_uid
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        command = f"{directory}/bin/cronwright"
        if command in words:
            found.setdefault(words[words.index(command) + 1], set()).add(user)
    return found


def refusals(audit_log: Path, namespace: str) -> list[str]:
    """List requests of a namespace's accounts that the API server refused for want of rights."""
    found, accounts = [], f"system:serviceaccount:{namespace}:"
    for line in audit_log.read_text().splitlines():
        if accounts not in line:
            continue  # others' may be nested too deeply to be read
        event: dict[str, Any] = json.loads(line)
        user = event["user"].get("username", "")
        code = event.get("responseStatus", {}).get("code")
        if user.startswith(accounts) and code in {401, 403}:
            found.append(f"{user}: {event['verb']} {event['requestURI']}: {code}")
    return found
