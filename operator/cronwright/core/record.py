"""The record of a run: what stays of its Job, its pods and its output in one entry.

`verdict` has said how it ended, `plan` that the record is due; `status` files it.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.parameters import noted
from cronwright.core.pod import ContainerFacts, PodFacts, Role
from cronwright.core.run import Run, due_of, first_start, trigger_of
from cronwright.core.tail import cut, encoded_size, tail_of
from cronwright.core.verdict import Ending
from cronwright.model.depth import read_json
from cronwright.model.logs import Logs
from cronwright.model.run import ActiveRun, Captured, PendingRun, RunRecord, Trigger, Verdict

RESULT_BYTES: Final = 1024
MESSAGE_BYTES: Final = 512
PARAMETERS_BYTES: Final = 512
_AROUND: Final = 6  # the quotes, colon and comma of an entry


def record(run: Run, ending: Ending, logs: Logs) -> RunRecord:
    """Make the record of a run that has ended."""
    job, last = run.job, run.counting(logs.container)
    main = last[1] if last else None
    parts = _termination(main)
    captured, tail = _output(run, logs)
    start = first_start(job) or job.created
    return RunRecord(
        name=job.annotations.get(identity.FIRST_JOB, job.name),
        id=job.run_id,
        generation=_number(job.annotations.get(identity.GENERATION)),
        version=job.annotations.get(identity.TASK_VERSION),
        slot=due_of(job),
        trigger=trigger_of(job),
        verdict=ending.verdict,
        start_time=start,
        completion_time=max(ending.time, start),
        attempts=_attempts(run),
        exit_code=main.exit_code if main else None,
        reason=ending.reason or None,
        message=cut(parts.get("message") or ending.message, MESSAGE_BYTES) or None,
        result=cut(parts.get("result", ""), RESULT_BYTES) or None,
        parameters=_kept(noted(job.annotations.get(identity.PARAMETERS))),
        captured=captured,
        log_tail=tail or None,
    )


def lost_record(active: ActiveRun, now: datetime) -> RunRecord:
    """Make the record of a run whose Job vanished while nobody watched: its end is not known."""
    message = "its Job was deleted while the operator was away"
    return _without_job(active, Ending(Verdict.UNKNOWN, "JobGone", message, now))


def waited_record(active: ActiveRun, attempts: int, ending: Ending) -> RunRecord:
    """Make the record of a run that ended while it waited, and whose Jobs are gone."""
    return _without_job(active, ending, attempts)


def _without_job(active: ActiveRun, ending: Ending, attempts: int = 0) -> RunRecord:
    return RunRecord(
        name=active.name,
        id=active.id,
        slot=active.slot,
        trigger=active.trigger,
        verdict=ending.verdict,
        start_time=active.start_time,
        completion_time=ending.time,
        attempts=attempts,
        reason=ending.reason,
        message=ending.message,
        captured=Captured.LOST,
    )


def skipped_record(run_id: str, reason: str, message: str, now: datetime) -> RunRecord:
    """Make the record of a request that started nothing."""
    return RunRecord(
        id=run_id,
        trigger=Trigger.MANUAL,
        verdict=Verdict.SKIPPED,
        start_time=now,
        completion_time=now,
        reason=reason,
        message=message,
    )


def cancelled_record(waited: PendingRun, now: datetime) -> RunRecord:
    """Make the record of a run that was cancelled before it had a Job."""
    return RunRecord(
        id=waited.id,
        slot=waited.slot,
        trigger=waited.trigger,
        verdict=Verdict.CANCELLED,
        start_time=now,
        completion_time=now,
        reason="CancelRequested",
        message="it was cancelled before it started",
        parameters=_kept(waited.parameters or {}),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _kept(values: Mapping[str, str]) -> dict[str, str] | None:
    """Take as many of a run's values as its record has room for."""
    kept: dict[str, str] = {}
    left = PARAMETERS_BYTES
    for name, value in values.items():
        left -= encoded_size(name) + _AROUND
        text = cut(value, max(left, 0))
        if encoded_size(text) > left:
            break
        left -= encoded_size(text)
        kept[name] = text
    return kept or None


def _attempts(run: Run) -> int:
    restarts = sum(max(_restarts(pod), default=0) for pod in run.pods)
    before = (_number(run.job.annotations.get(identity.ATTEMPT)) or 1) - 1
    return before + max(len(run.pods), run.job.pods_ended) + restarts


def _restarts(pod: PodFacts) -> Iterable[int]:
    # A sidecar that was started again is no attempt of the task's.
    return (each.restarts for each in pod.containers if each.role is not Role.SIDECAR)


def _termination(main: ContainerFacts | None) -> Mapping[str, str]:
    """Read the parts of a termination message, where the container wrote it itself.

    With FallbackToLogsOnError a failed container's message is its log: a JSON line of a crash
    must never be taken for a result.
    """
    if main is None or not main.message or not (main.message_from_file or main.exit_code == 0):
        return {}
    try:
        parts: Any = read_json(main.message)
    except ValueError:
        parts = None
    if isinstance(parts, dict) and parts.keys() & {"result", "message", "checkpoint"}:
        return {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in parts.items()
            if key in {"result", "message"} and value is not None
        }
    return {"result": main.message}


def _output(run: Run, logs: Logs) -> tuple[Captured, str]:
    last = run.heard(logs.container)
    if last is None:
        # Of a Job that is gone a pod may have come and gone with it.
        unseen = run.job.pods_ended or run.pods or (run.gone and not run.job.suspended)
        return (Captured.LOST if unseen else Captured.FULL), ""
    pod, heard = last
    if not heard.begun:
        return Captured.FULL, ""  # nothing of it ever ran, so there was nothing to read
    read = {output.log_key: output for output in run.outputs}
    output = read.get(pod.log_key(heard))
    if output is not None:
        return (Captured.FULL if output.complete else Captured.PARTIAL), output.text
    earlier = [each for each in run.outputs if each.log_key[:2] == (pod.uid, heard.name)]
    if heard.exit_code and heard.message and not heard.message_from_file:
        # The end of its log as the kubelet took it down: at most 2 KiB and 80 lines.
        return Captured.PARTIAL, tail_of(heard.message, logs.max_bytes, logs.tail_lines)
    if earlier:
        return Captured.PARTIAL, earlier[-1].text
    return Captured.LOST, ""
