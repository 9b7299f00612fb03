"""The size of a status: under 64 KiB as serialised, whatever a task prints.

`status.fold` passes its result through `fit`. Tails and messages have bounds of their own; this
is the last one, for the case in which all of them are reached at once.
"""

import json
from typing import Final

from cronwright.core.tail import tail_of
from cronwright.model.run import Captured, PendingReason, PendingRun, RunRecord
from cronwright.model.status import TaskStatus

LIMIT: Final = 56 * 1024  # beside it stands `recorded`, of at most 6 KiB (plan.KEPT_AT_MOST)
MAX_TAIL_BYTES: Final = 16384  # of spec.logs
MAX_TAIL_LINES: Final = 1000
_SUMMARY_BYTES: Final = 96
_AROUND: Final = '"":"",'


def encoded_size(status: TaskStatus) -> int:
    """Measure a status as the API server stores it, in bytes."""
    return stored_size(status.render())


def fit(status: TaskStatus) -> TaskStatus:
    """Shorten a status that is too large: old results and the like, old runs, then the tails."""
    if _surely_small(status) or encoded_size(status) <= LIMIT:
        return status
    entries = list(status.history)
    for position in range(len(entries) - 1, -1, -1):
        entries[position] = _summary(entries[position])
    status = status.model_copy(update={"history": entries})
    while entries and encoded_size(status) > LIMIT:
        entries = entries[: len(entries) * 3 // 4]
        status = status.model_copy(update={"history": entries})
    room = MAX_TAIL_BYTES
    while room and encoded_size(status) > LIMIT:
        # Many runs are active, wait and were asked for at the same time.
        room = room * 3 // 4
        runs = {"last_run": status.last_run, "last_failure": status.last_failure}
        shorter = {key: run and _with_tail(run, room) for key, run in runs.items()}
        status = status.model_copy(update=shorter)
    if encoded_size(status) > LIMIT:
        # The Jobs of runs that wait for their next attempt have the values as well.
        pending = [_without_values(each) for each in status.pending]
        status = status.model_copy(update={"pending": pending})
    return status


def _with_tail(run: RunRecord, room: int) -> RunRecord:
    if run.log_tail is None:
        return run
    tail = tail_of(run.log_tail, room, MAX_TAIL_LINES) if room else ""
    if tail == run.log_tail:
        return run
    return run.model_copy(update={"log_tail": tail or None, "captured": Captured.PARTIAL})


def _without_values(waiting: PendingRun) -> PendingRun:
    if waiting.reason is not PendingReason.RETRY:
        return waiting
    return waiting.model_copy(update={"parameters": None})


def _surely_small(status: TaskStatus) -> bool:
    """Spare the serialisation in the usual case: a bound from above, at a fifth of its cost."""
    records = [each for each in (status.last_run, status.last_failure) if each]
    texts = [each.log_tail for each in records]
    texts += [status.schedule, status.timetable, *(each.message for each in status.conditions)]
    for record in (*records, *status.history):
        texts += (record.message, record.result, record.version, record.reason)
        for name, value in (record.parameters or {}).items():
            texts += (name, value, _AROUND)
    for each in status.pending:
        for name, value in (each.parameters or {}).items():
            texts += (name, value, _AROUND)
    texts.append(status.checkpoint)
    encoded = stored_size([text for text in texts if text])
    # What else there is are names, ids and times, each of a known length.
    entries = len(records) + len(status.history) + len(status.active)
    small = len(status.recorded) + len(status.requests) + len(status.backfills)
    others = 320 * len(status.pending) + 192 * len(status.gaps) + 2 * len(status.timetable or "")
    return encoded + 640 * entries + others + 128 * small + 4096 < LIMIT


def stored_size(value: object) -> int:
    """Measure a value as the API server stores it, in bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # The API server is written in Go, whose JSON escapes these to six bytes each.
    escaped = 5 * sum(map(text.count, "<>&")) + 3 * sum(map(text.count, "\u2028\u2029"))
    return len(text.encode(errors="replace")) + escaped


def _summary(entry: RunRecord) -> RunRecord:
    return entry.model_copy(
        update={
            "result": (entry.result or "")[:_SUMMARY_BYTES] or None,
            "message": (entry.message or "")[:_SUMMARY_BYTES] or None,
            "parameters": None,
        }
    )
