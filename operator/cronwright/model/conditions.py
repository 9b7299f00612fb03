"""The condition types of a task and their reasons: an API that alerts and pipelines rely on.

core/ sets them, status.py carries them. `Ready` and `LastRunSucceeded` are always there once
known; `Suspended` and `Stalled` are there only while they are true.
"""

# True: the task is accepted and its CronJob stands as the spec says. A failed run never
# makes it False, so a rollout that waits on Ready waits on the right thing.
READY = "Ready"

# True or False as the last finished run ended; absent before the first one.
LAST_RUN_SUCCEEDED = "LastRunSucceeded"

# True while spec.suspend is; absent otherwise.
SUSPENDED = "Suspended"

# True while nothing will move until somebody acts; absent otherwise.
STALLED = "Stalled"

# --- Ready=True

# The CronJob stands as the spec says.
RECONCILED = "Reconciled"

# --- Ready=False: the spec or the namespace has to change

# spec.schedule can't be read; the message names the field, its value and the remedy.
INVALID_SCHEDULE = "InvalidSchedule"

# spec.timeZone is no zone of the IANA database.
INVALID_TIME_ZONE = "InvalidTimeZone"

# Another field of the spec can't be accepted, for a cause that the CRD can't check.
INVALID_SPEC = "InvalidSpec"

# A CronJob of the task's name exists and isn't the task's; it is left alone.
NAME_TAKEN = "NameTaken"

# The API server refuses the CronJob made from the template; the message is the server's own.
TEMPLATE_INVALID = "TemplateInvalid"

# The API server forbids the CronJob: by RBAC, a quota or an admission policy.
CRON_JOB_FORBIDDEN = "CronJobForbidden"

# --- Suspended=True

# spec.suspend is true.
SUSPENDED_BY_SPEC = "SuspendedBySpec"

# --- Stalled=True

# A run's pod can't start, for instance because its image can't be pulled.
POD_NOT_STARTING = "PodNotStarting"

# A run's Job can't make its pod, for instance for a quota or an admission policy.
POD_NOT_CREATED = "PodNotCreated"

# --- LastRunSucceeded takes the verdict of the run as its reason (run.Verdict).
