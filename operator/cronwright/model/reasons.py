"""Why a slot had no run: the reasons in `status.gaps`, an API that alerts and people rely on.

core/ and controller/ set them, status.py carries them; docs/concepts.md has them as a table. A
run's own reason is another matter: it comes from its pod or its Job.
"""

from typing import Final

# --- Missed: no run was started, and none will be

# No operator ran until their deadline had passed (managed tasks), or an edit was seen.
OPERATOR_DOWN: Final = "OperatorDown"

# The API server could not be reached until their deadline had passed.
API_UNAVAILABLE: Final = "APIUnavailable"

# The API server refused the Job, or the task's CronJob, because a quota was exceeded.
QUOTA_EXCEEDED: Final = "QuotaExceeded"
QUOTA_WORDS: Final = "exceeded quota"  # how the API server says so

# The API server refused the Job, or the task's CronJob, as invalid.
TEMPLATE_REFUSED: Final = "TemplateRefused"

# The API server refused the Job, or the task's CronJob, for another cause: RBAC, an admission
# policy.
CREATE_REFUSED: Final = "CreateRefused"

# The task itself was refused: the condition Ready is False and says why.
NOT_READY: Final = "NotReady"

# The task had no CronJob: it was deleted, or not made yet.
NO_CRON_JOB: Final = "NoCronJob"

# Their starting deadline passed first, for whatever cause.
DEADLINE_PASSED: Final = "DeadlinePassed"

# Something later took their place: the next slot, where the CronJob controller had not fired them
# by then (it fires the latest only), or an edit that ended the times that they were of.
SUPERSEDED: Final = "Superseded"

# The CronJob was suspended by somebody else, or the task was when jitter had put them off. Also
# of Unknown: the task was suspended while no operator ran, before or after them.
SUSPENDED: Final = "Suspended"

# Newer ones filled what a task makes up for.
CATCH_UP_LIMIT: Final = "CatchUpLimit"

# --- Skipped: the concurrency policy was against it

# A run was active, under Forbid.
CONCURRENCY_FORBID: Final = "ConcurrencyForbid"

# As many runs were active as a task may have.
TOO_MANY_ACTIVE: Final = "TooManyActive"

# As many slots waited as may.
QUEUE_FULL: Final = "QueueFull"

# A newer slot took their place while they waited, under Replace.
CONCURRENCY_REPLACE: Final = "ConcurrencyReplace"

# --- Excluded

# A calendar of the task takes them out.
CALENDAR: Final = "Calendar"

# --- Unknown: they may have had runs

# They passed while no operator ran, so long ago that their Jobs may have been pruned since.
FACTS_GONE: Final = "FactsGone"

# The CronJob says that they were fired, but their Job is not there.
JOB_GONE: Final = "JobGone"

# The cluster's state was restored from an older one: what was known of them is lost.
STATE_LOST: Final = "StateLost"

# The task was edited while no operator ran, and what it said before can't be told any more.
EDITED: Final = "Edited"
