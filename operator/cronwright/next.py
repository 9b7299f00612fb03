"""`cronwright next`: shows when an expression is due, before anything runs by it.

Needs nothing but the package: no cluster, no settings. `--batch` answers many questions, a line of
JSON each. The slots come from schedule/timetable.py.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TextIO

from cronwright.errors import FieldError
from cronwright.schedule import (
    Dialect,
    RepeatedTime,
    SkippedTime,
    Slot,
    Terms,
    Timetable,
    read,
)

USAGE_ERROR: Final = 2
MOST: Final = 10_000
DEFAULT_COUNT: Final = 5


def main(arguments: Sequence[str]) -> int:
    """Answer one question, or those of standard input; give the exit code."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    given = [chosen.expression, chosen.every, chosen.at]
    if chosen.batch:
        if any(given):
            parser.error("--batch takes its expressions from standard input")
        answer_lines(sys.stdin.buffer, sys.stdout)
        return 0
    if not any(each is not None for each in given):
        parser.error("write an expression, --every or --at")
    try:
        after = _instant(chosen.start) if chosen.start else datetime.now(UTC)
        timetable = read(_terms(chosen, after))
        count = _count(chosen.number)
    except FieldError as error:
        print(f"cronwright: {error}", file=sys.stderr)
        return USAGE_ERROR
    slots = list(islice(timetable.slots(after), count))
    print(_as_json(timetable, slots) if chosen.output == "json" else _as_text(timetable, slots))
    return 0


def answer_lines(questions: Iterable[bytes], answers: TextIO) -> None:
    """Answer each line with one line, as soon as it is there."""
    for line in questions:
        answers.write(f"{json.dumps(_answer(line))}\n")
        answers.flush()


def _answer(line: bytes) -> dict[str, Any]:
    try:
        question = _question(line)
        count = _count(question.get("n", DEFAULT_COUNT))
        after = _instant(_text(question, "start"))
        terms = Terms(
            schedule=_text(question, "expr"),
            time_zone=_text(question, "zone", "Etc/UTC"),
            dialect=_dialect(question.get("dialect")),
            created=after,  # what an interval counts from
        )
        slots = islice(read(terms).slots(after), count)
        return {"next": [_utc(slot.nominal) for slot in slots]}
    except FieldError as error:
        return {"error": str(error)}
    except (ValueError, TypeError, RecursionError) as error:
        return {"error": f"the line can't be read: {error}"}


def _question(line: bytes) -> dict[str, Any]:
    question = json.loads(line)
    if isinstance(question, dict):
        return question
    raise TypeError("not a JSON object")


def _text(question: dict[str, Any], name: str, default: str | None = None) -> str:
    value = question.get(name)
    if value is None:
        value = default
    if not isinstance(value, str):
        problem = "missing" if value is None else "no text"
        raise FieldError(name, value, problem, f'write "{name}" as a string')
    return value


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST:
        raise FieldError("n", value, "no such number of slots", f"write 1 to {MOST}")
    return value


def _dialect(value: object) -> Dialect | None:
    if value is None:
        return None
    for dialect in Dialect:
        if isinstance(value, str) and value.casefold() == dialect.casefold():
            return dialect
    remedy = f"write {', '.join(Dialect)}, or leave it out"
    raise FieldError("dialect", value, "no such dialect", remedy)


def _instant(text: str) -> datetime:
    """Read an instant; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        remedy = "write a date-time such as 2026-01-01T00:00:00Z"
        raise FieldError("start", text, "no date-time", remedy) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cronwright next", description="Show when a schedule is due.", allow_abbrev=False
    )
    add = parser.add_argument
    add("expression", nargs="?", help="a cron expression, in one argument")
    add("--zone", default="Etc/UTC", help="the IANA name of its time zone; Etc/UTC")
    add("-n", "--number", type=int, default=DEFAULT_COUNT, help="how many slots to show; 5")
    add("--start", help="show the slots after this instant, such as 2026-01-01T00:00:00Z; now")
    add("--dialect", choices=list(map(str, Dialect)), help="whose reading counts")
    add("--name", default="", help="namespace/name of the task, for H and jitter")
    add("--every", help="an interval such as 90s, instead of an expression")
    add("--at", help="one date-time, instead of an expression")
    add("--start-at", help="the first instant that counts")
    add("--end-at", help="the last instant that counts")
    add("--exclude", action="append", default=[], help="a calendar; may be given several times")
    add("--jitter", help="put each slot off by up to this much")
    add("--repeated-time", choices=list(map(str, RepeatedTime)), help="times that come twice")
    add("--skipped-time", choices=list(map(str, SkippedTime)), help="times that are skipped")
    add("--output", choices=["text", "json"], default="text", help="text, or a JSON object")
    add("--batch", action="store_true", help="answer JSON lines from standard input")
    return parser


def _terms(chosen: argparse.Namespace, created: datetime) -> Terms:
    return Terms(
        schedule=chosen.expression,
        every=chosen.every,
        at=chosen.at,
        time_zone=chosen.zone,
        dialect=Dialect(chosen.dialect) if chosen.dialect else None,
        repeated_time=RepeatedTime(chosen.repeated_time) if chosen.repeated_time else None,
        skipped_time=SkippedTime(chosen.skipped_time) if chosen.skipped_time else None,
        start_at=chosen.start_at,
        end_at=chosen.end_at,
        jitter=chosen.jitter,
        exclude=tuple(chosen.exclude),
        seed=chosen.name,
        created=created,
    )


def _as_text(timetable: Timetable, slots: Sequence[Slot]) -> str:
    mode = "Native" if timetable.native else "Managed"
    lines = [
        timetable.sentence,
        f"{mode} ({timetable.native_reason}): {timetable.native_message}",
        *(f"Warning: {text}" for text in timetable.warnings),
        "",
    ]
    for slot in slots:
        put_off = slot.due - slot.nominal
        jitter = f"  + {int(put_off.total_seconds())} s" if put_off else ""
        lines.append(f"{timetable.local(slot.nominal)}  {_utc(slot.nominal)}{jitter}")
    return "\n".join(lines if slots else [*lines, "never"])


def _as_json(timetable: Timetable, slots: Sequence[Slot]) -> str:
    native = timetable.native
    shown = {
        "schedule": timetable.resolved,
        "sentence": timetable.sentence,
        "mode": "Native" if native else "Managed",
        "modeReason": timetable.native_reason,
        "message": timetable.native_message,
        "cronJob": {"schedule": native.schedule, "timeZone": native.time_zone} if native else None,
        "warnings": list(timetable.warnings),
        "next": [
            {
                "local": timetable.local(slot.nominal),
                "utc": _utc(slot.nominal),
                "due": _utc(slot.due),
            }
            for slot in slots
        ],
    }
    return json.dumps(shown, indent=2)


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
