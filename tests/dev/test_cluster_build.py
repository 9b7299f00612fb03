"""Building the control plane: once a machine, whole or not at all. A script stands in for Go."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev.cluster import build
from dev.cluster.failure import ClusterError

GO = """#!/bin/sh
echo "$1" >> "{log}"
case "$1" in
version) echo "go version {version} linux/amd64" ;;
list) printf 'one\\ntwo\\ncronwright.dev/controlplane\\n' ;;
build)
  printf 'one\\ntwo\\ncronwright.dev/controlplane\\n' >&2
  while [ "$1" != -o ]; do shift; done
  echo made > "$2"
  {ending}
  ;;
esac
"""


class Machine:
    """A machine with a Go that only looks like one."""

    def __init__(self, directory: Path) -> None:
        self.cache = directory / "cache" / "cronwright" / "controlplane"
        self.programs = directory / "bin"
        self.programs.mkdir()
        self._log = directory / "go.log"
        self.give_go()

    def give_go(self, version: str = "go1.26.1", ending: str = "") -> None:
        go = self.programs / "go"
        go.write_text(GO.format(log=self._log, version=version, ending=ending))
        go.chmod(0o755)

    def builds(self) -> int:
        return self._log.read_text().splitlines().count("build")

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.cache.iterdir() if path.is_dir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(tmp_path)
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "go.mod").write_text("go 1.26.0\n\nrequire (\n\tk8s.io/kubernetes v1.37.2\n)\n")
    (sources / "main.go").write_text("package main\n")
    monkeypatch.setattr(build, "SOURCES", sources)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{machine.programs}:/usr/bin:/bin")
    return machine


def test_it_is_built_once(machine: Machine) -> None:
    first = build.executable()
    assert first.read_text() == "made\n"
    assert build.executable() == first
    assert machine.builds() == 1


def test_who_comes_while_it_is_built_waits_for_it(machine: Machine) -> None:
    together = threading.Barrier(3)

    def ask(_: int) -> Path:
        together.wait()
        return build.executable()

    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(ask, range(3)))
    assert len(found) == 1
    assert machine.builds() == 1


def test_other_sources_and_another_go_make_another(machine: Machine) -> None:
    first = build.executable()
    (build.SOURCES / "main.go").write_text("package main // changed\n")
    second = build.executable()
    machine.give_go("go1.27.0")
    third = build.executable()
    assert len({first, second, third}) == 3
    assert first.exists()


def test_a_failed_build_leaves_nothing_and_says_why(machine: Machine) -> None:
    machine.give_go(ending="echo 'main.go:1: no such thing' >&2; exit 1")
    with pytest.raises(ClusterError, match=r"main\.go:1: no such thing"):
        build.executable()
    assert machine.kept() == []
    machine.give_go()
    assert build.executable().exists()


def test_what_a_killed_build_left_is_cleared_away(machine: Machine) -> None:
    half = machine.cache / "building-killed"
    half.mkdir(parents=True)
    (half / "controlplane").touch()
    program = build.executable()
    assert machine.kept() == [program.parent.name]


def test_progress_is_told_without_a_terminal(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    build.executable()
    told = capfd.readouterr()
    assert "building Kubernetes from source" in told.out
    lines = told.err.splitlines()
    assert lines == [
        "[0:00] fetching modules",
        "[0:00] compiling 3 packages",
        "[0:00] linking",
    ]
