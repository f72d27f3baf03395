"""The published CRDs of Argo CD and Flux, as strict schemas: an unknown field is an error.

``tools/install_crds.sh`` brings them into ``.tools/crds``.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

TOOLS = Path(__file__).parents[1] / ".tools"
CRDS = TOOLS / "crds"


def missing(what: str, how: str) -> None:
    """Skip where something is not installed; fail in CI, where it has to be."""
    act: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
    act(f"{what} is not there: run `tools/install_crds.sh {how}`")


def check(objects: Iterable[Mapping[str, Any]]) -> None:
    """Fail for each field of custom resources that their CRDs do not have, or not so."""
    if not CRDS.is_dir():
        missing("the CRDs of Argo CD and Flux", "crds")
    problems = [
        f"{body['kind']}/{body['metadata']['name']} {error.instance_path}: {error.message[:300]}"
        for body in objects
        for error in _validator(body["apiVersion"], body["kind"]).iter_errors(dict(body))
    ]
    assert not problems, "\n".join(problems)


@cache
def _validator(api_version: str, kind: str) -> jsonschema_rs.Draft202012Validator:
    group, _, version = api_version.partition("/")
    for path in CRDS.glob("*.yaml"):
        if group.partition(".")[0] not in path.name and group != "argoproj.io":
            continue
        spec = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]
        if (spec["group"], spec["names"]["kind"]) == (group, kind):
            served = {v["name"]: v["schema"]["openAPIV3Schema"] for v in spec["versions"]}
            return jsonschema_rs.Draft202012Validator(_top(served[version]))
    pytest.fail(f"no CRD for {api_version} {kind}")


def _top(schema: dict[str, Any]) -> dict[str, Any]:
    strict: dict[str, Any] = _strict(schema)
    text = {"type": "object", "additionalProperties": {"type": "string"}}
    strict["properties"]["metadata"] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "namespace"],
        "properties": {
            "name": {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"},
            "namespace": {"type": "string", "pattern": r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"},
            "labels": text,
            "annotations": text,
        },
    }
    return strict


def _strict(node: Any) -> Any:
    """Turn an OpenAPI v3 schema into a JSON Schema that refuses what the API server would prune."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {
        key: {name: _strict(child) for name, child in value.items()}
        if key == "properties"
        else _strict(value)
        for key, value in node.items()
        if key not in ("description", "default", "nullable", "format")
    }
    if node.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
        made["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    closed = node.get("type") == "object" and "additionalProperties" not in node
    if closed and not node.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    if node.get("nullable") and "type" in made:
        made["type"] = [made["type"], "null"]
    return made
