"""The cluster's own kubectl and helm: what users type, and the words that they get back."""

import asyncio
import shutil
import subprocess
from pathlib import Path


class CommandError(Exception):
    """A command that failed; the text is what it wrote to standard error."""


class Kubectl:
    """Run kubectl as the cluster's administrator, in one namespace."""

    def __init__(self, program: str, kubeconfig: Path, namespace: str) -> None:
        self._command = [program, "--kubeconfig", str(kubeconfig), "--namespace", namespace]

    async def __call__(self, *arguments: str, stdin: str = "") -> str:
        """Run a command and give what it printed; CommandError where it failed."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            *arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        output, errors = await process.communicate(stdin.encode())
        if process.returncode:
            raise CommandError(errors.decode().strip())
        return output.decode().strip()


def program(name: str, directory: Path) -> str:
    """Find a program: the cluster's own, else the machine's."""
    own = directory / "bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    assert found, f"no {name}: neither {own} nor on the PATH"
    return found
