"""What tasks will want of their groups, as their statuses say it, before they are looked at.

`crew` asks it once, when this process begins to lead, and hands it to `groups`: whoever is looked
at first must not pass by those that go before.
"""

from collections.abc import Iterable
from datetime import datetime

from cronwright.controller.backlog import want_of
from cronwright.controller.gather import Sources, active_jobs
from cronwright.controller.groups import Want
from cronwright.controller.tasks import TaskKey
from cronwright.core.backlog import room, turn
from cronwright.errors import FieldError
from cronwright.model.run import PendingReason
from cronwright.model.status import Mode
from cronwright.model.task import ScheduledTask


def expected(sources: Sources, now: datetime) -> dict[TaskKey, list[Want]]:
    """Say what each task of a group is expected to want."""
    found = {key: list(_wants(sources, key, now)) for key in sources.tasks.grouped()}
    return {key: wants for key, wants in found.items() if wants}


def _wants(sources: Sources, key: TaskKey, now: datetime) -> Iterable[Want]:
    task = _task(sources, key)
    if task is None or task.deleting or task.spec.concurrency_group is None:
        return
    active = {job.run_id for job in active_jobs(sources, key, judged=True)}
    waiting = [each for each in task.status.pending if each.reason is not PendingReason.RETRY]
    ready = [each for each in sorted(waiting, key=turn) if each.id not in active]
    for entry in ready[: room(task.spec.concurrency_policy, len(active))]:
        want = want_of(key, task, entry)
        if want is not None:
            yield want
    due = task.status.next_run_time
    if task.status.mode is Mode.MANAGED and due is not None and due <= now:
        # Which slot it is the engine finds; its Job may stand already.
        yield Want(key, task.spec.concurrency_group, str(key), task.spec.priority, due)


def _task(sources: Sources, key: TaskKey) -> ScheduledTask | None:
    body = sources.tasks.get(key)
    try:
        return ScheduledTask.from_body(body) if body else None
    except FieldError:
        return None  # `reconcile` will say it
