"""Asks the operator to cancel runs: the annotation that it acts on, written where a run goes on.

`run_routes` comes here. The operator ends the run (`core.cancel`); what the status says already is
answered at once.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.api.refusals import task_not_found
from cronwright.api.tasks import Tasks, refuse_deleting
from cronwright.core.cancel import ALL
from cronwright.core.identity import (
    CANCEL_PREFIX,
    RUN_REQUEST_PREFIX,
    request_run_id,
    short_id,
)
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import NotFound


@dataclass(frozen=True, slots=True)
class Stop:
    """A caller's wish to cancel a run of a task, or all."""

    run_id: str
    namespace: str
    task: str
    caller: str


class CancelledRun(BaseModel):
    """The answer to a request to cancel: the end follows, within the Pod's grace period."""

    run_id: str = Field(alias="runId", description="The id of the run, or all.")
    task: str = Field(description="The task's id.")
    namespace: str = Field(description="The task's namespace.")
    requested_at: datetime = Field(alias="requestedAt", description="When it was asked for.")


class Cancels:
    """The requests to cancel, as annotations on their tasks."""

    def __init__(self, client: Client, tasks: Tasks) -> None:
        self._client = client
        self._tasks = tasks

    async def request(self, stop: Stop, now: datetime) -> dict[str, Any]:
        """Ask for the end of a run, or of all; asking again changes nothing."""
        body = await self._tasks.find(stop.namespace, stop.task)
        refuse_deleting(body)
        if stop.run_id != ALL:
            _refuse_unknown(body, stop.run_id)
        since = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        value = json.dumps({"requestedAt": since, "by": stop.caller}, ensure_ascii=False)
        annotations = {CANCEL_PREFIX + stop.run_id: value}
        # With the UID the patch is refused where another task of that name has come.
        patch = {"metadata": {"uid": body["metadata"]["uid"], "annotations": annotations}}
        try:
            await self._client.merge_patch(paths.scheduledtasks(stop.namespace, stop.task), patch)
        except NotFound as error:
            raise task_not_found(stop.task, stop.namespace) from error
        return {
            "runId": stop.run_id,
            "task": stop.task,
            "namespace": stop.namespace,
            "requestedAt": since,
        }


def _refuse_unknown(body: Mapping[str, Any], run_id: str) -> None:
    """Refuse a run that has ended, or that nobody knows."""
    status, metadata = body.get("status") or {}, body["metadata"]
    going = {each["id"] for kind in ("active", "pending") for each in status.get(kind, ())}
    going |= {
        request_run_id(metadata["uid"], key.removeprefix(RUN_REQUEST_PREFIX))
        for key in metadata.get("annotations") or {}
        if key.startswith(RUN_REQUEST_PREFIX)
    }
    if run_id in going:
        return
    ended = {each["id"]: each["verdict"] for each in status.get("history", ())}
    if run_id in ended or short_id(run_id) in status.get("recorded", ()):
        how = f" as {ended[run_id]}" if run_id in ended else ""
        fault = Fault(
            f"this run has ended{how}", "runId", run_id, "a run that has ended stays as it is"
        )
        raise Problem(Kind.RUN_ENDED, fault)
    remedy = "GET /tasks/{id} lists those that go on under active"
    raise Problem(
        Kind.RUN_NOT_FOUND, Fault("no run of this id goes on or waits", "runId", run_id, remedy)
    )
