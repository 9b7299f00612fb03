"""The programs that answer with the libraries themselves, each built once a machine.

robfig/ and java/ have the sources. A program is kept in the user's cache under a key of its
sources, as the local cluster's is; `Program.ask` runs it once over any number of questions.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from dev.cluster import build, toolchain

HERE: Final = Path(__file__).parent
_LEAST_GO: Final = (1, 21)
_LEAST_JAVA: Final = 17
_MAIN: Final = "dev.cronwright.reference.Answers"


class UnavailableError(Exception):
    """Say in plain words what a program needs that this machine does not have."""


@dataclass(frozen=True, slots=True)
class Program:
    """A command that answers a JSON line with a JSON line, and variables it needs."""

    command: tuple[str, ...]
    variables: dict[str, str] = field(default_factory=dict)

    def ask(self, questions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give the answers, one a question, in order."""
        asked = [json.dumps(question) for question in questions]
        done = subprocess.run(
            self.command,
            input="".join(f"{line}\n" for line in asked),
            env={**os.environ, **self.variables},
            capture_output=True,
            text=True,
            check=True,
        )
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        if len(answers) != len(asked):
            raise AssertionError(f"{len(answers)} answers to {len(asked)} questions: {done.stderr}")
        return answers


def robfig() -> Program:
    """Give robfig/cron, on the database of zones that Python reads."""
    go = toolchain.find(_LEAST_GO, build._cache())

    def make(target: Path) -> None:
        _run([str(go.program), "build", "-o", str(target), "."], HERE / "robfig", go.environment())

    program = _built("robfig", HERE / "robfig", go.version, make)
    return Program((str(program),), {"ZONEINFO": str(zone_directory())})


def java() -> Program:
    """Give Spring and Quartz; UnavailableError where Java or Maven is missing."""
    maven, runtime = shutil.which("mvn"), shutil.which("java")
    if maven is None or runtime is None:
        raise UnavailableError("needs Java and Maven on the path")
    version = _run([runtime, "-version"], HERE, dict(os.environ))
    found = re.search(r'version "(\d+)', version)
    if found is None or int(found[1]) < _LEAST_JAVA:
        raise UnavailableError(f"needs Java {_LEAST_JAVA} or newer")

    def make(target: Path) -> None:
        shutil.copytree(HERE / "java", target)
        goals = ["compile", "dependency:copy-dependencies", "-DincludeScope=runtime"]
        try:
            _run([maven, "--quiet", "--batch-mode", *goals], target, dict(os.environ))
        except RuntimeError as error:
            if re.search("Could not (resolve|transfer|find)", str(error)):
                raise UnavailableError("Maven reaches no repository") from error
            raise

    directory = _built("java", HERE / "java", version, make) / "target"
    path = os.pathsep.join([str(directory / "classes"), str(directory / "dependency" / "*")])
    return Program((runtime, "-cp", path, _MAIN))


def zone_directory() -> Path:
    """Give the directory that Python's `ZoneInfo` reads: the machine's, else that of tzdata.

    Go looks here first too, by ZONEINFO, so a difference between the two is never one of their
    databases; test_zones.py holds that by comparing every change of every zone.
    """
    for each in zoneinfo.TZPATH:
        if (Path(each) / "Europe" / "Berlin").is_file():
            return Path(each)
    return Path(str(files("tzdata").joinpath("zoneinfo")))


def _built(name: str, sources: Path, version: str, make: Callable[[Path], None]) -> Path:
    """Give the file or the directory that `make` makes, made now if need be."""
    cache = build._cache().with_name("reference")
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"{name}-{_key(sources, version)}"
    with _alone(cache):
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix="building-", dir=cache) as directory:
                make(Path(directory) / "new")
                (Path(directory) / "new").replace(target)  # whole, or not there
    return target


def _key(sources: Path, version: str) -> str:
    digest = hashlib.sha256(version.encode())
    for path in sorted(each for each in sources.rglob("*") if each.is_file()):
        digest.update(str(path.relative_to(sources)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:32]


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    with (cache / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    said = f"{done.stdout}{done.stderr}".strip()
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{said}")
    return said
