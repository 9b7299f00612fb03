"""Cronwright: scheduled tasks on Kubernetes, native wherever one CronJob says the same."""

__version__ = "0.1.0"
