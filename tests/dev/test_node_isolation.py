"""What containers of the local node see of each other and of the machine."""

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.waiting import until
from tests.dev.pods import STAYS, Pods, container, end_of, main_state, waits_for

pytestmark = pytest.mark.cluster

root_only = pytest.mark.skipif(
    os.geteuid() != 0, reason="other users need a node that runs as root"
)


async def test_a_container_sees_its_own_processes_only(pods: Pods) -> None:
    await pods.start("pod", "echo $$$$; set -- /proc/[0-9]*; echo $# $1; hostname")
    assert await pods.outputs("pod") == ["1\n1 /proc/1\npod\n"]


async def test_files_are_a_containers_own(pods: Pods) -> None:
    place = "/var/tmp/written-by-a-container"
    await pods.start_all(
        writes=container(f"echo of $HOSTNAME | tee {place} /etc/hosts.x /dev/termination-log"),
        reads=container(f"sleep 0.3; test -e {place} || cat /dev/termination-log"),
    )
    assert await pods.outputs("writes", "reads") == ["of writes\n", ""]
    assert not exists(place)
    writes, reads = await pods.ended("writes", "reads")
    assert (end_of(writes)["message"], "message" in end_of(reads)) == ("of writes\n", False)


async def test_a_read_only_root(pods: Pods) -> None:
    locked = {"readOnlyRootFilesystem": True}
    script = "echo x > /var/tmp/x; echo y > /v/y && echo z > /dev/termination-log && cat /v/y"
    mounts = [{"name": "v", "mountPath": "/v"}]
    main = container(script, securityContext=locked, volumeMounts=mounts)
    await pods.start("pod", main, volumes=[{"name": "v", "emptyDir": {}}])
    (output,) = await pods.outputs("pod")
    assert "Read-only file system" in output
    assert output.endswith("y\n")


async def test_what_a_container_leaves_behind_ends_with_it(pods: Pods) -> None:
    mark = f"MARK={os.urandom(8).hex()}"
    leaves = f"{mark} sh -c 'trap : TERM HUP; while :; do sleep 0.1; done' & exit 0"
    await pods.start_all(
        left=container(leaves), detached=container(f'setsid sh -c "{leaves}" & sleep 0.3')
    )
    await pods.ended("left", "detached")

    async def none_left() -> bool:
        return mark.encode() not in environments()

    await until(none_left, 5.0, every=0.05)


def exists(place: str) -> bool:
    return Path(place).exists()


def environments() -> bytes:
    found = b""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found += (process / "environ").read_bytes()
    return found


@root_only
async def test_users_and_groups(pods: Pods) -> None:
    def main(**security: Any) -> dict[str, Any]:
        return container("id -u; id -g; id -G; echo $HOME", securityContext=security)

    pod = {"runAsUser": 1000, "runAsGroup": 3000, "fsGroup": 2000, "supplementalGroups": [4000]}
    await pods.start("root", main())
    await pods.start("user", main(runAsUser=12345))
    await pods.start("pod", main(), securityContext=pod)
    await pods.start("own", main(runAsUser=1001), securityContext=pod)
    # There is no image that says who: the node takes nobody.
    await pods.start("nobody", main(runAsNonRoot=True))
    await pods.start("refused", main(runAsNonRoot=True, runAsUser=0))

    names = ("root", "user", "pod", "own", "nobody")
    found = dict(zip(names, await pods.outputs(*names), strict=True))
    assert found["root"].splitlines()[:2] == ["0", "0"]
    assert found["user"].splitlines() == ["12345", "0", "0", "/"]
    assert found["pod"].splitlines()[:3] == ["1000", "3000", "3000 2000 4000"]
    assert found["own"].splitlines()[:3] == ["1001", "3000", "3000 2000 4000"]
    assert found["nobody"].splitlines()[0] == "65534"
    body = await pods.until("refused", waits_for("CreateContainerConfigError"))
    message = main_state(body["status"])["waiting"]["message"]
    assert message == "container's runAsUser breaks non-root policy"


@root_only
async def test_probes_and_hooks_run_as_the_containers_user(pods: Pods) -> None:
    check = ["sh", "-c", "test $(id -u):$(pwd):$(hostname) = 1000:/usr:pod"]
    probe = {"exec": {"command": check}, "periodSeconds": 1}
    main = container(STAYS, readinessProbe=probe, workingDir="/usr")
    await pods.start("pod", main, securityContext={"runAsUser": 1000})
    await pods.until("pod", lambda status: status["containerStatuses"][0]["ready"])
