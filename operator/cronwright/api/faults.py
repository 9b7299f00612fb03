"""Tells a caller what is wrong with a field: from what pydantic found, in words of our own.

Routes read the forms of their bodies here; `problem` makes the answer.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from cronwright.api.problem import Fault, Kind, Problem
from cronwright.errors import FieldError

# Where pydantic's own words speak of Python.
_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "model_type": "should be an object",
    "dict_type": "should be an object",
    "value_error": "is not accepted",
}
_UNKNOWN: Final = "extra_forbidden"

M = TypeVar("M", bound=BaseModel)


def read_form(model: type[M], body: Mapping[str, Any], known: Iterable[Fault] = ()) -> M:
    """Read a form, or raise a Problem with all its faults; `known` are there in any case."""
    faults = list(known)
    try:
        read = model.model_validate(body)
    except ValidationError as error:
        found = faults_from(error.errors(include_url=False), model)
        named = {fault.field for fault in found}
        faults = [*(fault for fault in faults if fault.field not in named), *found]
        raise Problem(Kind.INVALID, *faults) from error
    if faults:
        raise Problem(Kind.INVALID, *faults)
    return read


def faults_from(
    errors: Iterable[Mapping[str, Any]], model: type[BaseModel], skip: int = 0
) -> list[Fault]:
    """Return what is wrong, field by field; the first `skip` parts of each place are not named."""
    return [_fault(error, tuple(error["loc"])[skip:], model) for error in errors]


def _fault(error: Mapping[str, Any], place: tuple[str | int, ...], model: type[BaseModel]) -> Fault:
    field = ".".join(map(str, place)) or "body"
    value = None if error["type"] == "missing" else error.get("input")
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, FieldError):
        return Fault(f"{field}: {cause.problem}", field, value, cause.remedy)
    owner, meaning = _look_up(model, place)
    if error["type"] == _UNKNOWN:
        return Fault(f"{field}: no such field", field, value, _nearest(str(place[-1]), owner))
    words = _WORDS.get(error["type"]) or error["msg"].removeprefix("Input ")
    return Fault(f"{field}: {words}", field, value, f"write what it takes: {meaning}")


def _look_up(
    model: type[BaseModel], place: tuple[str | int, ...]
) -> tuple[type[BaseModel], str | None]:
    """Find the innermost object of ours that a place is in, and the meaning of its field there."""
    meaning = model.__doc__
    for part in place:
        if isinstance(part, int):
            continue  # an item of a list is what the list holds
        info = next((f for n, f in model.model_fields.items() if part in (n, f.alias)), None)
        if info is None:
            break
        meaning = info.description
        inner = _inner(info.annotation)
        if inner is None:
            break
        model = inner
    return model, meaning


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Find the model that a field holds, or holds many of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_inner(each) for each in get_args(annotation))
    return next((each for each in found if each is not None), None)


def _nearest(unknown: str, owner: type[BaseModel]) -> str:
    known = [info.alias or name for name, info in owner.model_fields.items()]
    near = get_close_matches(unknown, known, n=1, cutoff=0.7)
    return f"write {near[0]}" if near else f"remove it; known are {', '.join(known)}"
