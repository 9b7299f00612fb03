"""Which logs are to be read, and when: each attempt's end, before its pod is gone.

`plan` asks it for each run without a record, `controller/collect` reads what it says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts, PodFacts
from cronwright.core.run import Run

# A Job past its deadline deletes its pods at once: whoever wants their last words listens before.
DEADLINE_LEAD: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Capture:
    """One attempt's log to be read; `follow` keeps reading until the container ends."""

    pod: PodFacts
    container: str
    restarts: int
    follow: bool = False
    previous: bool = False

    @property
    def attempt(self) -> tuple[str, int]:
        """Identify the attempt."""
        return self.pod.uid, self.restarts


def capture_of(
    run: Run, container: str | None, now: datetime, *, ended: bool, late: bool
) -> Capture | None:
    """Choose the log to read of a run: of its end, or of a container about to be taken away."""
    last = run.attempt(container)
    if last is None:
        return None
    pod, main = last
    if main.started is not None and (pod.uid, main.restarts) not in run.settled:
        threatened = late or pod.deleting or run.gone or identity.ENDING in run.job.annotations
        listen = listen_time(run.job, now)
        if main.running and (threatened or (listen is not None and listen <= now)):
            return Capture(pod, main.name, main.restarts, follow=True)
        if not main.running and (ended or pod.ended or threatened):
            return Capture(pod, main.name, main.restarts)
    if main.restarts > 0 and (pod.uid, main.restarts - 1) not in run.settled and not pod.ended:
        # A Job deletes a pod that has restarted too often: each end is read while it can be.
        return Capture(pod, main.name, main.restarts - 1, previous=True)
    return None


def listen_time(job: JobFacts, now: datetime) -> datetime | None:
    """Say when a Job's pod must be listened to because its deadline is near."""
    if job.deadline is None or job.start_time is None or job.suspended:
        return None
    listen = job.start_time + timedelta(seconds=job.deadline) - DEADLINE_LEAD
    return max(listen, job.start_time) if listen < now + timedelta(days=1) else None
