"""Builds `dev/controlplane` once a machine, into the user's cache under a key of its sources.

`lifecycle` asks for the executable; other checkouts with the same sources find the same one.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dev.cluster import toolchain
from dev.cluster.failure import ClusterError
from dev.cluster.layout import CHECKOUT
from dev.cluster.progress import Progress
from dev.cluster.toolchain import Toolchain

SOURCES: Final = CHECKOUT / "dev" / "controlplane"
_NAME: Final = "controlplane"
_VERSION_PACKAGE: Final = "k8s.io/component-base/version"


def executable() -> Path:
    """Give the program, built now if need be."""
    cache = _cache()
    module = (SOURCES / "go.mod").read_text()
    go = toolchain.find(_least_go(module), cache)
    flags = _flags(module)
    target = cache / _key(go, flags)
    program = target / _NAME
    if program.exists():
        return program
    with _alone(cache):
        if not program.exists():  # somebody else may have built it meanwhile
            _build(go, flags, target)
    return program


def _build(go: Toolchain, flags: list[str], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="building-", dir=target.parent) as directory:
        new = Path(directory) / "new"
        new.mkdir()
        print("building Kubernetes from source, once on this machine; this takes some minutes")
        with Progress() as progress:
            progress.phase("fetching modules")
            _go(go, "mod", "download")
            total = len(_go(go, "list", "-deps", ".").splitlines())
            _compile(go, [*flags, "-o", str(new / _NAME), "."], total, progress)
        (new / "key").write_text(target.name)
        new.replace(target)  # whole, or not there


def _compile(go: Toolchain, arguments: list[str], total: int, progress: Progress) -> None:
    progress.phase(f"compiling {total} packages")
    words: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        [go.program, "build", "-v", *arguments],
        cwd=SOURCES,
        env=go.environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for count, line in enumerate(process.stderr, start=1):
            words.append(line.rstrip())
            linking = line.startswith("cronwright.dev/")
            what = "linking" if linking else f"compiled {count} of {total} packages: {words[-1]}"
            progress.phase(what, announce=linking)
    if process.returncode != 0:
        raise ClusterError("go build failed:\n" + "\n".join(words))


def _go(go: Toolchain, *arguments: str) -> str:
    done = subprocess.run(
        [go.program, *arguments],
        cwd=SOURCES,
        env=go.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterError(f"go {' '.join(arguments)} failed:\n{done.stderr.strip()}")
    return done.stdout


def _flags(module: str) -> list[str]:
    version = _required(module, "k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    variables = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
    }
    named = " ".join(f"-X {_VERSION_PACKAGE}.{name}={text}" for name, text in variables.items())
    return ["-trimpath", "-ldflags", f"-s -w {named}"]


def _required(module: str, path: str) -> str:
    found = re.search(rf"^\s*{re.escape(path)} (v\S+)", module, re.MULTILINE)
    if found is None:
        raise ClusterError(f"{SOURCES / 'go.mod'} requires no {path}")
    return found[1]


def _least_go(module: str) -> tuple[int, int]:
    found = re.search(r"^go (\d+)\.(\d+)", module, re.MULTILINE)
    if found is None:
        raise ClusterError(f"{SOURCES / 'go.mod'} has no go line")
    return int(found[1]), int(found[2])


def _key(go: Toolchain, flags: list[str]) -> str:
    digest = hashlib.sha256("\0".join([go.version, *flags]).encode())
    for path in sorted(SOURCES.iterdir()):
        if path.suffix in {".go", ".mod", ".sum"}:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    directory = Path(root) / "cronwright" / "controlplane"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for left in cache.glob("building-*"):  # of a build that was killed: we hold the lock
            shutil.rmtree(left)
        yield
