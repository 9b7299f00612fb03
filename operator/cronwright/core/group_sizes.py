"""The sizes of concurrency groups, as a namespace's ConfigMap gives them.

An informer keeps what is read here, and `controller/groups` counts with it. A size that can't be
read is as good as none, and said in an Event.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CONFIG_MAP: Final = "cronwright-concurrency-groups"
LARGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """A namespace's ConfigMap: how many runs of each group may be active at once."""

    namespace: str
    name: str
    uid: str
    resource_version: str
    sizes: Mapping[str, int]
    faults: tuple[str, ...]  # what can't be read, for people


def group_sizes(body: Mapping[str, Any]) -> GroupSizes:
    """Keep what matters of a ConfigMap's JSON."""
    metadata, data = body["metadata"], body.get("data") or {}
    sizes = {group: _size(text) for group, text in data.items()}
    faults = [
        f'data.{group} "{data[group][:60]}": no size of a group; write a number from 1 to {LARGEST}'
        for group, size in sorted(sizes.items())
        if size is None
    ]
    return GroupSizes(
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        sizes={group: size for group, size in sizes.items() if size is not None},
        faults=tuple(faults),
    )


def _size(text: str) -> int | None:
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 4):
        return None
    return int(text) if 1 <= int(text) <= LARGEST else None
