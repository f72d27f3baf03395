"""The patch file that puts references in the place of credentials, and what one sets already."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from builder.core import changes, patch
from builder.core.changes import Operation, first_missing, put
from builder.core.manifests import Body, Resource, ResourceId
from builder.core.overrides import leaves
from builder.core.pointer import get, pointer, tokens
from builder.core.secrets.model import Credential, Path

FILE = "patches/secrets.yaml"
HEADER = """\
# Written by `sealift secrets`: Secrets by reference, in the place of credentials. No value is in
# it. Patches of your own live in other files, and stand before this one.
"""


def write(resources: Mapping[ResourceId, Resource], credentials: Sequence[Credential]) -> str:
    """Return the text of the patch file; empty when nothing is left to patch.

    Nothing in it tells the values that it takes out: a ``test`` of them would.
    """
    documents = []
    for key in sorted({one.resource for one in credentials}):
        own = [one for one in credentials if one.resource == key]
        listed = operations(resources[key].body, own)
        if listed:
            documents.append(changes.document(resources[key], listed, "secrets"))
    return HEADER + "---\n".join(documents) if documents else ""


def operations(body: Body, credentials: Sequence[Credential]) -> list[Operation]:
    """Return RFC 6902 operations that take each value out and set what refers to its Secret."""
    found: list[Operation] = []
    work: Any = copy.deepcopy(dict(body))
    for credential in credentials:
        own = [Operation(op="remove", path=path) for path in credential.literals]
        work = _applied(work, own)
        added = list(_added(work, credential))
        work = _applied(work, added)
        if own or added:
            first = (own or added)[0]
            first.comments = [_reason(credential)]
        found += [*own, *added]
    return found


def converted(body: Body, credentials: Sequence[Credential]) -> Body:
    """Return the resource as the patch file makes it."""
    result: Body = _applied(copy.deepcopy(dict(body)), operations(body, credentials))
    return result


def _added(body: Any, credential: Credential) -> Iterator[Operation]:
    """Yield what sets the references; where parents are missing, one brings all below them."""
    whole: dict[Path, Operation] = {}
    for path, value in credential.references.items():
        if get(body, path) == value:
            continue
        top = path[: max(first_missing(body, path), 1)]
        below = path[len(top) :]
        if not below:
            yield Operation(op="add", path=path, value=value)
        elif top in whole:
            put(whole[top].value, below, value)
        else:
            whole[top] = Operation(op="add", path=top, value={})
            put(whole[top].value, below, value)
    yield from whole.values()


def _reason(credential: Credential) -> str:
    keys = ", ".join(dict.fromkeys(credential.keys.values()))
    return f"{credential.rule.name}: the Secret {credential.secret} has it, as {keys}"


def _applied(body: Any, listed: Sequence[Operation]) -> Any:
    for one in listed:
        entry: dict[str, Any] = {"op": one.op, "path": pointer(one.path)}
        if one.op != "remove":
            entry["value"] = one.value
        body = patch.apply_operation(body, patch.Operation(body=entry, place=""), "the resource")
    return body


def is_ours(text: str) -> bool:
    """Tell whether a patch file was written by `sealift secrets`."""
    return text.startswith(HEADER[:30])


def written(patches: Sequence[patch.Patch], resource: Resource) -> dict[Path, Any]:
    """Return what patches add to a resource: the path of each scalar, and the scalar."""
    found: dict[Path, Any] = {}
    for one in patches:
        if not one.target.matches(resource):
            continue
        for operation in one.operations:
            if operation.body["op"] == "add":
                at = tokens(operation.body["path"])
                found |= {(*at, *path): value for path, value in leaves(operation.body["value"])}
    return found
