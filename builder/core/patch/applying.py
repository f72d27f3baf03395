"""Applying patches: whole or not at all, and what is said of those that miss."""

import copy
from typing import Any

from builder.core.errors import PatchError, nearest
from builder.core.guard.texts import STARS
from builder.core.guard.walk import Walk
from builder.core.manifests import AppliedOperation, Manifests, Resource
from builder.core.patch.model import Operation, Patch
from builder.core.pointer import get, pointer, tokens


def select(manifests: Manifests, patch: Patch) -> list[Resource]:
    """Return the resources that a patch is for.

    Raises PatchError when there is none, or more than the target admits.
    """
    selected = [resource for resource in manifests if patch.target.matches(resource)]
    if not selected:
        names = sorted(str(resource.id) for resource in manifests)
        wanted = f"{patch.target.kind}/{patch.target.name}"
        near = nearest(wanted, names)
        raise PatchError(
            f"no resource matches the target ({patch.target})",
            where=patch.place,
            hint=f"the nearest is {near}" if near else f"there are: {', '.join(names) or 'none'}",
        )
    if len(selected) > 1 and not patch.target.plural:
        found = ", ".join(f"{r.id} ({r.body['apiVersion']})" for r in selected)
        raise PatchError(
            f"the target ({patch.target}) is ambiguous: {found}",
            where=patch.place,
            hint="add name, namespace or group; to mean all of them write a pattern: name: .*",
        )
    return selected


def apply(manifests: Manifests, patch: Patch) -> Manifests:
    """Return manifests in which the patch is applied, whole; raise PatchError when it cannot be."""
    for resource in select(manifests, patch):
        patched = _apply_to(resource, patch)
        if patched.id != resource.id:
            raise PatchError(
                f"the patch would rename {resource.id} to {patched.id}", where=patch.place
            )
        manifests = manifests.replace(resource.id, patched)
    return manifests


def _apply_to(resource: Resource, patch: Patch) -> Resource:
    body: Any = copy.deepcopy(dict(resource.body))
    applied = []
    for operation in patch.operations:
        before = copy.deepcopy(get(body, operation.path))
        body = apply_operation(body, operation, str(resource.id))
        if operation.body["op"] != "test":
            applied.append(
                AppliedOperation(
                    op=operation.body["op"],
                    path=operation.body["path"],
                    before=before,
                    place=operation.place,
                )
            )
    return resource.patched(body, applied)


def apply_operation(body: Any, operation: Operation, subject: str) -> Any:
    """Apply one operation to ``body``, in place where RFC 6902 lets it; return the new body.

    ``subject`` names the object in the PatchError that a failing operation raises.
    """
    import jsonpatch
    import jsonpointer

    if operation.body["op"] == "move":
        _check_move(body, operation, subject)
    try:
        return jsonpatch.JsonPatch([copy.deepcopy(dict(operation.body))]).apply(body, in_place=True)
    except jsonpatch.JsonPatchTestFailed as error:
        found = get(body, operation.path, _MISSING)
        expected = operation.body["value"]
        if found is _MISSING:
            what, hint = _missing(body, operation.path)
            raise PatchError(
                f"{operation} on {subject}: {what}", where=operation.place, hint=hint
            ) from error
        raise PatchError(
            f"{operation} on {subject}: the test expects {_short(expected, operation, subject)}, "
            f"but there stands {_short(found, operation, subject)}",
            where=operation.place,
            hint="the base has changed below the patch: look at it again",
        ) from error
    except (
        jsonpatch.JsonPatchException,
        jsonpointer.JsonPointerException,
        TypeError,
        KeyError,
        IndexError,
        ValueError,
    ) as error:
        missed = operation.path
        if (
            "from" in operation.body
            and get(body, tokens(operation.body["from"]), _MISSING) is _MISSING
        ):
            missed = tokens(operation.body["from"])
        what, hint = _missing(body, missed)
        raise PatchError(
            f"{operation} on {subject}: {what}", where=operation.place, hint=hint
        ) from error


_MISSING = object()


def _check_move(body: Any, operation: Operation, subject: str) -> None:
    """Refuse a move that cannot end, before its first half is done (RFC 6902, section 4.4)."""
    source, target = tokens(operation.body["from"]), operation.path
    if source != target and target[: len(source)] == source:
        raise PatchError(
            f"{operation} on {subject}: {pointer(source)} cannot be moved into itself",
            where=operation.place,
            hint="copy it, then remove what is left over",
        )
    parent = target[:-1]
    if get(body, source, _MISSING) is not _MISSING and get(body, parent, _MISSING) is _MISSING:
        what, hint = _missing(body, parent)
        raise PatchError(f"{operation} on {subject}: {what}", where=operation.place, hint=hint)


_KINDS = {type(None): "null", str: "a text", bool: "true or false"}


def _short(value: Any, operation: Operation, subject: str) -> str:
    """Write a value, unless it is a credential, or holds one."""
    path = operation.path
    found = Walk(declared={}).value({path[-1]: value}, path[:-1])
    if subject.startswith("Secret/") or next(found, None) is not None:
        return STARS
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."


def _missing(body: Any, path: tuple[str, ...]) -> tuple[str, str]:
    """Say which step of ``path`` does not exist in ``body``, and what is near it."""
    for length in range(1, len(path) + 1):
        if get(body, path[:length], _MISSING) is not _MISSING:
            continue
        parent, step = get(body, path[: length - 1]), path[length - 1]
        place = pointer(path[: length - 1]) or "the top"
        if isinstance(parent, dict):
            near = nearest(step, [str(key) for key in parent])
            hint = f"did you mean {pointer((*path[: length - 1], near))}?" if near else ""
            keys = ", ".join(sorted(map(str, parent))) or "nothing"
            return f"{place} has no {step!r}", hint or f"there stand: {keys}"
        if isinstance(parent, list):
            return (
                f"{place} is a list of {len(parent)}, {step!r} is not in it",
                "use an index below that, or - to append with add",
            )
        kind = _KINDS.get(type(parent), "a number")
        return (
            f"{place} is {kind}, it has nothing below it",
            f"replace {place} with a whole value instead of adding below it",
        )
    return "the operation does not fit what stands there", f"look at {pointer(path)}"


def apply_all(manifests: Manifests, patches: list[Patch]) -> tuple[Manifests, list[PatchError]]:
    """Apply the patches in order; one that fails changes nothing, and its error is kept."""
    problems = []
    for patch in patches:
        try:
            manifests = apply(manifests, patch)
        except PatchError as error:
            problems.append(error)
    return manifests, problems
