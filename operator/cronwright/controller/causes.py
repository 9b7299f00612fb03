"""Reads why slots of native tasks were missed: one list of Events, and only where some were.

`reconcile` asks it between the account and the status. What can't be read leaves the general cause.
"""

import logging

from cronwright.core.facts import CronJobFacts
from cronwright.core.refusal import FAILED_CREATE, Refusal, explained, is_open
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import ApiError
from cronwright.model.status import Gap

logger = logging.getLogger(__name__)


async def causes_of(
    client: Client, cronjob: CronJobFacts | None, gaps: tuple[Gap, ...]
) -> tuple[Gap, ...]:
    """Give gaps the causes that the Events of a live CronJob tell."""
    if cronjob is None or cronjob.suspended or not any(map(is_open, gaps)):
        return gaps
    fields = f"involvedObject.uid={cronjob.uid},reason={FAILED_CREATE}"
    refusals: list[Refusal] = []
    try:
        async for page in client.list_pages(
            paths.events(cronjob.namespace), {"fieldSelector": fields}
        ):
            refusals += filter(None, map(Refusal.of, page["items"]))
    except ApiError as error:
        where = {"namespace": cronjob.namespace, "task": cronjob.name, "error": str(error)}
        logger.warning("events not read", extra=where)
    return explained(gaps, refusals)
