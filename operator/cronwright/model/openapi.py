"""Turns a pydantic model into the structural schema that a CRD takes.

Pydantic writes JSON Schema with references and `anyOf` for what may be absent; the API server
takes neither. crd.py puts the result into the manifest.
"""

from typing import Any

from cronwright.model.base import ResourceModel

# What says the same in both; titles, references and nulls have no place in the result.
_KEPT = (
    "type",
    "format",
    "description",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "maxProperties",
    "required",
)


Schema = dict[str, Any]


def structural_schema(model: type[ResourceModel]) -> Schema:
    """Return the structural OpenAPI v3 schema of a model, with every reference resolved."""
    schema = model.model_json_schema(by_alias=True)
    return _structural(schema, schema.get("$defs", {}))


def without_defaults(schema: Schema) -> Schema:
    """Take the defaults out: the API server would add them to what was written without them."""
    result = {key: value for key, value in schema.items() if key != "default"}
    if "items" in result:
        result["items"] = without_defaults(result["items"])
    if "properties" in result:
        properties = result["properties"].items()
        result["properties"] = {name: without_defaults(each) for name, each in properties}
    return result


def _structural(node: Schema, definitions: Schema) -> Schema:
    node = _resolved(node, definitions)
    result = {key: node[key] for key in _KEPT if key in node}
    if (default := _without_nulls(node.get("default"))) is not None:
        result["default"] = default
    if result.get("type") == "integer":
        result.setdefault("format", "int64")
    if "items" in node:
        result["items"] = _structural(node["items"], definitions)
    if "properties" in node:
        properties = node["properties"].items()
        result["properties"] = {name: _structural(each, definitions) for name, each in properties}
    elif isinstance(node.get("additionalProperties"), dict):
        result["additionalProperties"] = _structural(node["additionalProperties"], definitions)
    elif node.get("type") == "object":
        # A field that is a plain mapping belongs to somebody else's schema.
        result["x-kubernetes-preserve-unknown-fields"] = True
    result |= {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}
    return result


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: each for key, each in value.items() if each is not None}
    return value


def _resolved(node: Schema, definitions: Schema) -> Schema:
    """Follow a reference and take the one type that isn't null; the field's own words win."""
    choices = [each for each in node.get("anyOf", ()) if each.get("type") != "null"]
    if choices:
        node = {**choices[0], **node}
    if "$ref" in node:
        definition = definitions[node["$ref"].removeprefix("#/$defs/")]
        node = {**definition, **node}
    return node
