"""Writes the reference page of the resource from its models: docs/reference.md.

The same descriptions as in the CRD (crd.py), as tables for people; a test holds the committed
page against this.
"""

from typing import Any

from cronwright.model import API_VERSION, KIND
from cronwright.model.spec import TaskSpec
from cronwright.model.status import TaskStatus

Schema = dict[str, Any]

_HEAD = f"""\
# {KIND}

The fields of `{API_VERSION}`, kind `{KIND}`.
This page is made from `operator/cronwright/model/` by `make docs`; edit the models, not this page.
`kubectl explain scheduledtask.spec` says the same on a cluster.
"""


def reference() -> str:
    """Return the page as Markdown."""
    sections = [_HEAD, *_sections("spec", TaskSpec), *_sections("status", TaskStatus)]
    return "\n".join(sections)


def _sections(title: str, model: type[TaskSpec | TaskStatus]) -> list[str]:
    schema = model.model_json_schema(by_alias=True)
    definitions: Schema = schema.get("$defs", {})
    objects = {name: each for name, each in definitions.items() if "properties" in each}
    return [
        _section(title, schema, definitions),
        *(_section(name, each, definitions) for name, each in sorted(objects.items())),
    ]


def _section(title: str, schema: Schema, definitions: Schema) -> str:
    required = schema.get("required", ())
    rows = [
        f"| `{name}`{' (always there)' if name in required else ''} "
        f"| {_type(each, definitions)} | {_default(each)} | {each['description']} |\n"
        for name, each in schema["properties"].items()
    ]
    head = "| field | type | default | meaning |\n| --- | --- | --- | --- |\n"
    return f"## {title}\n\n{schema['description']}\n\n{head}{''.join(rows)}"


def _type(schema: Schema, definitions: Schema) -> str:
    for choice in schema.get("anyOf", ()):
        if choice.get("type") != "null":
            return _type(choice, definitions)
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        if "enum" in definitions[name]:
            return ", ".join(f"`{value}`" for value in definitions[name]["enum"])
        return f"[{name}](#{name.lower()})"
    if "type" not in schema:
        return "string, number or boolean"
    if schema["type"] == "array":
        most = f"; at most {schema['maxItems']} of them" if "maxItems" in schema else ""
        return f"list of {_type(schema['items'], definitions)}{most}"
    if schema["type"] == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"{_type(schema['additionalProperties'], definitions)} by name"
    return f"{schema.get('format', schema['type'])}{_bounds(schema)}"


def _bounds(schema: Schema) -> str:
    if "maximum" in schema:
        return f", {schema['minimum']} to {schema['maximum']}"
    if "minimum" in schema:
        return f", {schema['minimum']} or more"
    if "maxLength" in schema and "pattern" not in schema:
        return f", at most {schema['maxLength']} characters"
    return ""


def _default(schema: Schema) -> str:
    default = schema.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
