"""Values in the environment of a run's containers, as they are and never interpreted.

`job` puts the values of a task's parameters there, beside what it says of the run itself.
"""

from collections.abc import Iterable, Mapping

from cronwright.model.parameter import Parameter


def set_parameters(
    container: object, parameters: Iterable[Parameter], chosen: Mapping[str, str]
) -> None:
    """Put the values of parameters first into a container's environment, in place of its own.

    What it sets itself may then refer to them.
    """
    own = container.get("env") or [] if isinstance(container, dict) else None
    if not isinstance(container, dict) or not isinstance(own, list):
        return
    entries = [
        {"name": each.variable, "value": literal(chosen[each.name])}
        for each in parameters
        if each.name in chosen
    ]
    set_here = {each["name"] for each in entries}
    rest = [each for each in own if not (isinstance(each, dict) and each.get("name") in set_here)]
    if entries:
        container["env"] = [*entries, *rest]


def literal(text: str) -> str:
    """Write a value that Kubernetes doesn't interpret: there $(NAME) is a reference, and $$ a $."""
    return text.replace("$", "$$")
