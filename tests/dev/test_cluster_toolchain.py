"""Which Go is used."""

from pathlib import Path

import pytest

from dev.cluster import toolchain


def make_go(directory: Path, version: str) -> None:
    directory.mkdir(parents=True)
    go = directory / "go"
    go.write_text(f"#!/bin/sh\necho 'go version {version} linux/amd64'\n")
    go.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "own"),
    [("go1.26.0", True), ("go1.27rc1", True), ("go1.25.9", False), ("devel", False)],
)
def test_the_machines_own_where_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, own: bool
) -> None:
    make_go(tmp_path / "bin", version)
    make_go(tmp_path / "cache" / f"go-{toolchain.SERIES}" / "go" / "bin", "go1.26.6")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    found = toolchain.find((1, 26), tmp_path / "cache")
    assert (found.program == tmp_path / "bin" / "go") is own
    # What is not there for the person's own use keeps its files to itself.
    assert ("GOPATH" in found.variables) is not own
