"""Holds a Lease (coordination.k8s.io/v1), so that one process among several leads.

As client-go does it, and `core.election` judges: take it when nobody holds it or its holder has
stood still for its duration, renew it, end the process when that fails for too long, give it back
at the end. `controller/leadership` calls, and asks `may_write` before each write.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from cronwright.core.election import Durations, Record, Sighting, Tenure
from cronwright.kube import paths
from cronwright.kube.client import JSON, MERGE_PATCH, Client, JSONObject
from cronwright.kube.errors import AlreadyExists, ApiError, Conflict, NotFound

logger = logging.getLogger(__name__)

_CALL_TIMEOUT: Final = 2.0
_RELEASE_TRIES: Final = 3


class LostError(Exception):
    """The Lease is another's, or could not be renewed in time."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Which Lease is held, as whom and how."""

    namespace: str
    name: str
    identity: str
    durations: Durations


def monotonic() -> float:
    """Give the seconds of a clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """One Lease: taken, renewed, released.

    `on_renewal` is told each time how many seconds are left until another may begin. The client
    must have no fence: renewals are what opens it.
    """

    def __init__(
        self,
        client: Client,
        claim: Claim,
        on_renewal: Callable[[float], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._claim = claim
        self._on_renewal = on_renewal
        self._clock = clock
        self._sighting = Sighting()
        self._tenure = Tenure(claim.durations)
        self._record: Record | None = None  # ours, as last written
        self._acquired = ""
        self._path = paths.leases(claim.namespace, claim.name)
        self._trouble = ""

    def may_write(self) -> bool:
        """Tell whether it is held at this moment, and for long enough to write."""
        return self._clock() < self._tenure.writes_until

    async def take(self) -> None:
        """Wait until it can be taken, and take it."""
        while True:
            if await self._try_to_take():
                return
            await asyncio.sleep(self._claim.durations.retry / 2)

    async def keep(self) -> NoReturn:
        """Renew for ever; LostError where it is another's, or the deadline has come."""
        retry = self._claim.durations.retry
        wait = retry
        while True:
            await asyncio.sleep(max(min(wait, self._left()), 0.0))
            wait = retry if await self._try_to_renew() else retry / 4

    async def release(self) -> None:
        """Give it back, so that another takes it at once; from now on nothing may be written."""
        self._tenure.renewed = -math.inf
        # Whoever was stopped while taking it may hold it without knowing.
        record = self._record or (await self._still_ours() if self._acquired else None)
        spec = {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time()}
        for _ in range(_RELEASE_TRIES):
            if record is None:
                return
            try:
                await self._write(record, spec)
            except Conflict:  # an answer to us was lost, or somebody has set a label
                record = await self._still_ours()
            except ApiError as error:
                logger.warning("lease not released", extra={"error": str(error)})
                return
            else:
                return

    async def _try_to_take(self) -> bool:
        try:
            record = await self._read()
            self._sighting.see(record, self._clock())
            if self._clock() < self._sighting.free_from(self._claim.identity):
                return False
            self._acquired = _micro_time()
            await self._renew(record, self._sighting.next_term)
        except (AlreadyExists, Conflict):
            return False  # somebody else was faster
        except ApiError as error:
            self._complain(error)
            return False
        self._trouble = ""
        return True

    async def _try_to_renew(self) -> bool:
        record = self._record
        assert record is not None  # noqa: S101 - it was taken
        if self._left() <= 0:
            deadline = self._claim.durations.deadline
            raise LostError(f"the lease could not be renewed for {deadline:g} s")
        try:
            await self._renew(record, record.term)
        except (AlreadyExists, Conflict, NotFound):
            await self._look_again(record)
            return False
        except ApiError as error:
            self._complain(error)
            return False
        self._trouble = ""
        return True

    async def _look_again(self, record: Record) -> None:
        """See what stands in place of what we wrote; LostError where it is another's."""
        try:
            found = await self._read()
        except ApiError as error:
            self._complain(error)
            return
        if found is None:
            self._record = replace(record, version="")  # deleted: made anew
        elif (found.holder, found.term) == (record.holder, record.term):
            self._record = found
        else:
            raise LostError(f'the lease is held by "{found.holder}"')

    async def _still_ours(self) -> Record | None:
        try:
            found = await self._read()
        except ApiError:
            return None
        return found if found and found.holder == self._claim.identity else None

    async def _renew(self, record: Record | None, term: int) -> None:
        sent = self._clock()
        spec = {
            "holderIdentity": self._claim.identity,
            "leaseDurationSeconds": self._claim.durations.lease,
            "leaseTransitions": term,
            "acquireTime": self._acquired,
            "renewTime": _micro_time(),
        }
        self._record = await self._write(record, spec)
        self._tenure.renewed = sent
        self._on_renewal(self._tenure.ends - self._clock())

    async def _read(self) -> Record | None:
        try:
            return self._seen(await self._call("GET", self._path))
        except NotFound:
            return None

    async def _write(self, record: Record | None, spec: JSONObject) -> Record:
        """Change the version that was seen; where none stands, make it."""
        if record is not None and record.version:
            change = {"metadata": {"resourceVersion": record.version}, "spec": spec}
            return self._seen(await self._call("PATCH", self._path, change))
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": self._claim.name, "namespace": self._claim.namespace},
            "spec": spec,
        }
        return self._seen(await self._call("POST", paths.leases(self._claim.namespace), body))

    def _seen(self, body: JSONObject) -> Record:
        spec = body.get("spec") or {}
        return Record(
            version=body["metadata"]["resourceVersion"],
            holder=spec.get("holderIdentity") or "",
            term=spec.get("leaseTransitions") or 0,
            duration=spec.get("leaseDurationSeconds") or self._claim.durations.lease,
            renewed=spec.get("renewTime") or "",
        )

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        # Without retries: each attempt here looks at the clock again.
        left = self._left()
        timeout = min(_CALL_TIMEOUT, left) if left > 0 else _CALL_TIMEOUT
        kind = MERGE_PATCH if method == "PATCH" else JSON
        return await self._client.request(
            method, path, body=body, content_type=kind, timeout=timeout, retry=False
        )

    def _left(self) -> float:
        return self._tenure.writes_until - self._clock()

    def _complain(self, error: ApiError) -> None:
        """Log what is in the way, once for as long as it is the same."""
        if (trouble := str(error)) != self._trouble:
            self._trouble = trouble
            logger.warning("lease not had", extra={"error": trouble})


def _micro_time() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
