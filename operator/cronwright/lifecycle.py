"""The state of a process: said in its log at each change, and shown by its `/health`."""

import logging
from enum import StrEnum
from typing import Any

logger = logging.getLogger(__name__)


class State(StrEnum):
    """What a process is about."""

    RUNNING = "Running"
    SHUTTING_DOWN = "ShuttingDown"  # begins nothing new, and ends what is under way
    TERMINATED = "Terminated"


class Lifecycle:
    """Where one process stands in its life."""

    def __init__(self) -> None:
        self.state = State.RUNNING

    def enter(self, state: State, **more: Any) -> None:
        """Go on to a state, and say so."""
        self.state = state
        logger.info("state is %s", state, extra={"state": str(state), **more})
