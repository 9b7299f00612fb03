"""Runs operator and API in the foreground: `make run`. Ctrl-C ends both.

They act as the cluster's administrator; how they live with less is the chart's matter, and tested
there.
"""

import signal
import subprocess
import sys
import threading
from typing import Final

from dev import services
from dev.cluster.failure import ClusterError

_PATIENCE: Final = 15.0


def main() -> int:
    """Run both until one ends or a signal comes; give 0 after a signal, else 1."""
    try:
        place = services.place()
        place.install_crds()
    except ClusterError as error:
        print(f"make run: {error}", file=sys.stderr)
        return 1
    with place.layout.locked():
        # Those of the demo would do the same work a second time.
        known = [each for each in place.processes.all() if each.name in services.NAMES]
        place.processes.stop(known, _PATIENCE)
    port = services.api_port(place)
    print(f"API: http://127.0.0.1:{port}")
    return _run([services.operator(place).command, services.api(place, port).command])


def _run(commands: list[tuple[str, ...]]) -> int:
    over = threading.Event()
    asked = threading.Event()

    def stop(*_: object) -> None:
        asked.set()
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    # In sessions of their own: Ctrl-C reaches this process alone, which then ends them in order.
    children = [subprocess.Popen(command, start_new_session=True) for command in commands]
    for child in children:
        threading.Thread(target=_announce_end, args=(child, over), daemon=True).start()
    over.wait()
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
    return 0 if asked.is_set() else 1


def _announce_end(child: subprocess.Popen[bytes], over: threading.Event) -> None:
    child.wait()
    over.set()


if __name__ == "__main__":
    sys.exit(main())
