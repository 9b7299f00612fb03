"""Tells on standard error how far a benchmark is, so that its minutes are not silent."""

import sys
import time
from typing import Final

_EVERY_TERMINAL: Final = 0.2
_EVERY_LOG: Final = 10.0


class Progress:
    """One line that moves on a terminal, and a line every ten seconds elsewhere."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._shown = 0.0
        self._open = False

    def say(self, text: str) -> None:
        """Begin a new step."""
        self._end_line()
        print(f"[{self._age():5.0f} s] {text}", file=sys.stderr, flush=True)

    def count(self, what: str, done: int, of: int) -> None:
        """Show a step's count, unless one was shown a moment ago."""
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self._shown < (_EVERY_TERMINAL if terminal else _EVERY_LOG) and done < of:
            return
        self._shown = now
        line = f"[{self._age():5.0f} s]   {what} {done} of {of}"
        print(f"\r{line}\x1b[K" if terminal else line, end="" if terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip
        self._open = terminal

    def done(self) -> None:
        """Leave the terminal at the start of a line."""
        self._end_line()

    def _age(self) -> float:
        return time.monotonic() - self._started

    def _end_line(self) -> None:
        if self._open:
            print(file=sys.stderr)
        self._open = False
