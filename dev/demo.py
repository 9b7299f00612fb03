"""Shows Cronwright at work: `make demo`. Exits 0 only if it saw everything that it shows.

Cluster, operator and API come up in the background (`services`), the examples are applied, two of
them are run through the API, and what came of it is printed. All is left running.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from dev import services
from dev.caller import Caller
from dev.cluster.components import HOST
from dev.cluster.failure import ClusterError
from dev.cluster.layout import CHECKOUT
from dev.services import Place

JSONObject = dict[str, Any]

NAMESPACE: Final = "default"

_PATIENCE: Final = 60.0
_POLL: Final = 0.1

# A caller of the API, with the rights that it needs for what is shown here.
_CALLER: Final = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: demo}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: demo}
rules:
  - apiGroups: [cronwright.dev]
    resources: [scheduledtasks]
    verbs: [get, list, create, delete]
  - apiGroups: [cronwright.dev]
    resources: [scheduledtasks/run]
    verbs: [create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: demo}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: demo}
subjects: [{kind: ServiceAccount, name: demo}]
"""


def main() -> int:
    """Show it; give the exit code."""
    began = time.monotonic()
    try:
        _show(services.place())
    except ClusterError as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    print(f"\n(all of this took {time.monotonic() - began:.0f} s)")
    return 0


def _show(place: Place) -> None:
    _say("Operator and API")
    place.install_crds()
    api = _start(place)
    print(f"running; the API is at {api.server}, logs are in {place.layout.logs}")

    _say("The examples, which are due every minute or so")
    print(place.run("apply", "-n", NAMESPACE, "-f", str(CHECKOUT / "examples")).rstrip())

    _say("Two of them now, through the API")
    place.run("apply", "-n", NAMESPACE, "-f", "-", stdin=_CALLER)
    print("$ export TOKEN=$(kubectl create token demo)")
    api.token = place.run("create", "token", "demo", "-n", NAMESPACE).strip()
    hello, failing = (api.show("POST", f"/tasks/{name}/runs")["runId"] for name in _SHOWN)

    _say("A run that succeeded, as it stands in the task's status")
    _print_run(_await_run(place, "hello", hello), verdict="Succeeded", exit_code=0)
    _say("One that failed")
    _print_run(_await_run(place, "failing", failing), verdict="Failed", exit_code=3)

    _say("What the API says of it")
    _await(
        lambda: api.ask("/tasks/hello")["status"] == "success",
        "the API does not call hello a success",
        place,
    )
    api.show("GET", "/tasks/hello", only=_ANSWERED)
    api.show("GET", "/health")

    _say("All tasks")
    print("$ kubectl get stask")
    print(place.run("get", "stask", "-n", NAMESPACE).rstrip())
    print(_NEXT.format(server=api.server))


_SHOWN: Final = ("hello", "failing")
_ANSWERED: Final = ("id", "status", "schedule", "nextRunTime", "lastRun")
_NEXT: Final = """
Everything keeps running. Try next:
  make kubectl ARGS="get stask --watch"
  make kubectl ARGS="get stask failing -o yaml"
  make kubectl ARGS="create job hello-again --from=cronjob/hello"
  make kubectl ARGS="create token demo"         a token for {server}/openapi.json and the rest
  make down                                     stops it all"""


def _say(title: str) -> None:
    print(f"\n== {title}", flush=True)


def _start(place: Place) -> Caller:
    """Start operator and API in the background; give a caller once the API answers."""
    with place.layout.locked():
        port = services.api_port(place)
        # The tests' operators have namespaces of their own; this one leaves those alone.
        operator = services.operator(place, "--namespace", NAMESPACE)
        for component in (operator, services.api(place, port)):
            place.processes.ensure(component, os.environ)
    caller = Caller(f"http://{HOST}:{port}")
    _await(caller.ready, "the API is not ready", place)
    return caller


def _await_run(place: Place, task: str, run: str) -> JSONObject:
    """Wait until a run's record stands in its task's status, and give it, or a later one's."""
    found: list[JSONObject] = []

    def look() -> bool:
        text = place.run("get", "stask", task, "-n", NAMESPACE, "-o", "json")
        status: JSONObject = json.loads(text).get("status", {})
        records = [status[name] for name in ("lastRun", "lastFailure") if name in status]
        found.extend(each for each in records if each["id"] == run)
        if any(each["id"] == run for each in status.get("history", [])):
            # A slot may have come right after it: that run's record stands there then.
            found.extend(records)
        return bool(found)

    _await(look, f"run {run} of {task} has no record", place)
    return found[0]


def _await(done: Callable[[], bool], trouble: str, place: Place) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not done():
        for name in services.NAMES:
            if place.processes.find(name) is None:
                raise ClusterError(f"the {name} has ended: see {place.processes.log(name)}")
        if time.monotonic() > deadline:
            raise ClusterError(f"{trouble} after {_PATIENCE:.0f} s: see {place.layout.logs}")
        time.sleep(_POLL)


def _print_run(record: JSONObject, *, verdict: str, exit_code: int) -> None:
    for name in ("name", "verdict", "exitCode", "reason", "startTime", "completionTime"):
        if name in record:
            print(f"{name + ':':16}{record[name]}")
    print("logTail:")
    for line in record.get("logTail", "").splitlines():
        print(f"  {line}")
    seen = (record["verdict"], record.get("exitCode"), bool(record.get("logTail")))
    if seen != (verdict, exit_code, True):
        raise ClusterError(f"the run should be {verdict} with exit code {exit_code} and a log tail")


if __name__ == "__main__":
    sys.exit(main())
