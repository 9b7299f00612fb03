"""Reads and writes the JSON that goes over the wire: by orjson, a fifth of the time of `json`.

`client` writes each body and reads each answer and each event of a watch with it.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from cronwright.kube.errors import Gone, Unavailable, error_from_status
from cronwright.kube.lines import LineSplitter


def parse(content: bytes) -> Any:
    """Read an answer's JSON; Unavailable where something in between answered otherwise."""
    try:
        return orjson.loads(content)
    except ValueError:
        return _parse_deep(content)


def _parse_deep(content: bytes) -> Any:
    """Read what orjson refuses, as it does what is nested 1,024 deep."""
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unavailable(0, "NoAnswer", "the API server's answer is not JSON") from error


def serialise(body: object) -> bytes:
    """Write a body as JSON."""
    try:
        return orjson.dumps(body)
    except TypeError:
        # A lone surrogate or an integer beyond 64 bits, both from a template: orjson knows
        # neither, and the API server says in its own words what it makes of them.
        return json.dumps(body, separators=(",", ":")).encode()


async def events(content: aiohttp.StreamReader) -> AsyncIterator[dict[str, Any]]:
    """Read the events of a watch as they come; Gone where the server ends it with an error."""
    lines = LineSplitter()
    async for chunk in content.iter_any():
        for line in lines.feed(chunk):
            event = parse(line)
            if event["type"] == "ERROR":
                error = error_from_status(0, event["object"])
                raise Gone(error.status, error.reason, error.message)
            yield event
