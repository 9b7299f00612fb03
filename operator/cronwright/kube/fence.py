"""Lets a write pass only while its writer may write: a check in the last moment before it is sent.

A write waits for a connection, a token, its turn; until then its writer may have lost the Lease.
`transport` sends each write as a `FencedBody`: the check, and right after it the system call that
sends headers and body together. Nothing else can run between the two.
"""

from collections.abc import Callable

import aiohttp
from aiohttp.abc import AbstractStreamWriter

from cronwright.kube.errors import Fenced

# Raises Fenced where nothing may be written now.
Fence = Callable[[], None]


class FencedBody(aiohttp.BytesPayload):
    """A request's body that isn't sent, and its headers with it, once the fence is closed.

    The HTTP library makes its own error of what is raised in between; `refused` keeps ours.
    """

    def __init__(self, body: bytes, fence: Fence) -> None:
        super().__init__(body)
        self.refused: Fenced | None = None
        self._fence = fence

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Check, and write."""
        try:
            self._fence()
        except Fenced as error:
            self.refused = error
            raise
        await super().write_with_length(writer, content_length)
