"""Asks the operator to end a run, or all runs of a task, by the annotation that it answers.

`run_routes` comes here. What has ended can't be cancelled, so that a caller is told at once; all
else the operator decides (`core.cancel`).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.runs import Wish, asked_before, written
from cronwright.api.tasks import Tasks, refuse_deleting
from cronwright.core.identity import CANCEL_ALL, CANCEL_PREFIX, RUN_REQUEST_PREFIX, request_run_id


class RequestedCancel(BaseModel):
    """The answer to a request to cancel: the end follows, after the Pod's grace period at most."""

    run_id: str = Field(alias="runId", description="The run's id, or all.")
    task: str = Field(description="The task's id.")
    namespace: str = Field(description="The task's namespace.")
    requested_at: datetime = Field(alias="requestedAt", description="When it was asked for.")


class Cancels:
    """The requests to cancel, as annotations on their tasks."""

    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    async def request(self, wish: Wish, now: datetime) -> dict[str, Any]:
        """Ask for the end of the run that the wish names; a problem where none goes on."""
        body = await self._tasks.find(wish.namespace, wish.task)
        refuse_deleting(body)
        if wish.id != CANCEL_ALL and wish.id not in _going(body):
            fault = Fault(
                f"no run {wish.id} of this task is active or waits",
                "runId",
                wish.id,
                "write an id of active or pending as GET /tasks/{id} shows it, or all",
            )
            raise Problem(Kind.RUN_NOT_FOUND, fault)
        note = CANCEL_PREFIX + wish.id
        since = asked_before(body, note, note)
        # All runs of now are others than those of then.
        if since is None or wish.id == CANCEL_ALL:
            since = written(now)
            value = json.dumps({"requestedAt": since, "by": wish.caller}, ensure_ascii=False)
            uid = body["metadata"]["uid"]
            await self._tasks.annotate(wish.namespace, wish.task, uid, {note: value})
        return {
            "runId": wish.id,
            "task": wish.task,
            "namespace": wish.namespace,
            "requestedAt": since,
        }


def _going(body: Mapping[str, Any]) -> set[str]:
    """List the ids of runs that are active, wait, or are requested."""
    status, metadata = body.get("status") or {}, body["metadata"]
    ids = {str(run["id"]) for kind in ("active", "pending") for run in status.get(kind, ())}
    asked = [key for key in metadata.get("annotations") or {} if key.startswith(RUN_REQUEST_PREFIX)]
    requested = (key.removeprefix(RUN_REQUEST_PREFIX) for key in asked)
    return ids | {request_run_id(metadata["uid"], each) for each in requested}
