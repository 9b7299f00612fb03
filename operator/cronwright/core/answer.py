"""The answer to what an annotation asks for: a run, a backfill, the end of runs.

`requests`, `backfill` and `cancel` give it, `controller/answers` carries it out, and `status`
remembers it, so that nothing is acted on twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.model.reasons import CONCURRENCY_FORBID
from cronwright.model.run import PendingReason, PendingRun, Trigger


class Act(Enum):
    """How a request is answered."""

    START = "start"
    QUEUE = "queue"  # it waits for its turn, which may be now
    TAKEN = "taken"  # a backfill, of which all slots wait or have run
    SKIP = "skip"  # Forbid, and a run is active; or too many are active, or wait
    CANCEL = "cancel"  # cancelled before it was answered
    REFUSE = "refuse"
    FORGET = "forget"  # acted on before: only the annotation is left


# Answers that need nothing done in the cluster but the status that notes them.
NOTED: Final = frozenset({Act.QUEUE, Act.TAKEN, Act.REFUSE, Act.FORGET})


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one request."""

    id: str
    act: Act
    run_id: str
    message: str = ""
    reason: str = CONCURRENCY_FORBID  # of what is skipped
    replaces: tuple[JobFacts, ...] = ()
    due: datetime | None = None  # when it was asked for
    slot: datetime | None = None  # of one run of a backfill
    prefix: str = identity.RUN_REQUEST_PREFIX
    waits: bool = False  # it stands in the backlog, and stays there until it has started
    given: Mapping[str, str] = field(default_factory=dict)  # values for the task's parameters

    @property
    def annotation(self) -> str:
        """Name the annotation that carried it."""
        return self.prefix + self.id

    @property
    def remembered(self) -> str:
        """Name it among the ids that are remembered: those of runs and backfills are apart."""
        return self.id if self.prefix == identity.RUN_REQUEST_PREFIX else self.annotation

    @property
    def pending(self) -> PendingRun:
        """Give the run that waits."""
        return PendingRun(
            id=self.run_id,
            reason=PendingReason.QUEUED,
            trigger=Trigger.MANUAL,
            request=self.id,
            due=self.due,
            parameters=dict(self.given) or None,
        )
