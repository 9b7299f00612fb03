"""Reads a request's body as JSON, or says at which place it can't be read.

Routes ask for it once the caller is known; `limits` has bounded its size. What is read holds
only values that Kubernetes and a response can carry.
"""

import asyncio
import json
import math
from collections import Counter
from typing import Any, Final, NoReturn

from starlette.requests import Request

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.model.depth import is_deeper

_READ_SECONDS: Final = 30.0


async def read_object(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries."""
    return _read(request, await _content(request))


async def read_object_or_nothing(request: Request) -> dict[str, Any]:
    """Return the JSON object that a request carries; an empty one where it has no body."""
    content = await _content(request)
    return _read(request, content) if content else {}


def _read(request: Request, content: bytes) -> dict[str, Any]:
    _check_media_type(request)
    value = _parse(content)
    if not isinstance(value, dict):
        fault = Fault("the body is JSON, but no object", value=value, remedy="send {…}")
        raise Problem(Kind.INVALID, fault)
    return value


async def _content(request: Request) -> bytes:
    content = bytearray()
    try:
        async with asyncio.timeout(_READ_SECONDS):
            async for chunk in request.stream():
                content += chunk
    except TimeoutError:
        fault = Fault(f"the body was not whole after {_READ_SECONDS:.0f} seconds")
        raise Problem(Kind.BODY_TOO_SLOW, fault, headers={"Connection": "close"}) from None
    return bytes(content)


def _check_media_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        return
    remedy = "send JSON, with the header Content-Type: application/json"
    raise Problem(
        Kind.MEDIA_TYPE,
        Fault("the body is not said to be JSON", "Content-Type", given or None, remedy),
    )


def _parse(content: bytes) -> Any:
    try:
        value = json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_constant=_no_number,
        )
        # Half a surrogate pair is JSON, but no text: it could be neither stored nor answered.
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        _refuse(f"byte {error.start + 1} is not UTF-8")
    except UnicodeEncodeError:
        _refuse("a string holds half a surrogate pair")
    except json.JSONDecodeError as error:
        _refuse(f"line {error.lineno}, column {error.colno}: {error.msg}")
    except RecursionError:
        _refuse("it is nested too deeply")
    except ValueError as error:
        _refuse(str(error))
    if is_deeper(value):
        _refuse("it is nested too deeply")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f'"{twice[:60]}" is given twice in one object')
    return value


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:60]} is too large for a number")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


def _refuse(detail: str) -> NoReturn:
    fault = Fault(detail, remedy="send one JSON object in UTF-8")
    raise Problem(Kind.BAD_JSON, fault) from None
