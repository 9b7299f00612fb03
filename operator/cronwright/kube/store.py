"""The records that an informer keeps, found by name or by an index.

What comes in late never replaces what is newer: an own write's answer overtakes the watch, and
the watch's older event of the same object then changes nothing.
"""

from collections.abc import Callable, Hashable, Iterator
from typing import Generic, NamedTuple, Protocol, TypeVar


class Record(Protocol):
    """What is kept of an object must at least say which object it is, and which version."""

    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def resource_version(self) -> str: ...


T = TypeVar("T", bound=Record)


class ObjectKey(NamedTuple):
    """An object by its place."""

    namespace: str
    name: str


def key_of(record: Record) -> ObjectKey:
    """Give a record's place."""
    return ObjectKey(record.namespace, record.name)


def version_of(record: Record) -> int:
    """Give a record's version as a number.

    Versions grow over all objects of a kind: the API server's own caches depend on it, and since
    Kubernetes 1.35 its clients may.
    """
    return int(record.resource_version)


class Store(Generic[T]):
    """Keep the newest record of each object, and tell of each change."""

    def __init__(
        self,
        on_change: Callable[[T | None, T | None], None],
        index: Callable[[T], Hashable] | None = None,
    ) -> None:
        self._on_change = on_change
        self._index = index
        self._records: dict[ObjectKey, T] = {}
        self._indexed: dict[Hashable, dict[ObjectKey, T]] = {}
        self._doubted: set[ObjectKey] = set()

    def __iter__(self) -> Iterator[T]:
        return iter(list(self._records.values()))

    def get(self, key: ObjectKey) -> T | None:
        """Find a record by its place."""
        return self._records.get(key)

    def select(self, value: Hashable) -> list[T]:
        """Find the records that have a value in the index."""
        return list(self._indexed.get(value, {}).values())

    def put(self, record: T) -> None:
        """Keep a record, unless the kept one is as new or newer."""
        key = key_of(record)
        known = self._records.get(key)
        doubted = key in self._doubted
        self._doubted.discard(key)
        same = known is not None and known.resource_version == record.resource_version
        if known is not None and (same or not doubted) and version_of(record) <= version_of(known):
            return
        if known is not None and known.uid != record.uid:
            # Its deletion went unseen, and another object has taken its name.
            self._drop(key)
            self._on_change(known, None)
            known = None
        self._keep(key, known, record)
        self._on_change(known, record)

    def doubt(self) -> None:
        """Take what comes next of each object for newer, whatever its version says."""
        self._doubted = set(self._records)

    def is_doubted(self, record: T) -> bool:
        """Tell whether nothing was heard of an object since all of them were doubted."""
        return key_of(record) in self._doubted

    def remove(self, final: T) -> None:
        """Take note of a deletion, and tell of it with the object as it last was."""
        key = key_of(final)
        known = self._records.get(key)
        another = known is not None and known.uid != final.uid
        if known is not None and another and version_of(known) > version_of(final):
            return  # told already, when the name's next object came
        self._drop(key)
        if another:
            self._on_change(known, None)
        self._on_change(final, None)

    def _drop(self, key: ObjectKey) -> None:
        self._doubted.discard(key)
        known = self._records.pop(key, None)
        if known is not None:
            self._unindex(key, known)

    def _keep(self, key: ObjectKey, known: T | None, record: T) -> None:
        if known is not None:
            self._unindex(key, known)
        self._records[key] = record
        if self._index is not None:
            self._indexed.setdefault(self._index(record), {})[key] = record

    def _unindex(self, key: ObjectKey, record: T) -> None:
        if self._index is None:
            return
        value = self._index(record)
        same = self._indexed[value]
        del same[key]
        if not same:
            del self._indexed[value]
