"""One task and all that is known of its children, at one moment.

`controller/gather` fills it, `plan` decides on it; what it says of the runs is a matter of facts
alone, and everybody who asks gets the same answer.
"""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from cronwright.core.facts import CronJobFacts, JobFacts
from cronwright.core.gone import ending_of_gone
from cronwright.core.ledger import ALL_SEEN, Sight
from cronwright.core.retry import waits
from cronwright.core.run import Run
from cronwright.core.verdict import Ending, judge
from cronwright.model.run import PendingRun
from cronwright.model.task import ScheduledTask


@dataclass(frozen=True, slots=True)
class World:
    """One task and all that is known of its children."""

    task: ScheduledTask
    cronjob: CronJobFacts | None
    runs: tuple[Run, ...]  # without a record yet
    recorded: tuple[JobFacts, ...]  # Jobs that stand and have their record
    now: datetime
    own_generation: int | None  # the CronJob's after our last write, also one not yet in the status
    put_off: tuple[PendingRun, ...] = ()  # by the engine, and not yet in the status
    sight: Sight = ALL_SEEN
    leftovers: tuple[JobFacts, ...] = ()  # of requests that are over; nothing of them ran

    @property
    def jobs(self) -> tuple[JobFacts, ...]:
        """List the Jobs that stand."""
        earlier = (job for run in self.runs for job in run.earlier)
        return (*(run.job for run in self.runs if not run.gone), *earlier, *self.recorded)

    @property
    def known(self) -> Set[str]:
        """Name the runs that have a Job, or had one that was seen."""
        standing = {job.run_id for job in (*self.recorded, *self.leftovers)}
        return {run.job.run_id for run in self.runs} | standing

    @property
    def ended(self) -> list[Run]:
        """List the runs without a record whose last attempt has ended."""
        return [run for run in self.runs if self.ending(run) is not None]

    @property
    def running(self) -> tuple[JobFacts, ...]:
        """List the Jobs that have not ended."""
        return tuple(r.job for r in self.runs if not r.gone and judge(r.job, r.pods) is None)

    @property
    def active(self) -> tuple[JobFacts, ...]:
        """List the last Jobs of runs that go on, those that wait for an attempt included."""
        waiting = tuple(run.job for run in self.runs if waits(run.job, run.pods))
        return (*self.running, *waiting)

    def ending(self, run: Run) -> Ending | None:
        """Say how a run's last attempt ended; None while it has not, or while it can't be told."""
        if run.gone:
            return ending_of_gone(run, self.task, self.jobs, self.now)
        return judge(run.job, run.pods)
