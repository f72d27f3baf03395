"""What an API server takes for an HTTPRoute of the Gateway API, by its reference.

https://gateway-api.sigs.k8s.io/reference/spec/ (v1). With the definition itself at hand
(``SEALIFT_GATEWAY_API`` names the file of ``httproutes``), its schema and its rules count as well.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

DEFINITION = os.environ.get("SEALIFT_GATEWAY_API", "")
_NAME = {"type": "string", "minLength": 1, "maxLength": 253}
_HOSTNAME = {
    "type": "string",
    "maxLength": 253,
    "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
}
_DURATION = {"type": "string", "pattern": r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"}


def _closed(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": properties,
    }


def _few(items: Any, least: int, most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


_PATH = _closed(
    ("type", "value"),
    type={"enum": ["Exact", "PathPrefix", "RegularExpression"]},
    value={
        "type": "string",
        "maxLength": 1024,
        "pattern": r"^/([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})*$",
        "not": {"pattern": r"//|/\.\.?(/|$)|%2[fF]|#"},
    },
)
_RULE = _closed(
    ("matches", "backendRefs"),
    matches=_few(_closed(("path",), path=_PATH), 1, 64),
    backendRefs=_few(
        _closed(
            ("name", "port"),
            group={"const": ""},
            kind={"const": "Service"},
            name=_NAME,
            port={"type": "integer", "minimum": 1, "maximum": 65535},
            weight={"type": "integer", "minimum": 0},
        ),
        1,
        16,
    ),
    timeouts=_closed((), request=_DURATION),
)
_PARENT = _closed(
    ("name",),
    group={"const": "gateway.networking.k8s.io"},
    kind={"const": "Gateway"},
    name=_NAME,
    namespace=_NAME,
    sectionName=_NAME,
)
SCHEMA = _closed(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "gateway.networking.k8s.io/v1"},
    kind={"const": "HTTPRoute"},
    metadata=_closed(("name",), name=_NAME, namespace=_NAME),
    spec=_closed(
        ("parentRefs", "rules"),
        parentRefs=_few(_PARENT, 1, 32),
        hostnames=_few(_HOSTNAME, 1, 16),
        rules=_few(_RULE, 1, 16),
    ),
)


def problems(route: dict[str, Any]) -> list[str]:
    """Return what speaks against a route; nothing for one that is valid."""
    found = [str(error.message) for error in _validator().iter_errors(route)]
    if sum(len(rule["matches"]) for rule in route["spec"]["rules"]) > 128:
        found.append("more than 128 matches in all rules")
    return found + (list(_by_definition(route)) if DEFINITION else [])


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(SCHEMA)


def _by_definition(route: dict[str, Any]) -> list[str]:
    schema, path_rules = _definition()
    found = [str(error.message) for error in schema.iter_errors(route)]
    for rule in route["spec"]["rules"]:
        for match in rule["matches"]:
            found += [rule_.message for rule_ in path_rules if not rule_.holds(match["path"])]
    return found


class _Rule:
    """One of the definition's rules in the Common Expression Language."""

    def __init__(self, rule: dict[str, str]) -> None:
        import celpy

        environment = celpy.Environment()
        self.message = rule["message"]
        self.program = environment.program(environment.compile(rule["rule"]))

    def holds(self, value: Any) -> bool:
        """Tell whether a value keeps to the rule."""
        from celpy.adapter import json_to_cel

        return bool(self.program.evaluate({"self": json_to_cel(value)}))


@cache
def _definition() -> tuple[Any, list[_Rule]]:
    document = yaml.safe_load(Path(DEFINITION).read_text())
    version = next(v for v in document["spec"]["versions"] if v["name"] == "v1")
    schema = version["schema"]["openAPIV3Schema"]
    rules = schema["properties"]["spec"]["properties"]["rules"]["items"]["properties"]
    path = rules["matches"]["items"]["properties"]["path"]
    read = [_Rule(rule) for rule in path["x-kubernetes-validations"]]
    return jsonschema_rs.Draft202012Validator(_strict(schema)), read


def _strict(schema: Any) -> Any:
    """Close objects to keys that the definition does not know: an API server drops them."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _strict(value) for key, value in schema.items()}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found
