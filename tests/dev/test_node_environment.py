"""The rules of a container's environment, without a cluster."""

from collections.abc import Mapping
from typing import Any

import pytest

from dev.node.environment import ConfigError, expand, field, resolve, resource

POD: dict[str, Any] = {
    "metadata": {"name": "pod", "namespace": "ns", "uid": "1", "labels": {"b": 'x"y', "a": "1\n2"}},
    "spec": {"nodeName": "node", "containers": []},
    "status": {"podIP": "127.0.1.2"},
}


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)$(B)y", "x1$(A)y"),  # what is put in is not looked at again
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$", "$"),
        ("$A $", "$A $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
        ("$(NONE)", "$(NONE)"),
        ("$(a-b.c)", "2"),
    ],
)
def test_references(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "$(A)", "a-b.c": "2"}) == expanded


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.labels['b']", 'x"y'),
        ("metadata.labels['none']", ""),
        ("metadata.annotations['none']", ""),
        ("metadata.labels", 'a="1\\n2"\nb="x\\"y"'),
        ("status.podIPs", "127.0.1.2"),
        ("status.hostIP", ""),
    ],
)
def test_fields(path: str, value: str) -> None:
    assert field(POD, path) == value


def test_an_unknown_field() -> None:
    with pytest.raises(ConfigError, match=r"spec\.containers"):
        field(POD, "spec.containers")


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "limits.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "500"),
        ({"resource": "limits.cpu", "divisor": "0"}, "1"),
        ({"resource": "requests.memory"}, "1500000"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "2"),
        ({"resource": "requests.cpu"}, "0"),
        ({"resource": "limits.memory", "divisor": "1Gi"}, "256"),  # all that the node offers
    ],
)
def test_resources(reference: dict[str, str], value: str) -> None:
    container = {"resources": {"limits": {"cpu": "500m"}, "requests": {"memory": "1500k"}}}
    assert resource(container, reference) == value


async def test_where_variables_come_from() -> None:
    async def read(kind: str, name: str) -> Mapping[str, str] | None:
        return {"A": "map", "B": "map"} if (kind, name) == ("configmaps", "there") else None

    container = {
        "envFrom": [{"configMapRef": {"name": "there"}}],
        "env": [{"name": "B", "value": "own"}, {"name": "C", "value": "$(A) $(B) $(HOST)"}],
    }
    known = await resolve(POD, container, read, {"HOST": "1", "A": "service"})
    assert known == {"HOST": "1", "A": "map", "B": "own", "C": "map own 1"}

    reference = {"name": "there", "key": "Z"}
    missing = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": reference}}]}
    with pytest.raises(ConfigError, match="couldn't find key Z in ConfigMap there"):
        await resolve(POD, missing, read, {})
