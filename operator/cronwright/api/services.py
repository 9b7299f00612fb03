"""What the routes work with, made once for each application, and who is asking.

`app` makes a `Services` and hangs it onto the application; routes name `Api` and `Known` as
parameters and get them for each request.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from cronwright.api.backfills import Backfills
from cronwright.api.cancels import Cancels
from cronwright.api.gate import Caller, Gate
from cronwright.api.health import Health
from cronwright.api.operator import Operator
from cronwright.api.runs import Runs
from cronwright.api.tasks import Tasks
from cronwright.lifecycle import Lifecycle


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that act on the cluster, and the setting that routes read."""

    gate: Gate
    tasks: Tasks
    runs: Runs
    backfills: Backfills
    cancels: Cancels
    health: Health
    operator: Operator | None
    lifecycle: Lifecycle
    default_namespace: str
    now: Callable[[], datetime]


def _services(request: Request) -> Services:
    return cast("Services", request.app.state.services)


Api = Annotated[Services, Depends(_services)]


# The scheme is for the OpenAPI document alone; the gate reads the header itself.
_SCHEME = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    description="A Kubernetes token, such as `kubectl create token ACCOUNT` makes.",
)


async def _known(request: Request, api: Api, _: Annotated[object, Security(_SCHEME)]) -> Caller:
    caller = await api.gate.identify(request.headers.get("authorization"))
    request.state.caller = caller.name  # for the access log
    return caller


Known = Annotated[Caller, Depends(_known)]
