"""A container's probes: startup, readiness and liveness.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
`supervisor` runs one `watch` a container while it runs; `action` asks.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from dev.node.action import ActionError, perform
from dev.node.container import Container
from dev.node.runtime import Runtime

JSONObject = dict[str, Any]


async def watch(
    container: Container, address: str, runtime: Runtime, changed: Callable[[], None]
) -> bool:
    """Probe a running container until it has to be restarted: then give True."""
    startup = container.spec.get("startupProbe")
    if startup is not None:
        if not await _until_up(container, startup, address, runtime):
            return True
        container.started = True
        container.ready = "readinessProbe" not in container.spec
        changed()
    probes = []
    if "readinessProbe" in container.spec:
        probes.append(asyncio.create_task(_readiness(container, address, runtime, changed)))
    if "livenessProbe" in container.spec:
        probes.append(asyncio.create_task(_liveness(container, address, runtime)))
    try:
        if not probes:
            return False
        done, _ = await asyncio.wait(probes, return_when=asyncio.FIRST_COMPLETED)
        return any(each.result() for each in done)
    finally:
        for each in probes:
            each.cancel()


async def _until_up(
    container: Container, probe: JSONObject, address: str, runtime: Runtime
) -> bool:
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    for _ in range(probe.get("failureThreshold", 3)):
        if await _ask(container, probe, address, runtime):
            return True
        await asyncio.sleep(probe.get("periodSeconds", 10))
    return False


async def _readiness(
    container: Container, address: str, runtime: Runtime, changed: Callable[[], None]
) -> bool:
    probe = container.spec["readinessProbe"]
    good = bad = 0
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    while True:
        if await _ask(container, probe, address, runtime):
            good, bad = good + 1, 0
        else:
            good, bad = 0, bad + 1
        ready = container.ready
        if good >= probe.get("successThreshold", 1):
            ready = True
        elif bad >= probe.get("failureThreshold", 3):
            ready = False
        if ready != container.ready:
            container.ready = ready
            changed()
        # Until it is ready for the first time it is asked more often than later.
        await asyncio.sleep(probe.get("periodSeconds", 10) if container.ready else 0.5)


async def _liveness(container: Container, address: str, runtime: Runtime) -> bool:
    probe = container.spec["livenessProbe"]
    bad = 0
    await asyncio.sleep(probe.get("initialDelaySeconds", 0))
    while bad < probe.get("failureThreshold", 3):
        await asyncio.sleep(probe.get("periodSeconds", 10))
        bad = 0 if await _ask(container, probe, address, runtime) else bad + 1
    return True


async def _ask(container: Container, probe: JSONObject, address: str, runtime: Runtime) -> bool:
    try:
        await perform(container, probe, address, runtime, float(probe.get("timeoutSeconds", 1)))
    except ActionError:
        return False
    return True
