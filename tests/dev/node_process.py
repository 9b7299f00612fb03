"""A second node beside the cluster's own, with other settings or fewer rights."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex
from typing import Final

from cronwright.kube.client import Client
from dev.cluster.layout import CHECKOUT, Layout
from tests.cluster.waiting import until

NOBODY: Final = 65534
# As somebody who owns nothing here. That the checkout and its Python may stand where others can't
# look is no matter of the node's, so that much is granted.
UNPRIVILEGED: Final = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
    "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
)  # fmt: skip
# In a user namespace that allows no mount namespaces in it.
WITHOUT_NAMESPACES: Final = (
    "unshare", "--user", "--map-root-user", "sh", "-c",
    'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"', "sh",
)  # fmt: skip


class NodeProcess:
    """A node that runs, and what it says."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log

    def log(self) -> str:
        """Give what it has said."""
        return self._log.read_text()


@asynccontextmanager
async def running_node(
    client: Client,
    layout: Layout,
    wrapper: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> AsyncIterator[NodeProcess]:
    """Start a node that only pods get to which name it, and take it away at the end."""
    name = f"node-{token_hex(3)}"
    # Not below pytest's own directory, which other users can't pass through.
    directory = Path(tempfile.mkdtemp(prefix="node-"))
    path = f"/api/v1/nodes/{name}"
    # Made before the node registers itself, so that the scheduler never thinks of it.
    body = {"metadata": {"name": name}, "spec": {"unschedulable": True}}
    await client.create("/api/v1/nodes", body)
    try:
        command = [*wrapper, sys.executable, "-m", "dev.node", *_flags(name, directory, layout)]
        process = _start(command, directory / "log", {**os.environ, **(variables or {})})
        try:
            node = NodeProcess(name, directory / "log")

            async def ready() -> bool:
                assert process.poll() is None, node.log()
                status = (await client.get(path))["status"]
                return any(
                    (each["type"], each["status"]) == ("Ready", "True")
                    for each in status.get("conditions", ())
                )

            await until(ready, every=0.05)
            yield node
        finally:
            process.terminate()
            process.wait(20)
    finally:
        await client.delete(path)
        shutil.rmtree(directory)


def _start(command: list[str], log: Path, variables: dict[str, str]) -> subprocess.Popen[bytes]:
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=CHECKOUT, stdout=file, stderr=file, env=variables)


def _flags(name: str, directory: Path, layout: Layout) -> list[str]:
    """Copy what the node reads to where it may, whoever it is."""
    for file in ("node.crt", "node.key", "ca.crt"):
        shutil.copy(layout.certificates / file, directory)
    shutil.copy(layout.kubeconfigs / "node", directory / "kubeconfig")
    (directory / "root").mkdir()
    if os.geteuid() == 0:
        for each in (directory, *directory.iterdir()):
            os.chown(each, NOBODY, NOBODY)
            each.chmod(0o755 if each.is_dir() else 0o644)
        os.chown(directory / "root", NOBODY, NOBODY)
        (directory / "root").chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = {
        "kubeconfig": directory / "kubeconfig",
        "name": name,
        "port": port,
        "root": directory / "root",
        "serving-cert": directory / "node.crt",
        "serving-key": directory / "node.key",
        "client-ca": directory / "ca.crt",
    }
    return [f"--{key}={value}" for key, value in flags.items()]
