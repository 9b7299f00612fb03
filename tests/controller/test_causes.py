"""Events are read where slots were missed, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, cast

import pytest

from cronwright.controller.causes import causes_of
from cronwright.core.facts import CronJobFacts
from cronwright.kube.client import Client
from cronwright.kube.errors import Forbidden
from cronwright.model.run import Verdict
from cronwright.model.status import Gap
from tests.core.test_refusal import event
from tests.core.world import CRONJOB_UID, NOON, cronjob, task

MISSED = Gap(first=NOON, last=NOON, verdict=Verdict.MISSED, reason="Superseded", count=1)
LIVE = cronjob(task())


class Events:
    """Stand in for the API server's Events."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self._refuses = refuses

    async def list_pages(
        self, path: str, params: Mapping[str, str]
    ) -> AsyncIterator[Mapping[str, Any]]:
        self.asked.append((path, params))
        if self._refuses:
            raise Forbidden(HTTPStatus.FORBIDDEN, "Forbidden", "no")
        yield {"items": [event(0, 1)]}


async def test_a_missed_slot_has_the_cause_that_the_events_tell() -> None:
    events = Events()
    (found,) = await causes_of(cast("Client", events), LIVE, (MISSED,))
    assert found.reason == "QuotaExceeded"
    selector = f"involvedObject.uid={CRONJOB_UID},reason=FailedCreate"
    assert events.asked == [("/api/v1/namespaces/team/events", {"fieldSelector": selector})]


async def test_what_cannot_be_read_leaves_the_general_cause() -> None:
    (found,) = await causes_of(cast("Client", Events(refuses=True)), LIVE, (MISSED,))
    assert found == MISSED


@pytest.mark.parametrize(
    ("standing", "gaps"),
    [
        (LIVE, ()),
        (LIVE, (MISSED.model_copy(update={"verdict": Verdict.SKIPPED}),)),
        (None, (MISSED,)),
        (cronjob(task(), suspended=True), (MISSED,)),
    ],
    ids=["no gap", "none was missed", "no CronJob", "the operator fires"],
)
async def test_nothing_is_read_without_need(
    standing: CronJobFacts | None, gaps: tuple[Gap, ...]
) -> None:
    events = Events()
    assert await causes_of(cast("Client", events), standing, gaps) == gaps
    assert events.asked == []
