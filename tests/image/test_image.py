"""The image, without a builder: the RUN step fills an empty directory, and that starts."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.image import dockerfile

BUILD, FINAL = dockerfile.stages((dockerfile.ROOT / "Dockerfile").read_text())
PREFIX = dockerfile.run_step(BUILD)[-1]
GLIBC = ("libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libutil.so.1")

# Another user than root needs a user namespace to mount in.
UNSHARE = ["unshare", "--mount", *(["--map-root-user"] if os.geteuid() else [])]

# Enters a root that holds the image's directory, read-only, and glibc.
ENTER = """
set -eu
root=$1 prefix=$2 user=$3; shift 3
mount --bind "$prefix" "$root$prefix"
mount -o remount,bind,ro "$root$prefix"
PATH=$PATH:/usr/sbin exec chroot $user "$root" "$@"
"""


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the build stage on what it copies, into an empty directory."""
    sources = tmp_path_factory.mktemp("src")
    dockerfile.copy_sources(BUILD, sources)
    place = tmp_path_factory.mktemp("image") / "cronwright"
    python, script, _ = dockerfile.run_step(BUILD)
    assert python == "python3"
    subprocess.run([sys.executable, script, place], cwd=sources, check=True)
    return place


@pytest.fixture(scope="module")
def empty_root(prefix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a root directory with glibc and a place for the prefix, and nothing else."""
    if subprocess.run([*UNSHARE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace can be made here; run as root or allow user namespaces")
    root = tmp_path_factory.mktemp("root")
    root.chmod(0o755)
    (root / str(prefix).lstrip("/")).mkdir(parents=True)
    linked = subprocess.run(["ldd", sys.executable], capture_output=True, text=True, check=True)
    words = linked.stdout.split()
    loader = next(Path(word) for word in words if "ld-linux" in word)
    libc = next(Path(word) for word in words if word.startswith("/") and "/libc.so" in word)
    for file in (loader, *(libc.with_name(name) for name in GLIBC)):
        target = root / str(file).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.resolve(), target)
    return root


def start(prefix: Path, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Start the image's command in an empty root, as a user of no right and read-only."""
    (user,) = dockerfile.texts(FINAL, "USER")
    who = f"--userspec={user}" if os.geteuid() == 0 else "--userspec=0:0"
    command = [*UNSHARE, "sh", "-c", ENTER, "sh", str(root), str(prefix), who]
    command.append(f"{prefix}/bin/cronwright")
    settings = dict(line.split("=", 1) for line in dockerfile.texts(FINAL, "ENV"))
    environment = {name: value.replace(PREFIX, str(prefix)) for name, value in settings.items()}
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--help"], "usage: cronwright"),
        (["operator", "--help"], "--api-token-file"),
        (["api", "--help"], "--review-cache-seconds"),
        (["crd"], "kind: CustomResourceDefinition"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_it_starts_on_an_empty_root(
    prefix: Path, empty_root: Path, arguments: list[str], expected: str
) -> None:
    """Show that it needs nothing but glibc, no right to write, and no user's name."""
    done = start(prefix, empty_root, *arguments)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout


@pytest.mark.parametrize(
    "arguments", [["operator", "--health-port=0"], ["api", "--port=0", "--metrics-port=0"]]
)
def test_both_processes_load_whole(prefix: Path, empty_root: Path, arguments: list[str]) -> None:
    """Show that what a process imports is there: without a cluster it says just that."""
    done = start(prefix, empty_root, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("cronwright: no kubeconfig at /tmp/.kube/config"), done.stderr


def test_it_holds_no_build_tools(prefix: Path) -> None:
    """Show that nothing is in it with which more could be built or installed."""
    commands = {file.name for file in (prefix / "bin").iterdir()}
    python = f"python3.{sys.version_info.minor}"
    assert commands == {"cronwright", python}
    modules = {file.name for file in (prefix / "lib" / python / "site-packages").iterdir()}
    assert not modules & {"pip", "setuptools", "wheel", "hatchling", "pytest", "mypy", "ruff"}


def test_a_directory_in_use_is_refused(tmp_path: Path) -> None:
    """Show that nothing is mixed into what stands already."""
    (tmp_path / "here").touch()
    script = dockerfile.ROOT / "dev" / "image" / "install.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "is not empty" in done.stderr


def test_the_final_stage_only_copies() -> None:
    """Show that the final stage runs nothing and starts as the chart's user."""
    assert dockerfile.texts(FINAL, "RUN") == []
    assert dockerfile.texts(FINAL, "COPY") == [f"--from=build {PREFIX} {PREFIX}"]
    assert dockerfile.texts(FINAL, "USER") == ["10001:10001"]
    assert dockerfile.texts(FINAL, "ENTRYPOINT") == ['["cronwright"]']


def test_what_is_copied_is_not_ignored() -> None:
    """Show that .dockerignore lets in what the build stage copies, and nothing else."""
    lines = (dockerfile.ROOT / ".dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {name for text in dockerfile.texts(BUILD, "COPY") for name in text.split()[:-1]}
    assert "*" in lines
    assert copied == let_in
