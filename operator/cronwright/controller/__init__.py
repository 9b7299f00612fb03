"""The operator: watches tasks and their children, and makes the world what the plan says.

`handlers` takes tasks from Kopf, `operator` starts everything. The way of one task: `tasks` and
`witness` keep what was seen, `gather` puts it together, `core.plan` decides, `reconcile` carries
it out with `write`, `request` and `collect`, and writes the status last.
"""
