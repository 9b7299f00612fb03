"""Keeps what is watched of one kind of object in memory, as small records.

A list, page by page, then a watch from where the list was read. A watch that ends is taken up
again at the last version heard; where that is too old, the list is read anew, and what is no
longer in it is told as deleted. `controller.children` has one each for CronJobs, Jobs and Pods.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final, Generic

from cronwright.kube.client import Client, JSONObject
from cronwright.kube.errors import ApiError, Gone, Unavailable
from cronwright.kube.paths import resource_of
from cronwright.kube.retry import backoff
from cronwright.kube.store import ObjectKey, Store, T, key_of, version_of

logger = logging.getLogger(__name__)

_LONGEST_WAIT: Final = 10.0


class Informer(Generic[T]):
    """Watch a kind of object and keep a record of each.

    `project` makes a record of an object's JSON, which is then let go; items of a list have
    neither `kind` nor `apiVersion`. `on_change(old, new)` is called in the event loop for each
    change: `old` is None for an object that is new in sight, `new` for one that is gone, and
    `old` is then the object as it last was. `synced` is set once the first list is complete.
    `on_restored` is awaited before an older state is taken for the truth, because the cluster's
    database was set back to it. `restarts` counts how often the watch was begun anew, by what had
    ended it: `ended` by the server, as it does every few minutes; `expired`, so that all is listed
    anew; `failed`.
    """

    def __init__(
        self,
        client: Client,
        path: str,
        project: Callable[[JSONObject], T],
        on_change: Callable[[T | None, T | None], None],
        *,
        label_selector: str = "",
        field_selector: str = "",
        index: Callable[[T], Hashable] | None = None,
        on_restored: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.synced = asyncio.Event()
        self.resource, _ = resource_of(path)
        self.restarts: Counter[str] = Counter()
        self._client = client
        self._path = path
        selectors = {"labelSelector": label_selector, "fieldSelector": field_selector}
        self._params = {name: text for name, text in selectors.items() if text}
        self._project = project
        self._on_change = on_change
        self._store: Store[T] = Store(self._tell, index)
        self._on_restored = on_restored
        self._version: str | None = None  # as of which all is known; None: list first
        self._ahead = 0  # a version that the server said it has not come to
        self._heard = time.monotonic()
        self._listed = self._told = self._heard  # when the list was begun; when news came last

    def get(self, namespace: str, name: str) -> T | None:
        """Find a record by its object's place."""
        return self._store.get(ObjectKey(namespace, name))

    def select(self, value: Hashable) -> list[T]:
        """Find the records for which `index` gives a value."""
        return self._store.select(value)

    def all(self) -> list[T]:
        """List all records."""
        return list(self._store)

    @property
    def version(self) -> int:
        """Say up to which version everything is known; 0 before the first list."""
        return int(self._version or 0)

    def age(self) -> float:
        """Give the seconds since the API server was last heard; a sound watch stays below 120."""
        return time.monotonic() - self._heard

    def seen(self) -> tuple[float, float]:
        """Give how many seconds ago the span began and ended in which nothing went unseen.

        Before the last list objects may have come and gone; after the last news, a bookmark at
        least, they may be there and not be told of yet.
        """
        now = time.monotonic()
        return now - self._listed, now - self._told

    def observe(self, body: JSONObject) -> None:
        """Take in the answer to an own write, before the watch tells of it."""
        self.observe_record(self._project(body))

    def observe_record(self, record: T) -> None:
        """Take in an object that somebody else has projected already.

        One that is not known, and is no newer than what the watch has told, was deleted
        meanwhile: its end has been told, and would not be again.
        """
        known = self._store.get(key_of(record))
        unknown = known is None or known.uid != record.uid
        if unknown and self._version is not None and version_of(record) <= int(self._version):
            return
        self._store.put(record)

    async def run(self) -> None:
        """List and watch, for ever; every failure is tried again."""
        waits = backoff(longest=_LONGEST_WAIT)
        while True:
            began = time.monotonic()
            why = "failed"
            try:
                if self._version is not None:
                    await self._compare(self._version)
                if self._version is None:
                    await self._list()
                await self._watch()
                why = "ended"
            except Gone as error:
                why = "expired"
                logger.info("listing anew", extra={"path": self._path, "error": error.message})
                self._version = None
            except ApiError as error:
                heard = self._heard > began
                level = logging.DEBUG if heard else logging.WARNING
                logger.log(level, "not watching", extra={"path": self._path, "error": str(error)})
            except Exception:
                logger.exception("not watching; listing anew", extra={"path": self._path})
                self._version = None
            self.restarts[why] += 1
            if self._heard > began:
                waits = backoff(longest=_LONGEST_WAIT)
            await asyncio.sleep(next(waits))

    async def _compare(self, version: str) -> None:
        """Ask whether the server is behind what is known: a watch from there would be silent.

        It may only be slow. So the list that follows must say the same before it is believed.
        """
        question = {
            "limit": "1", "resourceVersion": version, "resourceVersionMatch": "NotOlderThan",
        }  # fmt: skip
        params = {**self._params, **question}
        try:
            await self._client.request("GET", self._path, params=params, retry=False)
        except Unavailable as error:
            causes = {each.get("reason") for each in error.details.get("causes", ())}
            if "ResourceVersionTooLarge" not in causes:
                raise
            logger.info("listing anew", extra={"path": self._path, "error": error.message})
            self._version, self._ahead = None, int(version)

    async def _restore(self, version: str) -> None:
        logger.warning(
            "the cluster's state was restored from an older one",
            extra={"path": self._path, "version": version, "known": str(self._ahead)},
        )
        if self._on_restored is not None:
            await self._on_restored()
        self._store.doubt()
        self._ahead = 0

    async def _list(self) -> None:
        # Without a resourceVersion, so the newest: a server's cache may be behind what is known.
        began, seen = time.monotonic(), set[ObjectKey]()
        version = ""
        async for page in self._client.list_pages(self._path, self._params):
            self._hear()
            version = page["metadata"]["resourceVersion"]
            if int(version) < self._ahead:
                await self._restore(version)
                began = time.monotonic()
            for item in page["items"]:
                metadata = item["metadata"]
                seen.add(ObjectKey(metadata["namespace"], metadata["name"]))
                self._take(item, self._store.put)
        for record in self._store:
            # What an own write has brought in since is newer than the list, and will be watched.
            older = version_of(record) <= int(version) or self._store.is_doubted(record)
            if key_of(record) not in seen and older:
                self._store.remove(record)
        self._version, self._listed, self._told, self._ahead = version, began, began, 0
        self.synced.set()

    async def _watch(self) -> None:
        params = {**self._params, "resourceVersion": self._version or ""}
        async with self._client.watch(self._path, params) as events:
            self._hear()
            async for event in events:
                self._hear()
                body = event["object"]
                if event["type"] == "DELETED":
                    self._take(body, self._store.remove)
                elif event["type"] != "BOOKMARK":
                    self._take(body, self._store.put)
                self._version, self._told = body["metadata"]["resourceVersion"], self._heard

    def _take(self, body: JSONObject, keep: Callable[[T], None]) -> None:
        try:
            record = self._project(body)
        except Exception:
            where: dict[str, Any] = {"path": self._path, "object": body["metadata"]["name"]}
            logger.exception("object not understood, left out", extra=where)
            return
        keep(record)

    def _tell(self, old: T | None, new: T | None) -> None:
        try:
            self._on_change(old, new)
        except Exception:
            seen = new or old
            where = {"path": self._path, "object": seen.name if seen else ""}
            logger.exception("change not handled", extra=where)

    def _hear(self) -> None:
        self._heard = time.monotonic()
