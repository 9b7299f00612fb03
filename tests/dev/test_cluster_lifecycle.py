"""The local cluster as a whole: up, repaired, other flags, side by side, down."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dev.local_cluster import LocalCluster

pytestmark = pytest.mark.cluster

ACCOUNT = "system:serviceaccount:default:default"
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    cluster = LocalCluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.command("down")


@pytest.fixture
def cluster(standing: LocalCluster) -> LocalCluster:
    """Give a cluster that is up, whatever the test before did to it."""
    standing.up()
    return standing


def test_again_is_a_no_op(cluster: LocalCluster) -> None:
    before = cluster.pids()
    cluster.up()
    assert cluster.pids() == before
    assert set(before) == {*CONTROL_PLANE, "node"}
    assert cluster.command("status").returncode == 0


def test_what_was_killed_is_put_right_and_nothing_else_is_touched(cluster: LocalCluster) -> None:
    cluster.kubectl("create", "configmap", "kept")
    before = cluster.pids()
    killed = ("etcd", "kube-controller-manager", "node")
    cluster.kill(*killed)
    assert cluster.command("status").returncode == 1
    cluster.up()
    after = cluster.pids()
    assert {name for name in after if after[name] != before[name]} == set(killed)
    cluster.kubectl("get", "configmap", "kept")
    _run_a_job(cluster, "after-repair")


def test_a_node_that_was_taken_for_lost_is_ready_again_soon(cluster: LocalCluster) -> None:
    lost = {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    cluster.kubectl("patch", "node", "node-1", "--subresource=status", "-p", json.dumps(lost))
    cluster.kubectl("wait", "--for=condition=Ready", "node/node-1", "--timeout=60s")


def test_flags_from_the_environment_restart_what_they_concern(cluster: LocalCluster) -> None:
    before = cluster.pids()
    cluster.up(KCM_ARGS="--kube-api-qps=333 --kube-api-burst=444")
    after = cluster.pids()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"kube-controller-manager"}
    words = Path(f"/proc/{after['kube-controller-manager']}/cmdline").read_text().split("\0")
    assert {"--kube-api-qps=333", "--kube-api-burst=444"} <= set(words)


def test_memory_is_spent_to_save_the_processor_unless_the_environment_says_otherwise(
    cluster: LocalCluster,
) -> None:
    def settings() -> set[str]:
        pid = cluster.pids()["kube-scheduler"]
        words = Path(f"/proc/{pid}/environ").read_text().split("\0")
        return {word for word in words if word.startswith("GO")}

    assert {"GOGC=400", "GOMEMLIMIT=2GiB"} <= settings()
    cluster.kill("kube-scheduler")
    cluster.up(GOGC="100")
    assert {"GOGC=100", "GOMEMLIMIT=2GiB"} <= settings()


def test_a_component_that_ends_is_named_with_its_last_words(cluster: LocalCluster) -> None:
    done = cluster.command("up", APISERVER_ARGS="--no-such-flag")
    assert done.returncode == 1
    assert "kube-apiserver ended" in done.stderr
    assert "unknown flag: --no-such-flag" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(cluster: LocalCluster) -> None:
    cluster.command("down")
    ports = json.loads((cluster.directory / "ports.json").read_text())
    with socket.create_server(("127.0.0.1", ports["kube-apiserver"])):
        cluster.up()
        assert "Ready" in cluster.kubectl("get", "nodes")


def test_tokens_are_handed_out_and_reviewed(cluster: LocalCluster) -> None:
    token = cluster.kubectl("create", "token", "default").strip()
    status = _review(cluster, "authentication.k8s.io/v1", "TokenReview", {"token": token})
    assert status["authenticated"]
    assert status["user"]["username"] == ACCOUNT


def test_rights_are_checked(cluster: LocalCluster) -> None:
    wanted = {"user": ACCOUNT, "resourceAttributes": {"verb": "list", "resource": "secrets"}}
    status = _review(cluster, "authorization.k8s.io/v1", "SubjectAccessReview", wanted)
    assert not status["allowed"]


def test_the_audit_log_has_bodies_of_what_is_judged_by_it(cluster: LocalCluster) -> None:
    _run_a_job(cluster, "audited")
    cluster.kubectl("create", "configmap", "audited")
    (job,) = _creations(cluster, "/apis/batch/v1/namespaces/default/jobs", "audited")
    (other,) = _creations(cluster, "/api/v1/namespaces/default/configmaps", "audited")
    assert job["requestObject"]["spec"]
    assert "requestObject" not in other
    assert "responseObject" not in job
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    assert re.fullmatch(stamp, job["requestReceivedTimestamp"])
    statuses = cluster.audited("/apis/batch/v1/namespaces/default/jobs/audited/status")
    assert any("requestObject" in each for each in statuses)
    assert {each["stage"] for each in cluster.audited("/")} <= {
        "ResponseComplete",
        "ResponseStarted",
    }


def test_two_stand_side_by_side_and_down_leaves_no_process(
    cluster: LocalCluster, tmp_path: Path
) -> None:
    other = LocalCluster(tmp_path)
    other.up()
    try:
        other.kubectl("create", "namespace", "elsewhere")
        assert "elsewhere" not in cluster.kubectl("get", "namespaces")
        sleeper = ("--image=none", "--", "/bin/sh", "-c", "echo up; sleep 300 & sleep 300")
        other.kubectl("create", "job", "sleeper", *sleeper)
        other.kubectl("wait", "--for=jsonpath={.status.ready}=1", "job/sleeper", "--timeout=30s")
        assert len(other.processes()) > len(CONTROL_PLANE)
    finally:
        done = other.command("down")
    assert done.returncode == 0, done.stderr
    assert other.processes() == []
    assert other.command("status").returncode == 1
    assert cluster.command("status").returncode == 0


def _run_a_job(cluster: LocalCluster, name: str) -> None:
    command = ("--image=none", "--", "/bin/sh", "-c", "echo done")
    cluster.kubectl("create", "job", name, *command)
    cluster.kubectl("wait", "--for=condition=Complete", f"job/{name}", "--timeout=30s")
    assert cluster.kubectl("logs", f"job/{name}") == "done\n"


def _review(cluster: LocalCluster, version: str, kind: str, spec: dict[str, Any]) -> Any:
    asked = json.dumps({"apiVersion": version, "kind": kind, "spec": spec})
    return json.loads(cluster.kubectl("create", "-f", "-", "-o", "json", stdin=asked))["status"]


def _creations(cluster: LocalCluster, uri: str, name: str) -> list[dict[str, Any]]:
    return [
        each
        for each in cluster.audited(uri)
        if each["verb"] == "create" and each["objectRef"].get("name") == name
    ]
