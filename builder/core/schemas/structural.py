"""Schemas of custom resource definitions, as JSON Schemas that refuse what would be pruned."""

from collections.abc import Mapping
from typing import Any

# https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
# What only limits a value, and means the same in both. A reference to another document is in
# neither list: it would be fetched.
_LIMITS = (
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minItems",
    "minLength",
    "minProperties",
    "multipleOf",
    "pattern",
)
_FORMS = ("allOf", "anyOf", "oneOf")
_OPEN = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED = ("apiVersion", "kind", "metadata")


def closed(schema: Any) -> dict[str, Any]:
    """Turn a structural schema into a JSON Schema of draft 2020-12, closed to unknown fields.

    A mapping stays open where the definition preserves unknown fields. What has a default is not
    required: the API server fills it in first.
    """
    if not isinstance(schema, Mapping):
        return {}
    made = _limits(schema) | _type(schema)
    if isinstance(schema.get("items"), Mapping):
        made["items"] = closed(schema["items"])
    properties = _properties(schema)
    if properties:
        made["properties"] = {name: closed(child) for name, child in properties.items()}
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        made["additionalProperties"] = closed(more)
    elif schema.get("type") == "object" and not (more or schema.get(_OPEN)):
        made = {"properties": {}, **made, "additionalProperties": False}
    if "required" in made:
        made["required"] = [n for n in made["required"] if not _filled_in(properties.get(n))]
    return made


def custom_resource(schema: Any) -> dict[str, Any]:
    """Turn the schema of a whole custom resource; its metadata is Kubernetes' own."""
    body = schema if isinstance(schema, Mapping) else {}
    return closed({**body, "type": "object", "x-kubernetes-embedded-resource": True})


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = schema.get("properties")
    properties = {str(k): v for k, v in found.items()} if isinstance(found, Mapping) else {}
    if schema.get("x-kubernetes-embedded-resource"):
        properties |= {key: {} for key in _EMBEDDED}
    return properties


def _filled_in(schema: Any) -> bool:
    return isinstance(schema, Mapping) and "default" in schema


def _type(schema: Mapping[str, Any]) -> dict[str, Any]:
    kinds = ["integer", "string"] if schema.get("x-kubernetes-int-or-string") else []
    if isinstance(schema.get("type"), str):
        kinds = [schema["type"]]
    nullable = ["null"] if schema.get("nullable") else []
    return {"type": [*kinds, *nullable]} if kinds else {}


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what limits values; at any depth of a form, none of it opens or closes a mapping."""
    made = {key: schema[key] for key in _LIMITS if key in schema}
    for key in ("minimum", "maximum"):
        if key in schema:
            exclusive = f"exclusive{key.capitalize()}"  # a switch in OpenAPI 3.0
            made[exclusive if schema.get(exclusive) is True else key] = schema[key]
    if isinstance(schema.get("required"), list):
        made["required"] = schema["required"]
    for key in _FORMS:
        if isinstance(schema.get(key), list):
            made[key] = [_form(form) for form in schema[key]]
    if isinstance(schema.get("not"), Mapping):
        made["not"] = _form(schema["not"])
    return made


def _form(schema: Any) -> dict[str, Any]:
    if not isinstance(schema, Mapping):
        return {}
    made = _limits(schema) | _type(schema)
    if isinstance(schema.get("items"), Mapping):
        made["items"] = _form(schema["items"])
    if isinstance(schema.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _form(schema["additionalProperties"])
    if isinstance(schema.get("properties"), Mapping):
        made["properties"] = {str(k): _form(v) for k, v in schema["properties"].items()}
    return made
