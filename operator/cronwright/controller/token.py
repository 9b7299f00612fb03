"""Hands the API's container a token of its own, weaker account.

A pod has one ServiceAccount. The operator may create tokens for the API's, and leaves one in a
volume in memory that both containers mount; it is renewed long before it expires. Without it the
API would have to act with the operator's rights.
"""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError
from cronwright.settings import OperatorSettings

logger = logging.getLogger(__name__)

_LIFETIME: Final = 3600
_RETRY: Final = 5.0


async def hand_over(client: Client, settings: OperatorSettings) -> None:
    """Keep a fresh token in the file that the settings name, for ever; none named, do nothing."""
    if settings.api_token_file is None:
        return
    path = paths.service_account_token(
        settings.api_service_account_namespace, settings.api_service_account
    )
    while True:
        try:
            answer = await client.create(path, {"spec": {"expirationSeconds": _LIFETIME}})
        except (ApiError, OSError, TimeoutError) as error:
            logger.warning("no token for the API", extra={"error": str(error)})
            await asyncio.sleep(_RETRY)
            continue
        _leave(settings.api_token_file, answer["status"]["token"])
        expiry = datetime.fromisoformat(answer["status"]["expirationTimestamp"])
        left = (expiry - datetime.now(UTC)).total_seconds()
        # The API server may have shortened the life that was asked for.
        await asyncio.sleep(max(left * 0.5, _RETRY))


def _leave(file: Path, token: str) -> None:
    # A rename, so that the API never reads half a token. The volume is the pod's own, and the
    # two containers may run as different users of the same group.
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(token)
    fresh.chmod(0o640)
    fresh.replace(file)
