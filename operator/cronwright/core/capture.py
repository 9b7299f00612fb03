"""Which logs are to be read, and when: each container's end, before its pod is gone.

`plan` asks it for each run without a record, `controller/collect` reads what it says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.pod import ContainerFacts, LogKey, PodFacts
from cronwright.core.run import Run

# A Job past its deadline deletes its pods at once: whoever wants their last words listens before.
DEADLINE_LEAD: Final = timedelta(seconds=2)
_BACKING_OFF: Final = "CrashLoopBackOff"


@dataclass(frozen=True, slots=True)
class Capture:
    """One container's log to be read; `follow` keeps reading until the container ends."""

    pod: PodFacts
    container: str
    restarts: int
    follow: bool = False
    previous: bool = False

    @property
    def log_key(self) -> LogKey:
        """Identify the log."""
        return self.pod.uid, self.container, self.restarts


def capture_of(
    run: Run, container: str | None, now: datetime, *, ended: bool, late: bool
) -> Capture | None:
    """Choose the log to read of a run: of its end, or of a container about to be taken away."""
    last = run.heard(container)
    if last is None:
        return None
    pod, heard = last
    if heard.started is not None and pod.log_key(heard) not in run.settled:
        threatened = late or pod.deleting or run.gone or identity.ENDING in run.job.annotations
        listen = listen_time(run.job, now)
        if heard.running and (threatened or (listen is not None and listen <= now)):
            return Capture(pod, heard.name, heard.restarts, follow=True)
        if not heard.running and (ended or threatened or _is_over(pod, heard)):
            return Capture(pod, heard.name, heard.restarts)
    before = (pod.uid, heard.name, heard.restarts - 1)
    if heard.restarts > 0 and before not in run.settled and not pod.ended:
        # A Job deletes a pod that has restarted too often: each end is read while it can be.
        return Capture(pod, heard.name, heard.restarts - 1, previous=True)
    return None


def listen_time(job: JobFacts, now: datetime) -> datetime | None:
    """Say when a Job's pod must be listened to because its deadline is near."""
    if job.deadline is None or job.start_time is None or job.suspended:
        return None
    listen = job.start_time + timedelta(seconds=job.deadline) - DEADLINE_LEAD
    return max(listen, job.start_time) if listen < now + timedelta(days=1) else None


def _is_over(pod: PodFacts, container: ContainerFacts) -> bool:
    """Tell whether what has ended is not just about to be started again.

    Others of its pod may go on for hours: its log is read all the same.
    """
    again = pod.restarts_failed and container.exit_code != 0
    return pod.ended or not again or container.waiting == _BACKING_OFF
