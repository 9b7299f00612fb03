"""How both processes log: one JSON object a line, or text for people.

`__main__` sets it up once. What a line is about (`namespace`, `task`) is given as `extra`; specs,
secrets and pod output never are. The execution log is apart: its lines, which `core/journal`
makes, are all that stands on standard output.
"""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from cronwright.settings import LogFormat, LogLevel

EXECUTION: Final = "cronwright.execution"  # the logger that takes whole lines

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
# Kopf hangs whole objects onto its records.
_UNWANTED: Final = frozenset({"k8s_ref", "k8s_skip", "settings", "taskName", "color_message"})


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    return {
        key: value
        for key, value in vars(record).items()
        if key not in _STANDARD and key not in _UNWANTED
    }


class JSONLines(logging.Formatter):
    """Write a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class TextLines(logging.Formatter):
    """Write a record for people to read."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line, or more where there is a traceback."""
        time = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        extras = " ".join(f"{key}={value}" for key, value in _extras(record).items())
        line = f"{time} {record.levelname.lower():7} {record.getMessage()} {extras}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def set_up(level: LogLevel, form: LogFormat) -> None:
    """Send the execution log to standard output, and all else to standard error in a form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines() if form is LogFormat.JSON else TextLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Kopf tells each event at info; its warnings stay.
    if level is not LogLevel.DEBUG:
        logging.getLogger("kopf").setLevel(logging.WARNING)
        logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # What became of runs is told whatever the level is.
    execution = logging.getLogger(EXECUTION)
    execution.handlers = [logging.StreamHandler(sys.stdout)]
    execution.setLevel(logging.INFO)
    execution.propagate = False
