"""Asks the operator for runs of slots that have passed, or lists them without asking.

`backfill_routes` comes here. The slots are found by the same code as the operator's
(`core.backfill`), so a dry run lists what would run.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.runs import Wish, asked_before, refuse_too_many, written
from cronwright.api.tasks import Tasks, refuse_deleting
from cronwright.api.timing import stored_timetable
from cronwright.core.backfill import Backfill, slots_of
from cronwright.core.identity import BACKFILL_PREFIX, backfill_run_id
from cronwright.errors import FieldError
from cronwright.model.base import render_time


class BackfillRun(BaseModel):
    """One run of a backfill."""

    slot: datetime = Field(description="The slot that it is for.")
    run_id: str = Field(alias="runId", description="The id of the run, as its record has it.")


class RequestedBackfill(BaseModel):
    """The answer to a backfill: its runs follow, one after the other or as the policy lets them."""

    id: str = Field(description="The backfill's id; the same id asks for the same runs.")
    task: str = Field(description="The task's id.")
    namespace: str = Field(description="The task's namespace.")
    requested_at: datetime = Field(
        alias="requestedAt",
        description="When it was asked for; once all its slots wait or run, when that was.",
    )
    dry_run: bool = Field(alias="dryRun", description="Whether nothing was asked for.")
    runs: list[BackfillRun] = Field(description="The runs, in their order.")


class Backfills:
    """The requests for backfills, as annotations on their tasks."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def request(
        self, wish: Wish, asked: Mapping[str, Any], now: datetime, *, dry_run: bool
    ) -> dict[str, Any]:
        """Ask for the runs of slots that have passed, and list them; or list them alone."""
        body = await self._tasks.find(wish.namespace, wish.task)
        refuse_deleting(body)
        slots = _slots(body, asked, now)
        note = BACKFILL_PREFIX + wish.id
        uid = body["metadata"]["uid"]
        since = None if dry_run else asked_before(body, note, note)
        if since is None:
            since = written(now)
            if not dry_run:
                refuse_too_many(body, now)
                value = {"requestedAt": since, "by": wish.caller, **asked}
                notes = {note: json.dumps(value, ensure_ascii=False)}
                await self._tasks.annotate(wish.namespace, wish.task, uid, notes)
        return {
            "id": wish.id,
            "task": wish.task,
            "namespace": wish.namespace,
            "requestedAt": since,
            "dryRun": dry_run,
            "runs": [
                {"slot": render_time(slot), "runId": backfill_run_id(uid, wish.id, slot)}
                for slot in slots
            ],
        }


def _slots(body: Mapping[str, Any], asked: Mapping[str, Any], now: datetime) -> list[datetime]:
    try:
        backfill = Backfill.read(dict(asked), now)
    except FieldError as error:
        fault = Fault(f"{error.field}: {error.problem}", error.field, error.value, error.remedy)
        raise Problem(Kind.INVALID, fault) from error
    timetable = stored_timetable(body)
    if timetable is None:
        fault = Fault("the task has no schedule, so no slots", remedy="ask for a run instead")
        raise Problem(Kind.INVALID, fault)
    slots = slots_of(timetable, backfill, backfill.limit)
    if not slots:
        detail, remedy = "the task was not due between from and to", "write an earlier from"
        raise Problem(Kind.INVALID, Fault(detail, "from", asked.get("from"), remedy))
    return slots
