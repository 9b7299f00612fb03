"""Checkpoints: what an attempt leaves for the next one, and for the task's next run.

`status` keeps the latest, `environment` hands it to the Jobs that the operator makes. It is read
once from each attempt that has ended, and only where the container itself wrote its termination
message.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from cronwright.core import size
from cronwright.core.retry import attempt_of
from cronwright.core.run import Run
from cronwright.model.depth import read_json
from cronwright.model.task import ScheduledTask

BYTES: Final = 2048


def latest(task: ScheduledTask, ended: Iterable[Run]) -> str | None:
    """Give a task's checkpoint after the ends of attempts that have no record yet.

    An attempt that leaves none leaves the one before it; one that leaves null or nothing clears it.
    """
    if not task.spec.checkpoint:
        return None
    found = task.status.checkpoint
    shown = {(each.id, each.attempt) for each in task.status.pending}
    last = [(run, run.counting(task.spec.logs.container)) for run in ended]
    news = [
        (attempt[1].ended, run.job.run_id, text)
        for run, attempt in last
        # What the status shows to wait has had its say; another run may have spoken since.
        if attempt is not None
        and (run.job.run_id, attempt_of(run.job) + 1) not in shown
        and attempt[1].ended is not None
        and (attempt[1].message_from_file or attempt[1].exit_code == 0)
        and (text := _read(attempt[1].message)) is not None
    ]
    for _, _, text in sorted(news):
        found = text or None
    return found


def handed(task: ScheduledTask, checkpoint: str | None) -> ScheduledTask:
    """Give a task with the checkpoint that the Job of its next run, or attempt, is to find."""
    if checkpoint == task.status.checkpoint:
        return task
    return replace(task, status=task.status.model_copy(update={"checkpoint": checkpoint}))


def _read(message: str | None) -> str | None:
    """Read a checkpoint from a termination message; None where it has none that can be kept."""
    try:
        parts: Any = read_json(message or "")
    except ValueError:
        return None
    if not isinstance(parts, dict) or "checkpoint" not in parts:
        return None
    value = parts["checkpoint"]
    if value is None:
        return ""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = value if isinstance(value, str) else compact
    # Half a checkpoint is none: what is too large leaves the one before it.
    return text if size.stored_size(text) <= BYTES and "\x00" not in text else None
