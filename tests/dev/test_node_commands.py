"""What a container of the local node is started with: its command line and its environment."""

import ipaddress
import sys

import pytest

from cronwright.kube.client import Client
from tests.dev.pods import IMAGE, Pods, container, end_of, main_state, waits_for

pytestmark = pytest.mark.cluster


async def test_command_lines(pods: Pods) -> None:
    words = ["one two", "$(GREETING)", "$$(GREETING)", "$(UNKNOWN)", "$(KUBERNETES_SERVICE_PORT)"]
    greeting = [{"name": "GREETING", "value": "hello"}]
    await pods.start_all(
        args={"command": ["printf", "%s|"], "args": words, "env": greeting, "name": "main",
              "image": IMAGE},
        alone={"args": ["/bin/sh", "-c", "pwd"], "name": "main", "image": IMAGE},
        place=container("pwd", workingDir="/usr/lib"),
    )  # fmt: skip
    port = pods.server.port
    assert await pods.outputs("args", "alone", "place") == [
        f"one two|hello|$(GREETING)|$(UNKNOWN)|{port}|",
        "/\n",
        "/usr/lib\n",
    ]


async def test_commands_that_cannot_be_run(pods: Pods) -> None:
    await pods.start_all(
        none={"name": "main", "image": IMAGE},
        missing={"name": "main", "image": IMAGE, "command": ["no-such-program"]},
        nowhere=container("true", workingDir="/no/such/place"),
    )
    unstarted = await pods.until("none", waits_for("CreateContainerError"))
    assert unstarted["status"]["phase"] == "Pending"
    assert main_state(unstarted["status"])["waiting"]["message"] == "no command specified"

    for status in await pods.ended("missing", "nowhere"):
        assert status["phase"] == "Failed"
        assert (end_of(status)["exitCode"], end_of(status)["reason"]) == (128, "StartError")
    (missing,) = await pods.ended("missing")
    assert 'exec: "no-such-program": executable file not found' in end_of(missing)["message"]


async def test_the_environment(pods: Pods, client: Client) -> None:
    core = f"/api/v1/namespaces/{pods.namespace}"
    await client.create(
        f"{core}/configmaps",
        {"metadata": {"name": "settings"}, "data": {"COLOUR": "red", "SIZE": "small"}},
    )
    await client.create(
        f"{core}/secrets", {"metadata": {"name": "login"}, "stringData": {"PASSWORD": "secret"}}
    )
    optional = {"optional": True}
    env = [
        {"name": "SIZE", "value": "large"},
        {"name": "BOTH", "value": "$(COLOUR) and $(SIZE), not $(LATER) and $$(SIZE)"},
        {"name": "LATER", "value": "late"},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "COLOUR"}}},
        {"name": "PASS", "valueFrom": {"secretKeyRef": {"name": "login", "key": "PASSWORD"}}},
        {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y", **optional}}},
    ]  # fmt: skip
    sources = [
        {"configMapRef": {"name": "settings"}},
        {"prefix": "LOGIN_", "secretRef": {"name": "login"}},
        {"configMapRef": {"name": "missing", **optional}},
    ]
    await pods.start("pod", container("env", env=env, envFrom=sources), hostname="host")
    (output,) = await pods.outputs("pod")

    known = dict(line.split("=", 1) for line in output.splitlines())
    assert "GONE" not in known
    wanted = {
        "COLOUR": "red",
        "SIZE": "large",
        "BOTH": "red and large, not $(LATER) and $(SIZE)",
        "LATER": "late",
        "KEY": "red",
        "PASS": "secret",
        "LOGIN_PASSWORD": "secret",
        "HOSTNAME": "host",
        "KUBERNETES_SERVICE_HOST": pods.server.hostname,
        "KUBERNETES_SERVICE_PORT": str(pods.server.port),
    }
    assert {name: known.get(name) for name in wanted} == wanted
    # Nothing of the node's own environment gets in.
    more = {"PATH", "HOME", "PWD", "SHLVL", "_", "OLDPWD", "KUBERNETES_SERVICE_PORT_HTTPS"}
    assert known.keys() <= wanted.keys() | more


async def test_the_downward_api(pods: Pods) -> None:
    fields = {
        "NAME": "metadata.name",
        "NAMESPACE": "metadata.namespace",
        "UID_": "metadata.uid",
        "LABEL": "metadata.labels['example.org/team']",
        "NOTE": "metadata.annotations['note']",
        "NO_NOTE": "metadata.annotations['none']",
        "NODE": "spec.nodeName",
        "ACCOUNT": "spec.serviceAccountName",
        "ADDRESS": "status.podIP",
        "HOST": "status.hostIP",
    }
    resources = {
        "CPU": {"resource": "limits.cpu"},
        "MILLI": {"resource": "limits.cpu", "divisor": "1m"},
        "MIB": {"resource": "requests.memory", "divisor": "1Mi"},
        "BYTES": {"resource": "requests.memory"},
    }
    env = [
        *({"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
          for name, path in fields.items()),
        *({"name": name, "valueFrom": {"resourceFieldRef": reference}}
          for name, reference in resources.items()),
    ]  # fmt: skip
    room = {"limits": {"cpu": "1500m"}, "requests": {"memory": "64Mi"}}
    await pods.start(
        "pod",
        container("env", env=env, resources=room),
        metadata={"labels": {"example.org/team": "blue"}, "annotations": {"note": "a\nb"}},
    )
    (output,) = await pods.outputs("pod")
    body = await pods.get("pod")

    assert "NOTE=a\nb\n" in output
    known = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    assert {name: known[name] for name in (*fields, "CPU", "MILLI", "MIB", "BYTES")} == {
        "NAME": "pod",
        "NAMESPACE": pods.namespace,
        "UID_": body["metadata"]["uid"],
        "LABEL": "blue",
        "NOTE": "a",
        "NO_NOTE": "",
        "NODE": body["spec"]["nodeName"],
        "ACCOUNT": "default",
        "ADDRESS": body["status"]["podIP"],
        "HOST": body["status"]["hostIP"],
        "CPU": "2",
        "MILLI": "1500",
        "MIB": "64",
        "BYTES": str(64 * 1024 * 1024),
    }


async def test_an_address_of_its_own(pods: Pods) -> None:
    listen = (
        "import os, socket\n"
        "with socket.create_server((os.environ['IP'], 8080)) as server:\n"
        "    print(server.getsockname())"
    )
    env = [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]
    python = {"name": "main", "image": IMAGE, "command": [sys.executable, "-c", listen], "env": env}
    await pods.start_all(one=python, two=python)
    outputs = await pods.outputs("one", "two")

    addresses = [(await pods.get(name))["status"]["podIP"] for name in ("one", "two")]
    assert outputs == [f"('{address}', 8080)\n" for address in addresses]
    assert addresses[0] != addresses[1]
    network = ipaddress.ip_network("127.0.1.0/24")
    assert all(ipaddress.ip_address(address) in network for address in addresses)


async def test_what_is_missing_is_waited_for(pods: Pods, client: Client) -> None:
    core = f"/api/v1/namespaces/{pods.namespace}"
    await pods.start_all(
        map=container("echo $X", envFrom=[{"configMapRef": {"name": "late"}}]),
        secret=container("echo $X", envFrom=[{"secretRef": {"name": "late"}}]),
    )
    for name, kind in (("map", "configmap"), ("secret", "secret")):
        body = await pods.until(name, waits_for("CreateContainerConfigError"))
        assert body["status"]["phase"] == "Pending"
        assert main_state(body["status"])["waiting"]["message"] == f'{kind} "late" not found'
    await client.create(f"{core}/configmaps", {"metadata": {"name": "late"}, "data": {"X": "map"}})
    await client.create(
        f"{core}/secrets", {"metadata": {"name": "late"}, "stringData": {"X": "secret"}}
    )
    assert await pods.outputs("map", "secret") == ["map\n", "secret\n"]


async def test_an_image_that_is_not_there(pods: Pods) -> None:
    broken = {**container("true"), "image": "registry.invalid/tools:1"}
    await pods.start("pod", broken)
    await pods.until("pod", waits_for("ErrImagePull"))
    body = await pods.until("pod", waits_for("ImagePullBackOff"))
    assert body["status"]["phase"] == "Pending"
    assert "registry.invalid/tools:1" in main_state(body["status"])["waiting"]["message"]

    await pods.delete("pod")
    await pods.gone("pod")
