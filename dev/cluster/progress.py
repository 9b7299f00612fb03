"""Tells what a long build does: on a terminal one line that is rewritten, else a line at times."""

import sys
import threading
import time
from types import TracebackType
from typing import Final, TextIO

_PLAIN_SECONDS: Final = 10.0


class Progress:
    """Show elapsed time and the phase while the block runs."""

    def __init__(self) -> None:
        self._stream: TextIO = sys.stderr
        self._terminal = self._stream.isatty()
        self._began = time.monotonic()
        self._phase = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show_on, daemon=True)

    def phase(self, text: str, *, announce: bool = True) -> None:
        """Say what is being done; `announce` prints it at once where there is no terminal."""
        self._phase = text
        if announce and not self._terminal:
            self._show()

    def __enter__(self) -> "Progress":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._terminal:
            self._stream.write("\n")

    def _show_on(self) -> None:
        while not self._over.wait(0.5 if self._terminal else _PLAIN_SECONDS):
            self._show()

    def _show(self) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        line = f"[{minutes}:{seconds:02}] {self._phase}"
        self._stream.write(f"\r\x1b[K{line[:100]}" if self._terminal else f"{line}\n")
        self._stream.flush()
