"""Taking, keeping and releasing a Lease, against a server that keeps one as Kubernetes does."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from cronwright.core.election import Durations
from cronwright.kube.client import Client
from cronwright.kube.lease import Claim, Lease, LostError
from tests.cluster.waiting import until
from tests.kube.server import Server

PATH = "/apis/coordination.k8s.io/v1/namespaces/system/leases"
DURATIONS = Durations(lease=10, deadline=7.0, retry=0.02)


class Stored:
    """The one Lease, with its versions; `fault` answers in its place, `lost` swallows answers."""

    def __init__(self) -> None:
        self.body: dict[str, Any] | None = None
        self.fault: int | None = None
        self.lost = False
        self.reads = self.writes = 0
        self._version = 0

    @property
    def spec(self) -> dict[str, Any]:
        assert self.body is not None
        spec: dict[str, Any] = self.body["spec"]
        return spec

    def put(self, body: dict[str, Any]) -> None:
        self._version += 1
        body["metadata"]["resourceVersion"] = str(self._version)
        self.body = body

    def held_by(self, holder: str, renewed: str = "2026-03-02T12:00:00.000000Z") -> None:
        spec = {"holderIdentity": holder, "leaseDurationSeconds": 10, "renewTime": renewed}
        self.put({"metadata": {"name": "cronwright"}, "spec": {**spec, "leaseTransitions": 3}})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.fault is not None:
            return _refusal(self.fault, "Fault")
        self.reads += request.method == "GET"
        self.writes += request.method != "GET"
        change = json.loads(await request.read() or b"{}")
        if request.method == "POST" and self.body is not None:
            return _refusal(409, "AlreadyExists")
        if request.method == "POST":
            self.put(change)
        elif self.body is None:
            return _refusal(404, "NotFound")
        elif request.method == "PATCH":
            version = self.body["metadata"]["resourceVersion"]
            if change["metadata"].pop("resourceVersion") != version:
                return _refusal(409, "Conflict")
            self.put({**self.body, "spec": {**self.body["spec"], **change["spec"]}})
        if self.lost and request.method != "GET":
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.body)


def _refusal(status: int, reason: str) -> web.Response:
    body = {"kind": "Status", "code": status, "reason": reason, "message": reason}
    return web.json_response(body, status=status)


class Candidate:
    """One process that contends, on a clock that is set by hand."""

    def __init__(self, client: Client, identity: str) -> None:
        self.now = 100.0
        self.left: list[float] = []
        claim = Claim("system", "cronwright", identity, DURATIONS)
        self.lease = Lease(client, claim, self.left.append, lambda: self.now)


@pytest.fixture
def stored(server: Server) -> Stored:
    stored = Stored()
    server.will(stored.answer)
    return stored


@pytest.fixture
async def me(client: Client) -> AsyncIterator[Candidate]:
    candidate = Candidate(client, "me")
    async with asyncio.timeout(20):
        yield candidate


async def looked(stored: Stored, times: int = 3) -> None:
    """Wait until the Lease has been read so many times more."""
    before = stored.reads

    async def read() -> bool:
        return stored.reads >= before + times

    await until(read, 5.0, every=0.01)


async def test_the_first_one_makes_it_and_may_write(
    server: Server, stored: Stored, me: Candidate
) -> None:
    assert not me.lease.may_write()
    await me.lease.take()

    assert me.lease.may_write()
    assert me.left == [10.0]
    assert [(each.method, each.path) for each in server.seen] == [
        ("GET", f"{PATH}/cronwright"),
        ("POST", PATH),
    ]
    assert server.seen[1].json == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "cronwright", "namespace": "system"},
        "spec": stored.spec,
    }
    assert (stored.spec["holderIdentity"], stored.spec["leaseTransitions"]) == ("me", 1)
    assert (stored.spec["leaseDurationSeconds"], stored.spec["acquireTime"][-1]) == (10, "Z")


async def test_another_waits_until_it_has_stood_still_for_its_duration(
    stored: Stored, me: Candidate
) -> None:
    stored.held_by("other")
    taking = asyncio.create_task(me.lease.take())
    await looked(stored)
    me.now += 9.0
    stored.held_by("other", "2001-01-01T00:00:00.000000Z")  # renewed, by whatever clock
    await looked(stored)
    me.now += 9.9
    await looked(stored)
    assert not taking.done()

    me.now += 0.2
    await taking
    assert (stored.spec["holderIdentity"], stored.spec["leaseTransitions"]) == ("me", 4)


async def test_one_that_is_released_is_taken_at_once(client: Client, stored: Stored) -> None:
    first, second = Candidate(client, "first"), Candidate(client, "second")
    await first.lease.take()
    taking = asyncio.create_task(second.lease.take())
    await looked(stored)
    assert not taking.done()

    await first.lease.release()
    assert not first.lease.may_write()
    await taking
    assert stored.spec["holderIdentity"] == "second"
    assert not first.lease.may_write()


async def test_of_two_that_take_it_at_once_one_has_it(client: Client, stored: Stored) -> None:
    stored.held_by("")
    candidates = [Candidate(client, name) for name in ("first", "second")]
    tasks = [asyncio.create_task(each.lease.take()) for each in candidates]
    done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await looked(stored)

    assert (len(done), len(waiting)) == (1, 1)
    (leader,) = (each for each in candidates if each.lease.may_write())
    assert stored.spec["holderIdentity"] == leader.lease._claim.identity
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_renewal_counts_from_before_it_was_sent(stored: Stored, me: Candidate) -> None:
    await me.lease.take()
    me.now += 6.9
    assert me.lease.may_write()
    me.now += 0.2
    assert not me.lease.may_write()

    me.now = 105.0
    keeping = asyncio.create_task(me.lease.keep())

    async def renewed() -> bool:
        return len(me.left) > 1

    await until(renewed, 5.0, every=0.01)
    me.now = 111.9
    assert me.lease.may_write()
    assert stored.spec["leaseTransitions"] == 1
    await _end(keeping)


async def test_a_holder_that_can_not_renew_is_told_at_the_deadline(
    stored: Stored, me: Candidate
) -> None:
    await me.lease.take()
    stored.fault = 503
    keeping = asyncio.create_task(me.lease.keep())
    me.now += 6.9
    done, _ = await asyncio.wait({keeping}, timeout=0.2)
    assert not done

    me.now += 0.1
    with pytest.raises(LostError, match="could not be renewed for 7 s"):
        await keeping


async def test_a_holder_is_told_that_it_is_anothers(stored: Stored, me: Candidate) -> None:
    await me.lease.take()
    stored.held_by("other")
    with pytest.raises(LostError, match='held by "other"'):
        await me.lease.keep()


async def test_another_process_of_the_same_name_is_another(
    client: Client, stored: Stored, me: Candidate
) -> None:
    await me.lease.take()
    restarted = Candidate(client, "me")
    await restarted.lease.take()  # at once: who held it before a crash is gone
    with pytest.raises(LostError):
        await me.lease.keep()
    assert restarted.lease.may_write()


async def test_a_lost_answer_and_a_label_are_no_loss(stored: Stored, me: Candidate) -> None:
    await me.lease.take()
    stored.lost = True
    keeping = asyncio.create_task(me.lease.keep())

    async def tried() -> bool:
        return stored.writes > 3

    await until(tried, 5.0, every=0.01)
    stored.lost = False
    assert stored.body is not None
    stored.body["metadata"]["labels"] = {"seen-by": "somebody"}
    stored.put(stored.body)

    async def renewed() -> bool:
        return len(me.left) > 3

    await until(renewed, 5.0, every=0.01)
    assert not keeping.done()
    assert stored.body["metadata"]["labels"] == {"seen-by": "somebody"}
    await _end(keeping)


async def test_one_that_is_deleted_is_made_anew_by_its_holder(
    client: Client, stored: Stored, me: Candidate
) -> None:
    await me.lease.take()
    other = Candidate(client, "other")
    taking = asyncio.create_task(other.lease.take())
    await looked(stored)
    stored.body = None
    await looked(stored)
    assert not taking.done()
    keeping = asyncio.create_task(me.lease.keep())

    async def made() -> bool:
        return stored.body is not None

    await until(made, 5.0, every=0.01)
    assert stored.spec["holderIdentity"] == "me"
    await _end(keeping, taking)


async def test_releasing_does_not_touch_anothers(stored: Stored, me: Candidate) -> None:
    await me.lease.take()
    stored.held_by("other")
    await me.lease.release()
    assert stored.spec["holderIdentity"] == "other"


async def test_one_that_was_taken_without_an_answer_is_released(
    stored: Stored, me: Candidate
) -> None:
    stored.lost = True
    taking = asyncio.create_task(me.lease.take())

    async def held() -> bool:
        return stored.body is not None

    await until(held, 5.0, every=0.01)
    await _end(taking)
    stored.lost = False
    await me.lease.release()
    assert (stored.spec["holderIdentity"], stored.spec["leaseDurationSeconds"]) == ("", 1)


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
