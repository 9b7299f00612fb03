"""Probes of containers on the local node.

https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/
"""

import sys
from typing import Any

import pytest

from tests.dev.pods import IMAGE, STAYS, Pods, conditions, container, waits_for

pytestmark = pytest.mark.cluster

SERVER = """
import http.server, os, pathlib
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        good = self.path == '/ready' and self.headers['X-Probe'] == 'yes'
        self.send_response(200 if good else 500)
        self.end_headers()
http.server.HTTPServer((os.environ['IP'], 8080), Handler).serve_forever()
"""


def server(**more: Any) -> dict[str, Any]:
    address = {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    return {
        "name": "main",
        "image": IMAGE,
        "command": [sys.executable, "-c", SERVER],
        "env": [address],
        "ports": [{"name": "web", "containerPort": 8080}],
        **more,
    }


def get(path: str, **more: Any) -> dict[str, Any]:
    header = [{"name": "X-Probe", "value": "yes"}]
    http = {"path": path, "port": "web", "httpHeaders": header}
    return {"httpGet": http, "periodSeconds": 1, **more}


def run(*command: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"command": command}, "periodSeconds": 1, **more}


def is_ready(status: dict[str, Any]) -> bool:
    return bool(status["containerStatuses"][0]["ready"])


async def test_readiness(pods: Pods) -> None:
    # The first two times that it is asked it is ready, and then no more.
    asked = "echo >> /tmp/asked; test $(wc -l < /tmp/asked) -le 2"
    turns = run("sh", "-c", asked, failureThreshold=1, timeoutSeconds=10)
    await pods.start_all(
        http=server(readinessProbe=get("/ready")),
        unready=server(readinessProbe=get("/other")),
        tcp=server(readinessProbe={"tcpSocket": {"port": 8080}}),
        turns=container(STAYS, readinessProbe=turns),
    )
    ready = {"Ready": "True", "ContainersReady": "True"}
    for name in ("turns", "http", "tcp"):
        body = await pods.until(name, is_ready)
        assert conditions(body["status"]).items() >= ready.items()
    (unready,) = await pods.running("unready")
    body = await pods.until("turns", lambda status: not is_ready(status))
    for each in (unready, body):
        assert each["status"]["phase"] == "Running"
        assert conditions(each["status"])["Ready"] == "ContainersNotReady"
        assert each["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_liveness(pods: Pods) -> None:
    soon = {"failureThreshold": 1, "periodSeconds": 1}
    for name, probe in (
        ("http", get("/other", **soon)),
        ("exec", run("false", **soon)),
        ("slow", run("sleep", "60", **soon)),
    ):
        main = server if name == "http" else lambda **more: container(STAYS, **more)
        await pods.start(name, main(livenessProbe=probe), restartPolicy="Always",
                         terminationGracePeriodSeconds=1)  # fmt: skip
    good = container(STAYS, livenessProbe=run("true", periodSeconds=1, timeoutSeconds=10))
    await pods.start("good", good, restartPolicy="Always")
    await pods.start("never", container(STAYS, livenessProbe=run("false", **soon)))

    for name in ("http", "exec", "slow"):
        body = await pods.until(
            name, lambda status: status["containerStatuses"][0]["restartCount"] == 1
        )
        assert body["status"]["containerStatuses"][0]["lastState"]["terminated"]
    (never,) = await pods.ended("never")
    assert never["containerStatuses"][0]["restartCount"] == 0
    (good_body,) = await pods.running("good")
    assert good_body["status"]["containerStatuses"][0]["restartCount"] == 0


async def test_startup(pods: Pods) -> None:
    probe = run("test", "-e", "/tmp/up", timeoutSeconds=10)
    later = container(
        f"sleep 0.3; touch /tmp/up; {STAYS}",
        startupProbe=probe,
        # Not asked before the container is up: it would fail then.
        livenessProbe={**probe, "failureThreshold": 1},
    )
    never = container(STAYS, startupProbe={**probe, "failureThreshold": 1})
    await pods.start("later", later)
    await pods.start("held", container(STAYS, startupProbe={**probe, "failureThreshold": 100}))
    await pods.start("never", never, restartPolicy="Always")

    (body,) = await pods.running("held")
    assert not is_ready(body["status"])
    assert not body["status"]["containerStatuses"][0]["started"]
    body = await pods.until("later", is_ready)
    assert body["status"]["containerStatuses"][0]["started"]
    await pods.until("never", waits_for("CrashLoopBackOff"))
