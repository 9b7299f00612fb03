"""Puts the application together from a client and its settings; `server` runs it."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from cronwright import __version__
from cronwright.api import backfill_routes, handlers, probes, run_routes, task_routes
from cronwright.api.access_log import AccessLog
from cronwright.api.backfills import Backfills
from cronwright.api.cancels import Cancels
from cronwright.api.gate import Gate
from cronwright.api.health import Health
from cronwright.api.limits import Limits
from cronwright.api.metrics import ApiMetrics
from cronwright.api.openapi import Documented
from cronwright.api.operator import Operator
from cronwright.api.runs import Runs
from cronwright.api.services import Services
from cronwright.api.tasks import Tasks
from cronwright.kube.client import Client
from cronwright.lifecycle import Lifecycle
from cronwright.settings import ApiSettings


def create_app(
    client: Client,
    settings: ApiSettings,
    now: Callable[[], datetime],
    clock: Callable[[], float] = monotonic,
    metrics: ApiMetrics | None = None,
    lifecycle: Lifecycle | None = None,
) -> Documented:
    """Make the application. `now` gives the time in UTC, `clock` monotonic seconds."""
    metrics = metrics or ApiMetrics()
    app = Documented(
        title="Cronwright",
        version=__version__,
        description="Registers, triggers, reads and deletes scheduled tasks on Kubernetes. "
        "Callers show a Kubernetes token; the cluster's RBAC says what they may do.",
        openapi_url=None,  # served by a route of ours, to known callers
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    tasks, port = Tasks(client), settings.operator_health_port
    app.state.services = Services(
        gate=Gate(client, settings.audiences, settings.review_cache_seconds, clock),
        tasks=tasks,
        runs=Runs(tasks),
        backfills=Backfills(tasks),
        cancels=Cancels(tasks),
        health=Health(client, settings.default_namespace, clock),
        operator=Operator(settings.bind_address, port, clock) if port else None,
        lifecycle=lifecycle or Lifecycle(),
        default_namespace=settings.default_namespace,
        now=now,
    )
    routers = [each.router for each in (task_routes, run_routes, backfill_routes, probes)]
    for router in routers:
        app.include_router(router)
    handlers.attach(app, [route for router in routers for route in router.routes])
    # The last added is the outermost.
    app.add_middleware(Limits)
    app.add_middleware(AccessLog, observe=metrics.requested)
    return app
