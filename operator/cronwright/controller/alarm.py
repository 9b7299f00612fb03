"""Ends this process at a moment, whatever it does then: also while its event loop hangs.

The kernel's interval timer sends SIGALRM, whose handler is `_exit` of the C library itself, so
that no Python runs any more. A process that was frozen (SIGSTOP, a paused container) takes the
signal that came meanwhile before it executes anything else: one that wakes up too late is gone
before it can write. `leadership` sets the alarm at each renewal.
"""

import ctypes
import signal
from typing import Final

EXIT_CODE: Final = int(signal.SIGALRM)  # `_exit` gets the signal's number
_AT_ONCE: Final = 0.001  # zero would switch the timer off


def install() -> None:
    """Take the signal over; Python's own handlers run too late, between two of its steps."""
    library = ctypes.CDLL(None)
    library.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    library.signal.restype = ctypes.c_void_p
    library.signal(signal.SIGALRM, ctypes.cast(library._exit, ctypes.c_void_p))  # noqa: SLF001


def ring_in(seconds: float) -> None:
    """End the process in so many seconds, and not when it was told before."""
    signal.setitimer(signal.ITIMER_REAL, max(seconds, _AT_ONCE))


def stop() -> None:
    """End it no more."""
    signal.setitimer(signal.ITIMER_REAL, 0)
