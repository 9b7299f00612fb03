"""Asks the operator that runs beside this API, in the same pod, how it does.

`probes` shows it. Another pod's operator may be the one that leads, so nothing here makes the API
itself degraded.
"""

from collections.abc import Callable
from typing import Any, Final

import aiohttp
from yarl import URL

from cronwright.api.recent import Recent
from cronwright.lifecycle import State

_SECONDS: Final = 1.0
_TIMEOUT: Final = 1.0
UNKNOWN: Final = "Unknown"
_LOOPBACK: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where others listen


class Operator:
    """The operator at a port of the address that this API listens on."""

    def __init__(self, bind_address: str, port: int, clock: Callable[[], float]) -> None:
        host = _LOOPBACK.get(bind_address, bind_address)
        self._url = URL.build(scheme="http", host=host, port=port, path="/health")
        self._recent: Recent[None, dict[str, Any]] = Recent(1, _SECONDS, clock)

    async def look(self) -> dict[str, Any]:
        """Give its state, and whether it leads; within a second, what was found before."""
        return await self._recent.get(None, self._look)

    async def _look(self) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(self._url) as answer,
            ):
                report = await answer.json()
                return {"state": State(report["state"]).value, "leading": bool(report["leading"])}
        except aiohttp.ClientConnectorError:
            return {"state": State.TERMINATED.value, "leading": False}  # nobody listens
        except (aiohttp.ClientError, TimeoutError, LookupError, TypeError, ValueError):
            return {"state": UNKNOWN, "leading": False}
