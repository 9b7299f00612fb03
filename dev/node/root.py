"""A container's root file system: the host's files below, its own writes above, gone with it.

`sandbox` makes it, in the container's own mount namespace, before it changes into it. The writes
are in memory.
"""

import os
import stat
from pathlib import Path
from typing import Final

from dev.node import syscalls

_NOT_SHOWN: Final = ("/proc", "/sys", "/dev")
# Where programs expect to write, whoever they are: empty where the host's can't be shown.
_OWN: Final = frozenset({"run", "tmp"})


def other_mounts() -> list[str]:
    """List what is mounted below the host's root: an overlay of the root does not show it."""
    mounts = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        place = line.split()[4].replace("\\040", " ")
        if place != "/" and not place.startswith(_NOT_SHOWN):
            mounts.append(place)
    return mounts


def make(stage: str, mounts: list[str]) -> tuple[str, list[str]]:
    """Make it of one overlay and the other mounts; give its place, and what is to be read-only."""
    root, upper, work = _directories(stage)
    _overlay("/", root, upper, work)
    for place in mounts:
        target = Path(root + place)
        if target.exists():
            syscalls.bind(place, str(target))
    return root, ["/"]


def make_in_parts(stage: str) -> tuple[str, list[str]]:
    """Make it of an overlay for each directory, as a user without rights may.

    In a user namespace the host's root can't be in an overlay: what is mounted below it must not
    be uncovered. Most of its directories can. The others are the host's own, writable for whom
    they are, but for those where everybody writes.
    """
    root, upper, work = _directories(stage)
    syscalls.bind(root, root)
    parts = ["/"]
    for name in os.listdir("/"):  # noqa: PTH208
        source, target = Path("/", name), Path(root, name)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif not source.is_dir():
            target.touch()
            syscalls.bind(str(source), str(target))
        elif str(source) in _NOT_SHOWN:
            target.mkdir()
        else:
            target.mkdir(mode=stat.S_IMODE(source.stat().st_mode))
            if _show_part(str(source), str(target), f"{upper}/{name}", f"{work}/{name}"):
                parts.append(str(source))
    return root, parts


def _show_part(source: str, target: str, upper: str, work: str) -> bool:
    """Show a directory; give whether it is one of the container's own."""
    for each in (upper, work):
        os.mkdir(each)  # noqa: PTH102
    os.chmod(upper, stat.S_IMODE(os.stat(source).st_mode))  # noqa: PTH101, PTH116
    try:
        _overlay(source, target, upper, work)
    except OSError:
        if Path(source).name in _OWN:
            os.chmod(target, 0o1777)  # noqa: PTH101
            return False
        syscalls.bind(source, target)
        return False
    return True


def _directories(stage: str) -> tuple[str, str, str]:
    syscalls.mount("tmpfs", stage, "tmpfs", data="mode=755")
    root, upper, work = (f"{stage}/{name}" for name in ("root", "upper", "work"))
    for each in (root, upper, work):
        os.mkdir(each)  # noqa: PTH102
    return root, upper, work


def _overlay(lower: str, target: str, upper: str, work: str) -> None:
    data = f"lowerdir={lower},upperdir={upper},workdir={work}"
    syscalls.mount("overlay", target, "overlay", data=data)
