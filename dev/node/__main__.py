"""Runs the node: `python -m dev.node --kubeconfig … --name … --port …`; `dev.cluster` does it."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from aiohttp import web

from dev.node import server
from dev.node.api import Api
from dev.node.node import Node
from dev.node.runtime import Runtime

logger = logging.getLogger(__name__)


def main() -> None:
    """Read the command line and run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m dev.node", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True, help="who the node is")
    parser.add_argument("--name", required=True, help="the Node object's name")
    parser.add_argument("--address", default="127.0.0.1", help="where the kubelet endpoint listens")
    parser.add_argument("--port", type=int, required=True, help="and on which port")
    parser.add_argument("--root", type=Path, required=True, help="where pods keep their files")
    parser.add_argument("--serving-cert", type=Path, required=True, help="of the endpoint")
    parser.add_argument("--serving-key", type=Path, required=True, help="of the endpoint")
    parser.add_argument("--client-ca", type=Path, required=True, help="who may ask the endpoint")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(_run(chosen))


async def _run(chosen: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runtime = Runtime(chosen.root.absolute() / "runtime")
    if runtime.isolation == "none":
        logger.warning(
            "this machine allows no namespaces: containers run as plain processes, without "
            "volumes, users or a root of their own, and what they leave behind is not ended"
        )
    try:
        async with Api(chosen.kubeconfig) as api:
            await _serve(api, runtime, chosen, stop)
    finally:
        runtime.close()


async def _serve(
    api: Api, runtime: Runtime, chosen: argparse.Namespace, stop: asyncio.Event
) -> None:
    node = Node(api, runtime, chosen.name, chosen.root.absolute())
    runner = web.AppRunner(server.make_app(node.pods), access_log=None)
    await runner.setup()
    tls = server.tls(chosen.serving_cert, chosen.serving_key, chosen.client_ca)
    await web.TCPSite(runner, chosen.address, chosen.port, ssl_context=tls).start()
    await node.register(chosen.port)
    parts = [
        asyncio.create_task(node.run()),
        asyncio.create_task(node.heartbeat(chosen.port)),
        asyncio.create_task(stop.wait()),
    ]
    await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    for part in parts:
        part.cancel()
    await node.close()
    await runner.cleanup()


if __name__ == "__main__":
    main()
