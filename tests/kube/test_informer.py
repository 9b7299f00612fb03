import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from cronwright.kube.client import Client
from cronwright.kube.informer import Informer
from tests.kube.server import Server, gives, hangs_up, refuses, streams
from tests.kube.world import TOO_LARGE, Thing, World, thing


class Listener:
    """Note each change, and let a test wait for what it expects."""

    def __init__(self) -> None:
        self.changes: list[tuple[Thing | None, Thing | None]] = []
        self._news = asyncio.Event()

    def __call__(self, old: Thing | None, new: Thing | None) -> None:
        self.changes.append((old, new))
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition that only a change can bring about."""
        async with asyncio.timeout(10):
            while not condition():
                self._news.clear()
                await self._news.wait()

    @property
    def told(self) -> list[tuple[str, int | None, int | None]]:
        """The changes as name, value before, value after."""
        return [
            (
                (new or old).name,  # type: ignore[union-attr]
                old.value if old else None,
                new.value if new else None,
            )
            for old, new in self.changes
        ]


@pytest.fixture
def world(server: Server) -> World:
    world = World()
    server.will(world.answer)
    return world


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def informer(client: Client, listener: Listener) -> Informer[Thing]:
    return Informer(
        client,
        "/things",
        thing,
        listener,
        label_selector="app=shop",
        index=lambda each: each.value,
    )


@asynccontextmanager
async def running(informer: Informer[Thing]) -> AsyncIterator[None]:
    task = asyncio.create_task(informer.run())
    try:
        async with asyncio.timeout(10):
            await informer.synced.wait()
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def values(informer: Informer[Thing]) -> dict[str, int]:
    return {each.name: each.value for each in informer.all()}


async def test_what_stands_is_listed_page_by_page(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    world.page_size = 2
    for number in range(5):
        world.put(f"thing-{number}", number % 2)

    async with running(informer):
        assert values(informer) == {f"thing-{number}": number % 2 for number in range(5)}
        assert [each.name for each in informer.select(1)] == ["thing-1", "thing-3"]
        found = informer.get("shop", "thing-3")

    assert found is not None
    assert (found.value, informer.get("shop", "thing-9"), informer.select(7)) == (1, None, [])
    assert len(listener.changes) == 5
    first = world.queries[0]
    assert first == {"labelSelector": "app=shop", "limit": "100"}
    assert [query.get("limit") for query in world.queries[:3]] == ["100"] * 3


async def test_what_happens_is_told_in_order(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    world.put("a", 1)
    async with running(informer):
        world.put("a", 2)
        world.put("b", 3)
        world.delete("a", 9)
        await world.publish()
        await listener.until(lambda: len(listener.changes) == 4)

        assert values(informer) == {"b": 3}
        assert (informer.select(1), informer.select(2)) == ([], [])
    assert listener.told == [
        ("a", None, 1),
        ("a", 1, 2),
        ("b", None, 3),
        ("a", 9, None),  # as it last was, which is not as it was last seen
    ]


async def test_a_watch_goes_on_where_it_ended(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    async with running(informer):
        world.put("a", 1)
        await world.publish()
        await listener.until(lambda: "a" in values(informer))
        await world.end_watches()
        world.put("b", 2)
        await world.publish()
        await listener.until(lambda: "b" in values(informer))
        world.drop_watches()
        world.put("c", 3)
        await listener.until(lambda: "c" in values(informer))

    assert world.listings == 1
    assert listener.told == [("a", None, 1), ("b", None, 2), ("c", None, 3)]
    # A right may be to objects of one name or label alone.
    assert {query["labelSelector"] for query in world.queries} == {"app=shop"}


async def test_watches_begun_anew_are_counted_by_what_ended_the_last(
    world: World, informer: Informer[Thing]
) -> None:
    async with running(informer):
        await world.until(lambda: world.watched)
        await world.end_watches()
        await world.until(lambda: informer.restarts == {"ended": 1})
        world.drop_watches()
        await world.until(lambda: informer.restarts == {"ended": 1, "failed": 1})
        world.put("other", quietly=True)
        world.compact()
        world.drop_watches()
        await world.until(lambda: informer.restarts["expired"] == 1)
    assert world.listings == 2


async def test_a_bookmark_moves_the_version_on(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    async with running(informer):
        world.put("other", quietly=True)  # of another label, say
        world.delete("other", quietly=True)
        world.bookmark()
        world.put("a", 1)
        await world.publish()
        await listener.until(lambda: "a" in values(informer))
        world.compact()
        world.drop_watches()
        world.put("b", 2)
        await listener.until(lambda: "b" in values(informer))

    assert world.listings == 1


@pytest.mark.parametrize("how", ["refused", "told"])
async def test_what_is_gone_meanwhile_is_told_as_deleted(
    world: World, informer: Informer[Thing], listener: Listener, how: str
) -> None:
    world.put("a", 1)
    world.put("b", 2)
    world.put("c", 3)
    async with running(informer):
        world.delete("a", quietly=True)
        world.put("b", 4, quietly=True)
        world.delete("c", quietly=True)
        world.put("c", 5, quietly=True)
        if how == "refused":
            world.compact()
            world.drop_watches()
        else:
            world.say({"type": "ERROR", "object": {"kind": "Status", "code": 410}})
            await world.publish()
        await listener.until(lambda: values(informer) == {"b": 4, "c": 5})

        assert informer.get("shop", "a") is None
    assert listener.told[3:] == [("b", 2, 4), ("c", 3, None), ("c", None, 5), ("a", 1, None)]
    assert world.listings == 2


async def test_a_list_that_expires_is_begun_anew(world: World, client: Client) -> None:
    world.page_size = 1
    for name in "abc":
        world.put(name)
    listener = Listener()

    def compact_between_pages(old: Thing | None, new: Thing | None) -> None:
        listener(old, new)
        if len(listener.changes) == 2:
            world.delete("a")
            world.compact()

    informer = Informer(client, "/things", thing, compact_between_pages)
    async with running(informer):
        assert values(informer) == {"b": 0, "c": 0}
    assert world.listings == 2
    assert listener.told == [("a", None, 0), ("b", None, 0), ("c", None, 0), ("a", 0, None)]


async def test_every_failure_is_tried_again(
    world: World, informer: Informer[Thing], listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("a", 1)
    world.faults.extend([refuses(403, "Forbidden", "not yours"), hangs_up, streams(b"<html>")])
    async with running(informer):
        assert values(informer) == {"a": 1}
        world.faults.extend([refuses(500, "InternalError"), refuses(429, "TooManyRequests")])
        world.drop_watches()
        world.put("b", 2)
        await listener.until(lambda: "b" in values(informer))

    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings[0].__dict__["error"] == "not yours"
    assert world.listings == 4


async def test_an_own_write_is_known_before_the_watch_tells(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    world.put("a", 1)
    async with running(informer):
        informer.observe(world.put("a", 2))
        informer.observe_record(thing(world.put("b", 3)))
        assert values(informer) == {"a": 2, "b": 3}
        world.put("c", 4)
        await world.publish()
        await listener.until(lambda: "c" in values(informer))

    assert listener.told == [("a", None, 1), ("a", 1, 2), ("b", None, 3), ("c", None, 4)]


async def test_news_from_before_an_own_write_changes_nothing(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    world.put("a", 1)
    async with running(informer):
        world.put("a", 2)  # somebody else's, and on its way
        informer.observe(world.put("a", 3))
        world.put("b", 4)
        await world.publish()
        await listener.until(lambda: "b" in values(informer))

        assert values(informer) == {"a": 3, "b": 4}
    assert listener.told == [("a", None, 1), ("a", 1, 3), ("b", None, 4)]


async def test_an_own_write_answered_late_is_old_news(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    async with running(informer):
        created = world.put("a", 1)
        changed = world.put("a", 2)
        world.delete("a")
        world.put("b", 3)
        await world.publish()
        await listener.until(lambda: "b" in values(informer))
        informer.observe(created)
        informer.observe(changed)

        assert values(informer) == {"b": 3}
    assert listener.told == [("a", None, 1), ("a", 1, 2), ("a", 2, None), ("b", None, 3)]


async def test_what_was_observed_and_then_deleted_is_told(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    async with running(informer):
        informer.observe(world.put("a", 1))
        world.delete("a", 2)
        await world.publish()
        await listener.until(lambda: len(listener.changes) == 2)

    assert listener.told == [("a", None, 1), ("a", 2, None)]


async def test_an_own_write_outlives_a_list_from_before_it(
    world: World, client: Client, listener: Listener
) -> None:
    world.page_size = 1
    world.put("a", 1)
    world.put("c", 1)
    informer: Informer[Thing]

    def write_between_pages(old: Thing | None, new: Thing | None) -> None:
        listener(old, new)
        if len(listener.changes) == 1:
            informer.observe(world.put("c", 3))
            informer.observe(world.put("b", 2))

    informer = Informer(client, "/things", thing, write_between_pages)
    async with running(informer):
        assert values(informer) == {"a": 1, "b": 2, "c": 3}
        world.delete("b")
        await world.publish()
        await listener.until(lambda: "b" not in values(informer))

    assert listener.told == [("a", None, 1), ("c", None, 3), ("b", None, 2), ("b", 2, None)]


async def test_a_handler_that_fails_is_logged_and_called_again(
    world: World, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    listener = Listener()

    def fails(old: Thing | None, new: Thing | None) -> None:
        listener(old, new)
        raise RuntimeError("a bug")

    informer = Informer(client, "/things", thing, fails)
    world.put("a", 1)
    async with running(informer):
        world.put("a", 2)
        await world.publish()
        await listener.until(lambda: len(listener.changes) == 2)

        assert values(informer) == {"a": 2}
    assert [each.message for each in caplog.records] == ["change not handled"] * 2


async def test_an_object_that_is_not_understood_is_left_out(
    world: World, informer: Informer[Thing], listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    world.put("a", 1)
    del world.objects["a"]["value"]
    world.put("b", 2)
    async with running(informer):
        assert values(informer) == {"b": 2}
    assert [each.message for each in caplog.records] == ["object not understood, left out"]


async def test_an_event_that_is_not_understood_leads_to_a_list(
    world: World, informer: Informer[Thing], listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(informer):
        world.say({"type": "MODIFIED", "object": {}})
        world.put("a", 1)
        await world.publish()
        await listener.until(lambda: "a" in values(informer))

    assert world.listings == 2
    assert caplog.records[0].message == "not watching; listing anew"


async def test_the_server_was_heard_a_moment_ago(world: World, informer: Informer[Thing]) -> None:
    before = informer.age()
    async with running(informer):
        assert 0 <= informer.age() <= before + 10


async def test_nothing_of_the_object_itself_is_kept(
    world: World, client: Client, listener: Listener
) -> None:
    import gc
    import weakref

    class Body(dict[str, Any]):
        """A dict that can be referred to weakly."""

    bodies: list[weakref.ref[Body]] = []

    def project(body: dict[str, Any]) -> Thing:
        kept = Body(body)
        bodies.append(weakref.ref(kept))
        return thing(kept)

    informer = Informer(client, "/things", project, listener)
    world.put("a", 1)
    async with running(informer):
        world.put("a", 2)
        await world.publish()
        await listener.until(lambda: len(listener.changes) == 2)
        gc.collect()
    assert [each() for each in bodies] == [None, None]


async def test_a_restored_state_is_the_truth_older_though_it_is(
    world: World, client: Client, listener: Listener
) -> None:
    restored: list[dict[str, int]] = []

    async def note() -> None:
        restored.append(values(mine))

    mine = Informer(client, "/things", thing, listener, on_restored=note)
    for name in ("a", "b", "gone"):
        world.put(name, 1)
    saved = world.saved()
    async with running(mine):
        world.put("a", 2)
        world.delete("gone")
        world.put("new", 1)
        await world.publish()
        await listener.until(lambda: "new" in values(mine))
        before = len(listener.changes)
        world.restore(saved)
        await listener.until(lambda: "gone" in values(mine) and "new" not in values(mine))
        assert restored == [{"a": 2, "b": 1, "new": 1}], "told before anything is taken back"
        assert values(mine) == {"a": 1, "b": 1, "gone": 1}
        assert sorted(listener.told[before:]) == [("a", 2, 1), ("gone", None, 1), ("new", 1, None)]

        world.put("b", 3)
        await world.publish()
        await listener.until(lambda: values(mine)["b"] == 3)


async def test_a_list_that_is_behind_is_not_taken_for_a_restored_state(
    world: World, informer: Informer[Thing], listener: Listener
) -> None:
    async with running(informer):
        world.put("a", 1)
        await world.publish()
        await listener.until(lambda: "a" in values(informer))
        world.faults.append(gives(TOO_LARGE, 504))  # its cache is slow, and then no longer
        world.drop_watches()
        world.put("b", 2)
        await listener.until(lambda: "b" in values(informer))

    assert world.listings == 2
    assert listener.told == [("a", None, 1), ("b", None, 2)]


async def test_an_own_write_after_a_restore_stays(
    world: World, client: Client, listener: Listener
) -> None:
    async def write() -> None:
        mine.observe(world.put("own", 5))

    mine = Informer(client, "/things", thing, listener, on_restored=write)
    world.put("a", 1)
    saved = world.saved()
    async with running(mine):
        for value in range(9):
            world.put("a", value)
        await world.publish()
        await listener.until(lambda: values(mine) == {"a": 8})
        world.restore(saved)
        await listener.until(lambda: values(mine) == {"a": 1, "own": 5})


async def test_what_was_seen_begins_with_a_list_and_ends_with_the_last_news(
    world: World, client: Client, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("cronwright.kube.informer.time", clock)
    informer = Informer(client, "/things", thing, listener)
    async with running(informer):
        await world.until(lambda: world.watched)
        now[0] = 1010.0
        assert informer.seen() == (10.0, 10.0), "an open watch is no news"
        world.put("a")
        await world.publish()
        await listener.until(lambda: "a" in values(informer))
        assert informer.seen() == (10.0, 0.0)
