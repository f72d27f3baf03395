"""Changes to resources, and the patch file that makes them."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.core import yaml
from builder.core.guard.texts import scrub
from builder.core.guard.veil import without_suspects
from builder.core.manifests import Body, Resource, ResourceId
from builder.core.pointer import get, pointer

Path = tuple[str, ...]

HEADER = """\
# Written by `sealift airgap`: what leaves the network, pointed inside. Reviewed and committed
# like a lock file. Patches of your own live in other files, stand before this one, and win.
"""
ADDED_HEADER = """\
# Written by `sealift airgap`: what the environment needs beside the base. Reviewed and committed
# like a lock file; patches of your own change it.
"""
_MARK = re.compile(r"^# inputs: (sha256:[0-9a-f]{64})$", re.MULTILINE)
_ABSENT = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value to set in a resource.

    ``before`` is the value that counts today (a chart's default, where the resource has none);
    ``guards`` are values that must stand at other paths for the change to mean what it says.
    """

    resource: ResourceId
    path: Path
    value: Any
    before: Any
    reason: str
    guards: tuple[tuple[Path, Any], ...] = ()


@dataclass(kw_only=True, slots=True)
class Operation:
    """One operation of a patch file, with the comments above it; ``remove`` has no value."""

    op: str
    path: Path
    value: Any = None
    comments: list[str] = field(default_factory=list)


def operations(body: Body, changes: Iterable[Change]) -> list[Operation]:
    """Return RFC 6902 operations that make the changes, in order.

    Where a parent is missing, or null, one ``add`` brings all that stands below it.
    """
    result: list[Operation] = []
    added: dict[Path, Operation] = {}
    guarded: set[Path] = set()
    for change in changes:
        for path, value in change.guards:
            if path not in guarded:
                guarded.add(path)
                result.append(Operation(op="test", path=path, value=value))
        comments = [change.reason, f"was: {_shown(change.before)}"]
        missing = first_missing(body, change.path)
        if missing == len(change.path) and get(body, change.path, _ABSENT) is not _ABSENT:
            operation = Operation(op="replace", path=change.path, value=change.value)
            operation.comments = comments
            result.append(operation)
            continue
        top = change.path[: max(missing, 1)]
        below = change.path[len(top) :]
        present = added.get(top)
        if present is None:
            present = added[top] = Operation(
                op="add", path=top, value={} if below else change.value
            )
            result.append(present)
        if below:
            put(present.value, below, change.value)
            comments[0] = f"{'.'.join(below)}: {comments[0]}"
        present.comments += comments
    return result


def first_missing(body: Any, path: Path) -> int:
    """Return the length of the shortest part of ``path`` that does not lead to a place to stand."""
    for length in range(1, len(path)):
        if not isinstance(get(body, path[:length]), dict | list):
            return length
    return len(path)


def put(value: dict[str, Any], path: Path, leaf: Any) -> None:
    """Set a leaf in nested mappings, in place; what is missing above it is made."""
    for step in path[:-1]:
        value = value.setdefault(step, {})
    value[path[-1]] = leaf


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    text = _line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    text = without_suspects(text) if "://" in text else scrub(text)
    return text if len(text) <= 120 else text[:117] + "..."


def _line(text: str) -> str:
    """Write a text as one line of plain characters, as a comment needs it."""
    return re.sub(r"[^\x20-\x7e]+", " ", text).strip()


def write(resources: Mapping[ResourceId, Resource], changes: Sequence[Change], inputs: str) -> str:
    """Return the text of a patch file, grouped by resource; ``inputs`` is what it rests on."""
    documents = []
    by_resource: dict[ResourceId, list[Change]] = {}
    for change in changes:
        by_resource.setdefault(change.resource, []).append(change)
    for key in sorted(by_resource):
        resource = resources[key]
        ordered = sorted(by_resource[key], key=lambda c: _in_order(c.path))
        documents.append(document(resource, operations(resource.body, ordered), "airgap"))
    body = "---\n".join(documents)
    return f"{HEADER}# inputs: {stamp(inputs, body)}\n{body}"


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Return what sorts paths so that items are added to a list one behind the other."""
    return [(len(step) if step.isdigit() else 0, step) for step in path]


def write_added(bodies: Sequence[Body], inputs: str) -> str:
    """Return the text of a file of resources; empty without any. ``inputs`` as above."""
    if not bodies:
        return ""
    body = yaml.dump_all(list(bodies))
    return f"{ADDED_HEADER}# inputs: {stamp(inputs, body)}\n{body}"


def document(resource: Resource, listed: Sequence[Operation], prefix: str) -> str:
    """Return the text of a PatchTransformer for a resource; ``prefix`` begins its name."""
    key = resource.id
    version = str(resource.body["apiVersion"]).rpartition("/")[2]
    target = {
        "group": key.group, "version": version, "kind": key.kind,
        "name": _literal(key.name), "namespace": _literal(key.namespace),
    }  # fmt: skip
    name = re.sub(r"[^a-z0-9.-]", "-", f"{prefix}-{key.kind}-{key.namespace}-{key.name}".lower())
    head = {
        "apiVersion": "builtin",
        "kind": "PatchTransformer",
        "metadata": {"name": name.replace("--", "-")},
        "target": {field_: value for field_, value in target.items() if value},
    }
    lines = []
    for operation in listed:
        lines += [f"# {_line(comment)}" for comment in operation.comments]
        entry = {"op": operation.op, "path": pointer(operation.path)}
        if operation.op != "remove":
            entry["value"] = operation.value
        lines += yaml.dump([entry]).splitlines()
    return yaml.dump(head) + "patch: |\n" + "".join(f"  {line}\n" for line in lines)


def _literal(name: str) -> str:
    """Write a name as the pattern that kustomize takes it for; a dot alone needs no escape."""
    return re.sub(r"([*+?\[\](){}|\\^$])", r"\\\1", name)


def stamp(inputs: str, body: str) -> str:
    """Return the digest that ties a patch file's operations to what they were computed from."""
    return "sha256:" + hashlib.sha256(f"{inputs}\n{body}".encode()).hexdigest()


def is_stale(text: str, inputs: str) -> bool | None:
    """Tell whether a patch file rests on other inputs or was edited; None for one by hand.

    One that says who wrote it and has no digest, or none that is one, was edited.
    """
    match = _MARK.search(text)
    if match is None:
        return True if text.startswith(HEADER[:30]) else None
    return match[1] != stamp(inputs, text[match.end() + 1 :])
