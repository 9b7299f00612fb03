"""Logs read through a real HTTP connection that breaks, from pods that end and go meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from cronwright.controller import collect
from cronwright.controller.collect import Collector
from cronwright.controller.tasks import TaskKey
from cronwright.controller.witness import Witness
from cronwright.core.capture import Capture
from cronwright.core.pod import PodFacts
from cronwright.core.run import Output
from cronwright.kube.client import Client
from cronwright.model.logs import Logs
from tests.core.world import job, pod
from tests.kube.server import Answer, Server, breaks_off, refuses, streams

KEY = TaskKey("team", "report")
JOB = job()
GOING = pod(JOB, "Running")
ENDED = pod(JOB, "Failed")
GONE = refuses(404, "NotFound")
AWAY = refuses(500, "InternalError")
WAITING = refuses(400, "BadRequest")


@dataclass
class Stage:
    """A collector, the pod as its informer knows it, and the server that it reads from."""

    server: Server
    client: Client
    pod: PodFacts | None = GOING
    witness: Witness = field(default_factory=Witness)

    async def read(self, capture: Capture, *answers: Answer) -> Output | None:
        """Read a log; give what the witness has of it once that is settled."""
        self.server.will(*answers)
        settled = asyncio.Event()
        collector = Collector(
            self.client, self.witness, lambda *_: self.pod, lambda _: settled.set()
        )
        collector.start(KEY, [capture], Logs())
        async with asyncio.timeout(10):
            await settled.wait()
        testimony = self.witness.of(KEY)[JOB.uid]
        assert testimony.settled == {capture.log_key}
        return testimony.outputs.get(capture.log_key)

    def asked(self) -> list[str]:
        """Say how the log was asked for, one time after the other."""
        return [
            "follow" if "follow" in each.query else "before" if "previous" in each.query else "read"
            for each in self.server.seen
        ]


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    monkeypatch.setattr(collect, "_PAUSE", 0.01)
    async with Server() as server, Client(server.credentials, component="test") as client:
        yield Stage(server, client)


def capture(of: PodFacts = GOING, *, follow: bool = False) -> Capture:
    return Capture(of, "task", 0, follow=follow)


def output(text: str, *, complete: bool) -> Output:
    return Output((GOING.uid, "task", 0), text, complete)


async def test_the_log_of_what_has_ended_is_read_once(stage: Stage) -> None:
    stage.pod = ENDED
    assert await stage.read(capture(), streams(b"all\n")) == output("all\n", complete=True)
    assert stage.asked() == ["read"]


async def test_what_breaks_off_is_read_again(stage: Stage) -> None:
    stage.pod = ENDED
    answers = breaks_off(b"al"), breaks_off(), streams(b"all\n")
    assert await stage.read(capture(), *answers) == output("all\n", complete=True)


async def test_of_a_pod_that_goes_meanwhile_a_part_is_left(stage: Stage) -> None:
    stage.pod = ENDED
    assert await stage.read(capture(), breaks_off(b"al"), GONE) == output("al", complete=False)


@pytest.mark.parametrize("answer", [GONE, WAITING, refuses(403, "Forbidden")])
async def test_what_can_not_be_had_is_settled(stage: Stage, answer: Answer) -> None:
    stage.pod = None
    assert await stage.read(capture(), answer) is None


async def test_a_node_that_is_away_is_asked_again(stage: Stage) -> None:
    stage.pod = ENDED
    answers = *[AWAY] * 7, streams(b"all\n")
    assert await stage.read(capture(), *answers) == output("all\n", complete=True)


async def test_and_given_up_one_day(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "_NODE_PATIENCE", 0.0)
    stage.pod = ENDED
    assert await stage.read(capture(), AWAY) is None


def during(stage: Stage, then: PodFacts | None, *chunks: bytes) -> Answer:
    """Answer in pieces, and let the pod become something else right after."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = await streams(*chunks)(request)
        await response.write_eof()
        stage.pod = then
        return response

    return answer


async def test_what_was_followed_is_read_once_more_if_it_can_be(stage: Stage) -> None:
    answers = during(stage, ENDED, b"first\n"), streams(b"first\nlast words\n")
    read = await stage.read(capture(follow=True), *answers)
    assert read == output("first\nlast words\n", complete=True)
    assert stage.asked() == ["follow", "read"]


async def test_and_is_all_that_there_is_of_a_pod_that_is_gone(stage: Stage) -> None:
    answers = during(stage, None, b"all\n"), GONE
    assert await stage.read(capture(follow=True), *answers) == output("all\n", complete=True)
    assert stage.asked() == ["follow"]


async def test_a_log_that_is_gone_before_its_pod_is_what_was_followed(stage: Stage) -> None:
    answers = during(stage, ENDED, b"all\n"), GONE
    assert await stage.read(capture(follow=True), *answers) == output("all\n", complete=True)


async def test_a_stream_that_ends_before_its_container_is_followed_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "_END_TOLD", 0.1)
    answers = streams(b"first\n"), during(stage, None, b"first\nlast words\n"), GONE
    read = await stage.read(capture(follow=True), *answers)
    assert read == output("first\nlast words\n", complete=True)
    assert stage.asked() == ["follow", "follow"]


async def test_a_stream_that_breaks_leaves_a_part(stage: Stage) -> None:
    def goes(answer: Answer) -> Answer:
        async def breaks(request: web.Request) -> web.StreamResponse:
            stage.pod = None
            return await answer(request)

        return breaks

    read = await stage.read(capture(follow=True), goes(breaks_off(b"first\n")), GONE)
    assert read == output("first\n", complete=False)


async def test_what_ended_before_it_could_be_followed_is_read(stage: Stage) -> None:
    stage.pod = ENDED
    assert await stage.read(capture(follow=True), streams(b"all\n")) == output(
        "all\n", complete=True
    )
    assert stage.asked() == ["read"]


async def test_of_what_was_started_again_the_log_before_is_read(stage: Stage) -> None:
    stage.pod = pod(JOB, "Running", restarts=1)
    assert await stage.read(capture(), streams(b"all\n")) == output("all\n", complete=True)
    assert stage.asked() == ["before"]


async def test_of_what_was_started_twice_again_there_is_none(stage: Stage) -> None:
    stage.pod = pod(JOB, "Running", restarts=2)
    assert await stage.read(capture(), streams(b"another\n")) is None
    assert stage.asked() == []


async def test_another_pod_of_the_same_name_is_not_asked_about(stage: Stage) -> None:
    stage.pod = replace(pod(JOB, "Running", restarts=5), uid="another")
    assert await stage.read(capture(), streams(b"all\n")) == output("all\n", complete=True)
