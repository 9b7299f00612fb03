"""Sizes of concurrency groups, read from a ConfigMap."""

from typing import Any

import pytest

from cronwright.core.group_sizes import group_sizes


def config_map(data: Any) -> dict[str, Any]:
    metadata = {"namespace": "team", "name": "groups", "uid": "u", "resourceVersion": "5"}
    return {"metadata": metadata, "data": data}


def test_a_size_is_a_number() -> None:
    found = group_sizes(config_map({"db": "3", "api": " 1000\n"}))
    assert (found.sizes, found.faults) == ({"db": 3, "api": 1000}, ())
    assert (found.namespace, found.name, found.uid, found.resource_version) == (
        "team", "groups", "u", "5",
    )  # fmt: skip


def test_a_config_map_may_be_empty() -> None:
    assert group_sizes(config_map(None)).sizes == {}


@pytest.mark.parametrize("text", ["", "0", "-1", "three", "2.5", "1001", "99999999", "٣", "1e2"])
def test_what_is_no_size_is_named_with_its_remedy(text: str) -> None:
    found = group_sizes(config_map({"db": text, "api": "2"}))
    assert found.sizes == {"api": 2}
    (fault,) = found.faults
    assert fault == f'data.db "{text}": no size of a group; write a number from 1 to 1000'
