"""What can happen to a request on its way: each kind of fault as a value.

`script` chooses one for each request, `proxy` makes it happen. The names are what the counts
at the end of a chaos run say.
"""

import json
from dataclasses import dataclass

from tests.faults.wire import Head


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing happens."""


@dataclass(frozen=True, slots=True)
class Delay:
    """It arrives late, also if its sender has died meanwhile, as what is on the wire does."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection is reset before the API server has seen it."""


@dataclass(frozen=True, slots=True)
class Lose:
    """The API server does what it says, and the connection is reset instead of the answer."""


@dataclass(frozen=True, slots=True)
class Tear:
    """The answer breaks off in the middle of its body."""


@dataclass(frozen=True, slots=True)
class Stall:
    """It is neither passed on nor answered; the connection stays open for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Something answers in place of the API server, with a Status object as it does."""

    status: int
    reason: str
    retry_after: int | None = None

    def encode(self) -> tuple[Head, bytes]:
        """Give head and body."""
        body = json.dumps(status_object(self.status, self.reason)).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return Head(f"HTTP/1.1 {self.status} {self.reason}", tuple(headers)), body


@dataclass(frozen=True, slots=True)
class Stale:
    """A list is answered as it was answered earlier; one that is new passes."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A watch ends after so long: as the API server ends one, or by a reset."""

    seconds: float
    clean: bool


@dataclass(frozen=True, slots=True)
class Expire:
    """A watch is told after so long, in an ERROR event, that its version is too old."""

    seconds: float

    @staticmethod
    def event() -> bytes:
        """Give the event, as a line."""
        event = {"type": "ERROR", "object": status_object(410, "Expired")}
        return json.dumps(event).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Lag:
    """A watch's events come so much later than they happened."""

    seconds: float


Fault = Pass | Delay | Drop | Lose | Tear | Stall | Answer | Stale | Cut | Expire | Lag
PASS = Pass()


def name_of(fault: Fault) -> str:
    """Name a fault for people and for counts, such as `Answer 503`."""
    kind = type(fault).__name__
    return f"{kind} {fault.status}" if isinstance(fault, Answer) else kind


def status_object(code: int, reason: str) -> dict[str, object]:
    """Make the Status object of an error."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f"made up by the fault proxy: {reason}",
        "reason": reason,
        "code": code,
    }
