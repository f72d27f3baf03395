"""What differs between two renders of the same input is random, and says nothing.

Charts make passwords, keys and certificates when they render, and checksums of those. Two renders
of one input show where; each such place gets a mark, so that renders of two inputs can be compared.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from builder.core.diff.normal import plain
from builder.core.manifests import Resource, ResourceId

MARK = "<random>"
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----\n?", re.DOTALL)
_WORD = r"[A-Za-z0-9+/=_-]"


def stable(first: Sequence[Resource], second: Sequence[Resource]) -> tuple[Resource, ...]:
    """Return the resources of ``first`` with a mark for what ``second`` has otherwise.

    Both are renders of the same input. Resources with a random name are paired in their order.
    """
    others = {resource.id: resource for resource in second}
    known = {resource.id for resource in first}
    lost = _by_kind(resource for resource in second if resource.id not in known)
    here = _by_kind(resource for resource in first if resource.id not in others)
    for key, resources in here.items():
        found = lost.get(key, [])
        if len(found) == len(resources):
            others |= {r.id: other for r, other in zip(resources, found, strict=True)}
    return tuple(_marked(resource, others.get(resource.id)) for resource in first)


def _by_kind(resources: Iterable[Resource]) -> dict[tuple[str, str, str], list[Resource]]:
    groups: dict[tuple[str, str, str], list[Resource]] = {}
    for resource in resources:
        key: ResourceId = resource.id
        groups.setdefault((key.group, key.kind, key.namespace), []).append(resource)
    return groups


def _marked(resource: Resource, other: Resource | None) -> Resource:
    if other is None or other.body == resource.body:
        return resource
    body = {**plain(resource.body), "kind": resource.body.get("kind")}
    marked = mark(body, {**plain(other.body), "kind": other.body.get("kind")})
    metadata = marked.get("metadata")
    name, namespace = resource.id.name, resource.id.namespace
    marked["metadata"] = {
        **(metadata if isinstance(metadata, dict) else {}),
        "name": _marked_text(name, other.id.name),
        **({"namespace": namespace} if namespace else {}),
    }
    if "data" in marked and resource.id.kind == "Secret" and not resource.id.group:
        marked["stringData"] = marked.pop("data")  # decoded by now
    return Resource(body=marked, origin=resource.origin)


def mark(value: Any, other: Any) -> Any:
    """Return ``value`` with a mark wherever ``other`` differs."""
    if isinstance(value, Mapping) and isinstance(other, Mapping):
        found = {k: mark(v, other[k]) if k in other else MARK for k, v in value.items()}
        return found | {k: MARK for k in other if k not in value}
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return [mark(one, two) for one, two in zip(value, other, strict=True)]
    if isinstance(value, str) and isinstance(other, str):
        return value if value == other else _marked_lines(value, other)
    return value if value == other and type(value) is type(other) else MARK


def _marked_lines(text: str, other: str) -> str:
    text, other = _without_pem(text, other)
    lines, others = text.split("\n"), other.split("\n")
    if len(lines) != len(others):
        return MARK
    return "\n".join(_marked_text(a, b) for a, b in zip(lines, others, strict=True))


def _without_pem(text: str, other: str) -> tuple[str, str]:
    """Put a mark for certificates and keys that differ: their length differs at random too."""
    blocks, others = list(_PEM.finditer(text)), list(_PEM.finditer(other))
    if not blocks or [m[1] for m in blocks] != [m[1] for m in others]:
        return text, other
    for block, match in zip(reversed(blocks), reversed(others), strict=True):
        if block[0] != match[0]:
            text = text[: block.start()] + MARK + text[block.end() :]
            other = other[: match.start()] + MARK + other[match.end() :]
    return text, other


def _marked_text(text: str, other: str) -> str:
    """Put a mark for the words in the middle that differ; what stands around them stays."""
    if text == other:
        return text
    start = _common(text, other)
    end = _common(text[start:][::-1], other[start:][::-1])
    # Random words can begin or end alike by chance: only whole words count as common.
    before = re.sub(rf"{_WORD}+$", "", text[:start])
    after = re.sub(rf"^{_WORD}+", "", text[len(text) - end :] if end else "")
    return f"{before}{MARK}{after}"


def _common(text: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = zip(text, other, strict=False)
    same = next((i for i, (a, b) in enumerate(pairs) if a != b), None)
    return min(len(text), len(other)) if same is None else same
