"""The HTTP API: registers, triggers, reads and deletes tasks for programs without Kubernetes.

`server` starts it, `app` puts it together. The way of one request: `limits` and `access_log`
around it; a route of `task_routes`, `run_routes` or `probes`; `gate` asks the cluster who calls
and what they may do; `submission` reads what they send; `tasks` and `runs` act on the cluster's
ScheduledTasks; `view` shows them. Whatever is refused is a `Problem`.
"""
