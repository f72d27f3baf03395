"""What of a resource is a credential in the open: of a Secret its content, else what looks so."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from builder.core.base import NestedChartRule
from builder.core.encoding import readable
from builder.core.guard.content import SECTIONS, content, is_encrypted
from builder.core.guard.model import Path, Suspect
from builder.core.guard.walk import Walk
from builder.core.manifests import Resource, ResourceId
from builder.core.pointer import tokens
from builder.core.references import definitions

# What only the controller in the cluster can read.
_SEALED: Mapping[tuple[str, str], tuple[Path, ...]] = {
    ("bitnami.com", "SealedSecret"): (("spec", "encryptedData"),),
}


def of_resource(resource: Resource, rules: Sequence[NestedChartRule]) -> Iterator[Suspect]:
    """Yield what looks like a credential in a resource; ``rules`` are those of its base."""
    key, body = resource.id, resource.body
    declared, references = _declared(key, rules)
    skip = {*_SEALED.get((key.group, key.kind), ())}
    if is_encrypted(body):
        skip.add(("sops",))
    if key.kind == "Secret" and not key.group:
        yield from content(body)
        body = {name: value for name, value in body.items() if name not in SECTIONS}
    walk = Walk(declared=declared, references=references, skip=frozenset(skip))
    if key.kind == "CustomResourceDefinition":
        yield from walk.value(body.get("metadata"), ("metadata",))
        for path, value in definitions.pieces(body):
            yield from walk.value(value, path)
        return
    if key.kind == "ConfigMap" and not key.group:
        body = {k: _unpacked(v) if k == "binaryData" else v for k, v in body.items()}
    yield from walk.value(body)


def of_operation(
    target: tuple[str, str], body: Mapping[str, Any], rules: Sequence[NestedChartRule]
) -> Iterator[Suspect]:
    """Yield what looks like a credential in the value of a JSON patch's operation.

    ``target`` is the group and kind that it is for, as patterns, as far as the patch says; paths
    are those of the resource.
    """
    path = tokens(str(body["path"]))
    group, kind = target
    declared: dict[Path, str] = {}
    references: set[Path] = set()
    for rule in rules:
        if _fits(kind, rule.kind) and _fits(group, rule.group):
            more, named = _declared(
                ResourceId(group=rule.group, kind=rule.kind, namespace="", name=""), [rule]
            )
            declared |= more
            references |= named
    walk = Walk(declared=declared, references=frozenset(references))
    if kind and _fits(kind, "Secret") and path[:1] in (("data",), ("stringData",)):
        whole: Any = body.get("value")
        for step in reversed(path):
            whole = {step: whole}
        yield from content(whole)
    elif path:
        yield from walk.value({path[-1]: body.get("value")}, path[:-1])
    else:
        yield from walk.value(body.get("value"))


def _fits(pattern: str, value: str) -> bool:
    return not pattern or re.fullmatch(pattern, value) is not None


def _declared(
    key: ResourceId, rules: Sequence[NestedChartRule]
) -> tuple[dict[Path, str], frozenset[Path]]:
    """Return the places of credentials with what they are, and those that refer to a Secret."""
    declared: dict[Path, str] = {}
    references: set[Path] = set()
    for rule in rules:
        if (rule.group, rule.kind) != (key.group, key.kind):
            continue
        at = tokens(rule.values)
        for own in rule.credentials:
            declared |= {(*at, *tokens(p)): own.name for p in own.values}
            references |= {(*at, *tokens(p)) for p in own.reference}
    return declared, frozenset(references - declared.keys())


def _unpacked(values: Any) -> Any:
    """Return what can be read of the files in a ConfigMap's ``binaryData``."""
    if not isinstance(values, Mapping):
        return values
    return {
        key: readable(value) if isinstance(value, str) else value for key, value in values.items()
    }
