"""What came of a plan: `controller/reconcile` fills it in, `account` adds the ledger's part.

`status` folds it into what is written.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from cronwright.core.accept import Readiness
from cronwright.core.answer import Answer
from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.firing import Progress
from cronwright.model.run import PendingRun
from cronwright.model.status import Gap


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a plan: the CronJob as it stands, the Jobs made, the requests acted on."""

    readiness: Readiness
    cronjob: CronJobFacts | None
    written: bool = False  # the CronJob is as the task says, by our hand or as it was
    started: tuple[JobFacts, ...] = ()
    answered: tuple[Answer, ...] = ()
    progress: Progress | None = None  # up to where its slots are accounted for
    gaps: tuple[Gap, ...] = ()  # slots without a run that no status has yet
    put_off: tuple[PendingRun, ...] = ()  # slots that wait and that no status has yet
    late: tuple[datetime, ...] = ()  # slots that have a run after all
    look_at: datetime | None = None  # when the next slot will be decided, whatever happens
    begun: Collection[str] = ()  # runs whose next attempt was started
