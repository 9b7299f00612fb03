"""The node with other settings, as a user without rights, and where there are no namespaces."""

import os
import shutil
from typing import Any

import pytest

from dev.cluster.layout import Layout
from tests.cluster.cluster import Cluster
from tests.dev.node_process import UNPRIVILEGED, WITHOUT_NAMESPACES, running_node
from tests.dev.pods import STAYS, Pods, container, end_of

pytestmark = pytest.mark.cluster

root_only = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"),
    reason="only root can become somebody else",
)


@pytest.fixture
def layout(cluster: Cluster) -> Layout:
    return Layout(cluster.directory)


async def test_the_back_off_grows(pods: Pods, layout: Layout) -> None:
    settings = {"NODE_BACKOFF_SECONDS": "0.1"}
    async with running_node(pods.client, layout, variables=settings) as node:
        there = pods.on(node.name)
        await there.start("pod", "exit 3", restartPolicy="OnFailure")
        body = await there.until(
            "pod",
            lambda status: (
                status["containerStatuses"][0]["restartCount"] == 3
                and "waiting" in status["containerStatuses"][0]["state"]
            ),
        )
        (main,) = body["status"]["containerStatuses"]
        assert main["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        assert main["state"]["waiting"]["message"].startswith("back-off 0.4s")


@root_only
async def test_a_user_without_rights(pods: Pods, layout: Layout) -> None:
    probe = {"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1}
    mounts = [{"name": "v", "mountPath": "/v"}]
    script = f"echo $$$$ $(id -u) $(hostname); echo hi > /v/x; cat /v/x; touch /tmp/up; {STAYS}"
    main = container(script, volumeMounts=mounts, readinessProbe=probe)
    volumes = [{"name": "v", "emptyDir": {}}]
    async with running_node(pods.client, layout, UNPRIVILEGED) as node:
        there = pods.on(node.name)
        await there.start("pod", main, volumes=volumes)
        token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
        words = f"test -s {token} && echo words > /dev/termination-log; sleep 60 & exit 4"
        await there.start("words", words)
        locked = {"readOnlyRootFilesystem": True}
        write = "for place in / /usr /etc; do touch $place/x && exit 1; done; exit 0"
        await there.start("locked", container(write, securityContext=locked))
        await there.until("pod", lambda status: status["containerStatuses"][0]["ready"])
        assert await there.output("pod") == "1 0 pod\nhi\n"
        (status,) = await there.ended("words")
        assert (end_of(status)["exitCode"], end_of(status)["message"]) == (4, "words\n")
        (locked_output,) = await there.outputs("locked")
        assert locked_output.count("Read-only file system") == 3
        await there.delete("pod")
        await there.gone("pod")
        assert "no namespaces" not in node.log()


@root_only
async def test_where_there_are_no_namespaces(pods: Pods, layout: Layout) -> None:
    def with_volume(**volume: Any) -> dict[str, Any]:
        mounts = [{"name": "v", "mountPath": "/v"}]
        return {
            "main": container("true", volumeMounts=mounts),
            "volumes": [{"name": "v", **volume}],
        }

    async with running_node(pods.client, layout, WITHOUT_NAMESPACES) as node:
        assert "this machine allows no namespaces" in node.log()
        there = pods.on(node.name)
        # What needs none works, and what is left behind ends too.
        await there.start("plain", "echo hi; (setsid sleep 60 &) ; sleep 60 & exit 0")
        needs = with_volume(emptyDir={})
        await there.start("volume", needs.pop("main"), **needs)
        assert await there.outputs("plain") == ["hi\n"]
        (status,) = await there.ended("volume")
        assert end_of(status)["reason"] == "StartError"
        assert "this machine allows no mount namespaces" in end_of(status)["message"]
