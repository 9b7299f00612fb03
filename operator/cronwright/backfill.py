"""`cronwright backfill`: asks for runs of slots of a task that have passed, or lists them.

It writes the annotation that the operator answers, with the rights of whoever calls it. The slots
are found by the same code as the operator's, so --dry-run lists what would run.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from cronwright.core.backfill import DEFAULT_LIMIT, LIMIT_AT_MOST, Backfill, Order, slots_of
from cronwright.core.identity import BACKFILL_PREFIX
from cronwright.errors import FieldError
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.credentials import load_credentials
from cronwright.kube.errors import ApiError, NotFound
from cronwright.model.base import render_time
from cronwright.model.task import ScheduledTask
from cronwright.schedule import Timetable, read


def main(arguments: Sequence[str]) -> int:
    """Run the command; give the exit code: 0, or 1 where nothing could be asked for."""
    chosen = _parser().parse_args(arguments)
    try:
        return asyncio.run(_run(chosen))
    except ApiError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return 1


async def _run(chosen: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    wish = {"from": chosen.first, "to": chosen.last, "limit": chosen.limit, "order": chosen.order}
    asked = {key: value for key, value in wish.items() if value is not None}
    backfill = Backfill.read(asked, now)
    credentials = await load_credentials(chosen.kubeconfig)
    async with Client(credentials, component="backfill") as client:
        namespace = chosen.namespace or credentials.namespace
        path = paths.scheduledtasks(namespace, chosen.name)
        try:
            body = await client.get(path)
        except NotFound as error:
            remedy = f"look with: kubectl get stask -n {namespace}"
            raise FieldError("name", chosen.name, "no such task", remedy) from error
        timetable = _timetable(ScheduledTask.from_body(body))
        slots = slots_of(timetable, backfill, backfill.limit)
        if not slots:
            problem, remedy = "the task was not due from here to --to", "write an earlier time"
            raise FieldError("from", chosen.first, problem, remedy)
        if not chosen.dry_run:
            note = BACKFILL_PREFIX + (chosen.id or str(uuid4()))
            value: dict[str, Any] = {"requestedAt": render_time(now), **asked}
            metadata = {"uid": body["metadata"]["uid"], "annotations": {note: json.dumps(value)}}
            await client.merge_patch(path, {"metadata": metadata})
    _tell(slots, timetable, dry_run=chosen.dry_run)
    return 0


def _timetable(task: ScheduledTask) -> Timetable:
    if not task.spec.scheduled:
        problem, remedy = "it has no schedule, so no slots", "ask for a run instead"
        raise FieldError("name", task.name, problem, remedy)
    return read(task.terms)


def _tell(slots: Sequence[datetime], timetable: Timetable, *, dry_run: bool) -> None:
    word = "would be asked for" if dry_run else "are asked for"
    print(f"{len(slots)} {'run' if len(slots) == 1 else 'runs'} {word}:")
    for slot in slots:
        print(f"{timetable.local(slot)}  {render_time(slot)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cronwright backfill",
        description="Ask for runs of slots of a task that have passed.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("name", help="the task")
    add("-n", "--namespace", default="", help="its namespace; as kubectl finds it")
    add("--from", dest="first", required=True, help="the first instant, as 2026-01-31T00:00:00Z")
    add("--to", dest="last", help="the last instant; now")
    add("--limit", type=int, default=DEFAULT_LIMIT, help=f"slots at most, 1 to {LIMIT_AT_MOST}; 10")
    add("--order", choices=list(map(str, Order)), help="OldestFirst")
    add("--id", help="the same id starts the same runs once; a new one")
    add("--dry-run", action="store_true", help="only list the slots")
    add("--kubeconfig", default="", help="the file; as kubectl finds it")
    return parser
