"""Says whether this process leads: the only one that writes, of all that run.

`crew` gains it, `operator` gives it up; the client asks `check` in the moment in which it sends
a write. With a Lease one of several processes leads. Without, the one that there is leads always.
"""

import asyncio
import logging
import os
import socket
from secrets import token_hex
from typing import Final, Self

from cronwright.controller import alarm
from cronwright.core.election import Durations
from cronwright.kube.client import Client
from cronwright.kube.errors import Fenced
from cronwright.kube.lease import Claim, Lease, LostError
from cronwright.settings import OperatorSettings

logger = logging.getLogger(__name__)

_LOST: Final = 1
_RELEASE_TIMEOUT: Final = 3.0


class Leadership:
    """Whether this process leads."""

    def __init__(self, lease: Lease | None) -> None:
        self._lease = lease
        self._gained = False
        self._keeping: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, client: Client, settings: OperatorSettings) -> Self:
        """Set it up as the settings say; the client is the Lease's, and must have no fence."""
        if not settings.leader_election:
            return cls(None)
        # By default no two processes have the same name, not even one after the other.
        identity = settings.lease_identity or f"{socket.gethostname()}_{token_hex(4)}"
        durations = Durations(
            lease=settings.lease_duration_seconds,
            deadline=settings.lease_renew_deadline_seconds,
            retry=settings.lease_retry_seconds,
        )
        claim = Claim(settings.lease_namespace, settings.lease_name, identity, durations)
        return cls(Lease(client, claim, alarm.ring_in))

    @property
    def contested(self) -> bool:
        """Tell whether another process may have led before, or may wait to."""
        return self._lease is not None

    @property
    def leading(self) -> bool:
        """Tell whether this process leads at this moment."""
        return self._gained and (self._lease is None or self._lease.may_write())

    def check(self) -> None:
        """Let only a leader pass; else Fenced."""
        if not self.leading:
            raise Fenced

    async def gain(self) -> None:
        """Wait until this process leads; from then on it does, until it gives up or ends."""
        if self._lease is not None:
            alarm.install()
            await self._lease.take()
            self._keeping = asyncio.create_task(self._keep(self._lease))
        self._gained = True

    async def give_up(self) -> None:
        """Lead no more, and let another process begin at once."""
        self._gained = False
        if self._lease is None:
            return
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        try:
            async with asyncio.timeout(_RELEASE_TIMEOUT):
                await self._lease.release()
        except TimeoutError:
            logger.warning("lease not released: no answer in time")
        alarm.stop()

    async def _keep(self, lease: Lease) -> None:
        """Renew the Lease, and where that fails end the process at once, whatever it is doing.

        The alarm stands behind this, for when the event loop does not get to it.
        """
        try:
            await lease.keep()
        except LostError as error:
            logger.critical("no longer leading; ending at once", extra={"error": str(error)})
        except Exception:
            logger.exception("the lease is not renewed any more; ending at once")
        os._exit(_LOST)
