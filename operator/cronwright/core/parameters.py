"""The parameters of a task: whether they are sound, and what becomes of values given for them.

`plan` and the API hold a task's own list against `check_declared`, and the values of a request
against `faults` before a Job is made; `environment` hands the run its `values` as variables.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, Final

from cronwright.core import identity
from cronwright.core.listed import check_listed
from cronwright.core.pattern import Effort, TooMuchError, compiled
from cronwright.core.pattern_text import PatternError
from cronwright.core.size import stored_size
from cronwright.errors import FieldError
from cronwright.model.depth import read_json
from cronwright.model.parameter import Parameter, ParameterType
from cronwright.model.spec import TaskSpec

# All values of a request together, as JSON: they wait in an annotation.
GIVEN_BYTES: Final = 2048
_DEFAULT_BYTES: Final = 2048  # likewise, in every CronJob and Job
_FIELD: Final = "parameters"
_RESERVED: Final = "CRONWRIGHT_"
_NUMBERS: Final = {ParameterType.INTEGER, ParameterType.NUMBER}
_EXAMPLES: Final = {
    ParameterType.STRING: 'a string, such as "eu"',
    ParameterType.INTEGER: "an integer, such as 10",
    ParameterType.NUMBER: "a number, such as 0.5",
    ParameterType.BOOLEAN: "true or false",
}


def check_declared(spec: TaskSpec) -> None:
    """Refuse parameters of a task that contradict themselves or its schedule; FieldError."""
    check_listed(spec.parameters or ())
    size = stored_size(defaults(spec.parameters or ()))
    if size > _DEFAULT_BYTES:
        problem = f"{size} bytes of defaults, more than {_DEFAULT_BYTES}"
        raise FieldError("spec.parameters", None, problem, "keep long values in a ConfigMap")
    for fault in declared_faults(spec.parameters or ()):
        raise fault
    for place, each in enumerate(spec.parameters or ()):
        if each.required and each.default is None and spec.scheduled:
            field, problem = f"spec.parameters[{place}].default", "missing, and it is required"
            remedy = f'give "{each.name}" one for scheduled runs, or leave the schedule out'
            raise FieldError(field, None, problem, remedy)


def declared_faults(parameters: Sequence[Parameter]) -> Iterator[FieldError]:
    """List what is wrong with parameters by themselves."""
    effort = Effort()
    variables: dict[str, str] = {}
    names: set[str] = set()
    for place, each in enumerate(parameters):
        field = f"spec.parameters[{place}]"
        if each.name in names:
            yield FieldError(f"{field}.name", each.name, "named twice", "name it otherwise")
        elif (other := variables.get(each.variable)) is not None:
            problem = f'"{other}" has the variable {each.variable} as well'
            yield FieldError(f"{field}.env", each.env, problem, "write another one")
        names.add(each.name)
        variables[each.variable] = each.name
        yield from _declaration_faults(field, each, effort)


def _declaration_faults(field: str, each: Parameter, effort: Effort) -> Iterator[FieldError]:
    if each.env is not None and each.env.startswith(_RESERVED):
        remedy = "write a name of your own, or leave it out"
        yield FieldError(f"{field}.env", each.env, "names of Cronwright's own", remedy)
    numeric = each.type in _NUMBERS
    for key, bound in (("minimum", each.minimum), ("maximum", each.maximum)):
        if bound is not None and not numeric:
            remedy = "remove it, or write type: integer or number"
            yield FieldError(f"{field}.{key}", bound, f"no bound of a {each.type}", remedy)
    if None not in (each.minimum, each.maximum) and each.minimum > each.maximum:  # type: ignore[operator]
        problem = f"above the maximum of {each.maximum:g}"
        yield FieldError(f"{field}.minimum", each.minimum, problem, "write a lower one")
    yield from _pattern_faults(f"{field}.pattern", each)
    values = [(f"{field}.enum[{place}]", value) for place, value in enumerate(each.enum or ())]
    if each.default is not None:
        values.append((f"{field}.default", each.default))
    yield from (fault for place, value in values for fault in _faults(place, value, each, effort))


def _pattern_faults(field: str, each: Parameter) -> Iterator[FieldError]:
    if each.pattern is None:
        return
    if each.type is not ParameterType.STRING:
        remedy = "remove it, or write type: string"
        yield FieldError(field, each.pattern, f"no pattern of a {each.type}", remedy)
    try:
        compiled(each.pattern)
    except PatternError as error:
        yield FieldError(field, each.pattern, str(error), "write a simpler one")


def faults(parameters: Sequence[Parameter], given: object) -> list[FieldError]:
    """List what is wrong with the values that a request gives, by name."""
    if not isinstance(given, Mapping):
        return [FieldError(_FIELD, given, "not an object", 'write {"NAME": value}')]
    size = stored_size(given)
    if size > GIVEN_BYTES:
        problem = f"{size} bytes as they are stored, more than {GIVEN_BYTES}"
        return [FieldError(_FIELD, f"{{{', '.join(given)}}}", problem, "give less")]
    effort = Effort()
    known = {each.name: each for each in parameters}
    found = [
        FieldError(f"{_FIELD}.{name}", value, "no such parameter", _known(known))
        for name, value in given.items()
        if name not in known
    ]
    for name, each in known.items():
        if given.get(name) is not None:
            found += _faults(f"{_FIELD}.{name}", given[name], each, effort)
        elif each.required:
            remedy = f"write {_wanted(each)}"
            found.append(FieldError(f"{_FIELD}.{name}", None, "not given", remedy))
    return found


def _known(names: Iterable[str]) -> str:
    listed = ", ".join(names)
    return f"the task has {listed}" if listed else "the task has none; leave it out"


def _faults(field: str, value: object, each: Parameter, effort: Effort) -> Iterator[FieldError]:
    """Say what is wrong with one value: the first thing that is."""
    found = _fault(value, each, effort)
    if found is not None:
        problem, remedy = found
        yield FieldError(field, value, problem, remedy or f"write {_wanted(each)}")


def _fault(value: object, each: Parameter, effort: Effort) -> tuple[str, str] | None:
    """Give the problem of a value and its remedy, which is empty where `_wanted` is that."""
    if not _is_of_type(value, each.type):
        return f"not of the type {each.type}", ""
    if each.enum and not any(_same(value, one) for one in each.enum):
        return "none of the values that are taken", ""
    if isinstance(value, str):
        return _fault_of_text(value, each.pattern, effort)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if each.minimum is not None and value < each.minimum:
            return f"below {each.minimum:g}", ""
        if each.maximum is not None and value > each.maximum:
            return f"above {each.maximum:g}", ""
    return None


def _fault_of_text(value: str, pattern: str | None, effort: Effort) -> tuple[str, str] | None:
    if not _fits_a_variable(value):
        return "a character that no environment variable can carry", "leave it out"
    try:
        if pattern and not compiled(pattern).matches(value, effort):
            return "does not match the pattern", ""
    except TooMuchError:
        return "too long for its pattern", "write a shorter one, or a simpler pattern"
    except PatternError:
        pass  # that of the pattern is told already
    return None


def _is_of_type(value: object, kind: ParameterType) -> bool:
    if kind is ParameterType.STRING or kind is ParameterType.BOOLEAN:
        return isinstance(value, str if kind is ParameterType.STRING else bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, float) and not isfinite(value):
        return False
    return kind is ParameterType.NUMBER or int(value) == value


def _same(value: object, other: object) -> bool:
    # To Python, True is 1.
    return value == other and isinstance(value, bool) is isinstance(other, bool)


def _fits_a_variable(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= each <= "\udfff" for each in value)


def _wanted(each: Parameter) -> str:
    """Say what a parameter takes."""
    if each.enum:
        return f"one of {', '.join(json.dumps(one, ensure_ascii=False) for one in each.enum)}"
    wanted = _EXAMPLES[each.type]
    if each.pattern:
        wanted = f"a string that matches {each.pattern}"
    if each.minimum is not None:
        wanted += f", at least {each.minimum:g}"
    if each.maximum is not None:
        wanted += f", at most {each.maximum:g}"
    return wanted


def values(parameters: Sequence[Parameter], given: Mapping[str, str]) -> dict[str, str]:
    """Give the values of a run by name: what a request gave, `rendered`, else the defaults.

    One that has neither is left out, and so is one that the task no longer has.
    """
    chosen = {**defaults(parameters), **given}
    return {each.name: chosen[each.name] for each in parameters if each.name in chosen}


def defaults(parameters: Iterable[Parameter]) -> dict[str, str]:
    """Give the defaults by name, as a run finds them in its environment."""
    return {
        each.name: _written(each.default, each.type)
        for each in parameters
        if each.default is not None
    }


def rendered(parameters: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, str]:
    """Give the values of a request by name, as a run finds them in its environment."""
    return {
        each.name: _written(given[each.name], each.type)
        for each in parameters
        if given.get(each.name) is not None
    }


def note(chosen: Mapping[str, str]) -> dict[str, str]:
    """Make the annotation in which a Job carries the values that it was made with."""
    text = json.dumps(chosen, ensure_ascii=False, separators=(",", ":"))
    return {identity.PARAMETERS: text} if chosen else {}


def noted(annotation: str | None) -> dict[str, str]:
    """Read that annotation; what somebody else has put there is nothing."""
    try:
        found = read_json(annotation or "{}")
    except ValueError:
        return {}
    return {name: str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def _written(value: object, kind: ParameterType) -> str:
    if isinstance(value, str):
        return value
    if kind is ParameterType.INTEGER and isinstance(value, float):
        value = int(value)
    return json.dumps(value)
