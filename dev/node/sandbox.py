"""What a container sees: a root of its own over the host's, its volumes, its user.

Runs in the container's first process, between fork and exec; `zygote` calls it. What the root is
made of says `root`.
"""

import contextlib
import os
import stat
from pathlib import Path
from typing import Any

from dev.node import root, syscalls

Spec = dict[str, Any]

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")


def enter(spec: Spec) -> None:
    """Make the container's root and change into it."""
    syscalls.mount("", "/", flags=syscalls.MS_REC | syscalls.MS_PRIVATE)
    if spec["isolation"] == "user":
        place, parts = root.make_in_parts(spec["stage"])
    else:
        place, parts = root.make(spec["stage"], spec["otherMounts"])
    syscalls.mount("proc", f"{place}/proc", "proc")
    syscalls.bind("/sys", f"{place}/sys")
    _make_devices(f"{place}/dev")
    _open_paths(place, spec["open"])
    # Opened before the root changes, mounted after it: a target such as /var/run/secrets goes
    # through a symbolic link, which from outside would lead to the host's own /run.
    sources = [os.open(volume["source"], os.O_PATH) for volume in spec["mounts"]]
    os.chroot(place)
    os.chdir("/")
    for volume, source in zip(spec["mounts"], sources, strict=True):
        _show(volume, f"/proc/self/fd/{source}")
        os.close(source)
    if spec["readOnlyRoot"]:
        flags = syscalls.MS_BIND | syscalls.MS_REMOUNT | syscalls.MS_RDONLY
        for part in parts:
            syscalls.mount("", part, flags=flags)


def _make_devices(place: str) -> None:
    syscalls.mount("tmpfs", place, "tmpfs", data="mode=755")
    for name in _DEVICES:
        if Path(f"/dev/{name}").exists():
            Path(f"{place}/{name}").touch()
            syscalls.bind(f"/dev/{name}", f"{place}/{name}")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                         ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):  # fmt: skip
        Path(f"{place}/{name}").symlink_to(target)
    Path(f"{place}/shm").mkdir()
    Path(f"{place}/shm").chmod(0o1777)


def _open_paths(place: str, paths: list[str]) -> None:
    """Let every user pass through the directories in which the host's programs stand.

    A home directory may be closed to others, while an image's programs never are. Only the
    container's own root is changed; what belongs to somebody else stays closed to an unprivileged
    user.
    """
    for path in paths:
        for parent in (Path(path), *Path(path).parents):
            inside = Path(place + str(parent))
            with contextlib.suppress(PermissionError):
                mode = stat.S_IMODE(inside.stat().st_mode)
                if inside.is_dir() and not mode & stat.S_IXOTH:
                    inside.chmod(mode | stat.S_IXOTH | stat.S_IROTH)


def _show(volume: Spec, source: str) -> None:
    target = Path(volume["target"])
    if Path(source).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch(exist_ok=True)
    syscalls.bind(source, str(target), read_only=volume["readOnly"])


def become(spec: Spec) -> None:
    """Take on the container's user and groups, where it names any."""
    if spec["groups"] is not None:
        os.setgroups(spec["groups"])
    if spec["group"] is not None:
        os.setgid(spec["group"])
    if spec["user"] is not None:
        os.setuid(spec["user"])


def find_program(name: str, environment: dict[str, str]) -> str:
    """Find a command as execvp does; FileNotFoundError where there is none."""
    if "/" in name:
        return name
    for directory in environment.get("PATH", os.defpath).split(":"):
        path = os.path.join(directory or ".", name)  # noqa: PTH118
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(f'exec: "{name}": executable file not found in $PATH')
