"""Whatever happens to the objects and to the connection, an informer ends up with what stands."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cronwright.kube.client import Client
from cronwright.kube.informer import Informer
from tests.kube.server import Server, breaks_off, hangs_up, refuses
from tests.kube.world import Thing, World, thing

NAMES = st.sampled_from("abcd")
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES),
    st.tuples(st.just("write"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("gap"), NAMES),
    st.tuples(st.sampled_from(["bookmark", "end", "drop", "fail", "break", "run"]), st.just("")),
)


class Scenario:
    """An informer, the world it looks at, and what it has been told."""

    def __init__(self, world: World, client: Client) -> None:
        self.world = world
        self.told: dict[str, Thing] = {}
        self.breaks: list[tuple[Thing | None, Thing | None, Thing | None]] = []
        self.value = 0
        self._news = asyncio.Event()
        self.informer: Informer[Thing] = Informer(client, "/things", thing, self._on_change)

    def _on_change(self, old: Thing | None, new: Thing | None) -> None:
        # Each change goes on from where the last one of the same object ended.
        name = (new or old).name  # type: ignore[union-attr]
        known = self.told.pop(name, None)
        if new is not None:
            self.told[name] = new
            fits = known == old
        else:
            fits = known is not None and old is not None and known.uid == old.uid
        if not fits:
            self.breaks.append((known, old, new))
        self._news.set()

    async def take(self, step: str, name: str) -> None:
        self.value += 1
        world = self.world
        if step == "put":
            world.put(name, self.value)
        elif step == "write":
            self.informer.observe(world.put(name, self.value))
        elif step == "delete" and name in world.objects:
            world.delete(name)
        elif step == "gap":
            self._miss(name)
        elif step == "bookmark":
            world.bookmark()
        elif step == "end":
            await world.end_watches()
        elif step in {"drop", "fail", "break"}:
            world.faults.extend({"fail": [refuses(503), hangs_up], "break": [BREAK]}.get(step, []))
            world.drop_watches()
        elif step == "run":
            await world.publish()
            for _ in range(20):
                await asyncio.sleep(0)

    def _miss(self, name: str) -> None:
        """Let what happens to an object go unseen, so that only a list can tell."""
        if name in self.world.objects:
            self.world.delete(name, quietly=True)
        else:
            self.world.put(name, self.value, quietly=True)
        self.world.compact()
        self.world.drop_watches()

    async def converged(self) -> None:
        # A fault may still be waiting for the next request; a gap may not be noticed yet.
        self.world.drop_watches()
        self.world.put("last", self.value)
        await self.world.publish()
        async with asyncio.timeout(20):
            while self.told != {name: thing(body) for name, body in self.world.objects.items()}:
                self._news.clear()
                await self._news.wait()


BREAK = breaks_off(b'{"type":"ADDED","object":{"metada')


@given(st.lists(STEPS, max_size=40))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_an_informer_converges(steps: list[tuple[str, str]]) -> None:
    async def scenario() -> None:
        async with Server() as server, Client(server.credentials) as client:
            world = World()
            world.page_size = 2
            server.will(world.answer)
            scenario = Scenario(world, client)
            running = asyncio.create_task(scenario.informer.run())
            for step, name in steps:
                await scenario.take(step, name)
            await scenario.converged()
            assert {each.name: each for each in scenario.informer.all()} == scenario.told
            assert scenario.breaks == []
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(scenario())
