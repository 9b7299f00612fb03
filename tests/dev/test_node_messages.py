"""Termination messages of containers on the local node.

https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
"""

from typing import Any

import pytest

from tests.dev.pods import Pods, container, end_of

pytestmark = pytest.mark.cluster

FALLBACK = {"terminationMessagePolicy": "FallbackToLogsOnError"}


async def messages(pods: Pods, **containers: dict[str, Any]) -> dict[str, str | None]:
    await pods.start_all(**containers)
    statuses = await pods.ended(*containers)
    return {
        name: end_of(status).get("message")
        for name, status in zip(containers, statuses, strict=True)
    }


async def test_what_a_container_leaves_as_its_last_words(pods: Pods) -> None:
    elsewhere = {"terminationMessagePath": "/tmp/words"}
    assert await messages(
        pods,
        none=container("echo printed"),
        good=container("echo good > /dev/termination-log"),
        bad=container("printf bad > /dev/termination-log; exit 3"),
        elsewhere=container("printf there > /tmp/words; echo x > /dev/null", **elsewhere),
        # More than 4096 bytes: the end of them.
        long=container("printf '%05000d' 7 > /dev/termination-log"),
    ) == {
        "none": None,
        "good": "good\n",
        "bad": "bad",
        "elsewhere": "there",
        "long": "0" * 4095 + "7",
    }


async def test_the_log_in_place_of_last_words(pods: Pods) -> None:
    assert await messages(
        pods,
        good=container("echo printed", **FALLBACK),
        bad=container("echo printed; echo wrong >&2; exit 1", **FALLBACK),
        said=container("echo printed; printf said > /dev/termination-log; exit 1", **FALLBACK),
        lines=container("seq 100; exit 1", **FALLBACK),
        long=container("printf '%05000d' 7; exit 1", **FALLBACK),
    ) == {
        "good": None,
        "bad": "printed\nwrong\n",
        "said": "said",
        "lines": "".join(f"{number}\n" for number in range(21, 101)),
        "long": "0" * 2047 + "7",
    }


async def test_many_containers_share_the_room(pods: Pods) -> None:
    wordy = "printf '%05000d' 7 > /dev/termination-log"
    await pods.start("pod", containers=[container(wordy, f"c{number}") for number in range(6)])
    (status,) = await pods.ended("pod")
    lengths = [len(each["state"]["terminated"]["message"]) for each in status["containerStatuses"]]
    assert lengths == [12288 // 6] * 6
