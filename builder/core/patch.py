"""Strict JSON patches (RFC 6902) on Kubernetes objects.

kustomize accepts a target that matches nothing and a ``replace`` of a missing path. Here each of
these is an error that names the file, the operation, the resource and the path.
"""

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.core import selector, yaml
from builder.core.errors import PatchError, nearest
from builder.core.guard.texts import STARS
from builder.core.guard.walk import Walk
from builder.core.manifests import AppliedOperation, Manifests, Resource
from builder.core.pointer import get, pointer, tokens
from builder.core.selector import selects

OPERATIONS = {
    "add": {"value"},
    "remove": set(),
    "replace": {"value"},
    "test": {"value"},
    "move": {"from"},
    "copy": {"from"},
}
_TARGET_FIELDS = (
    "group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector",
)  # fmt: skip
_PATTERN = re.compile(r"[*+?\[\](){}|\\^$]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation as it stands in a file, and the place where it stands."""

    body: Mapping[str, Any]
    place: str

    @property
    def path(self) -> tuple[str, ...]:
        """The tokens of the path that the operation changes."""
        return tokens(self.body["path"])

    def __str__(self) -> str:
        return f"{self.body['op']} {self.body['path']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Which resource a patch is for: the fields of kustomize's ``target``, patterns included."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labelSelector: str = ""  # noqa: N815 - the field's name in kustomize
    annotationSelector: str = ""  # noqa: N815

    def matches(self, resource: Resource) -> bool:
        """Tell whether the resource is meant, as kustomize would."""
        key = resource.id
        version = str(resource.body["apiVersion"]).rpartition("/")[2]
        metadata = resource.body.get("metadata") or {}
        return (
            _same(self.group, key.group)
            and _same(self.version, version)
            and _same(self.kind, key.kind)
            and _same(self.name, key.name)
            and _same(self.namespace, key.namespace or "default")
            and selects(self.labelSelector, metadata.get("labels") or {})
            and selects(self.annotationSelector, metadata.get("annotations") or {})
        )

    @property
    def plural(self) -> bool:
        """Tell whether the target asks for several resources: by a pattern, or by a selector."""
        return bool(
            self.labelSelector
            or self.annotationSelector
            or _PATTERN.search(self.name + self.kind + self.namespace)
        )

    def __str__(self) -> str:
        return ", ".join(f"{f}: {getattr(self, f)}" for f in _TARGET_FIELDS if getattr(self, f))


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """Operations for a target, and the place where the target stands."""

    target: Target
    operations: tuple[Operation, ...]
    place: str


def _same(pattern: str, value: str) -> bool:
    return not pattern or re.fullmatch(pattern, value) is not None


def parse_target(value: Any, place: str) -> Target:
    """Read a kustomize ``target``; raise PatchError when it is none."""
    if not isinstance(value, dict) or not value:
        raise PatchError(
            "the patch has no target", where=place, hint="add target: {kind: ..., name: ...}"
        )
    for key, field in value.items():
        if key not in _TARGET_FIELDS:
            near = nearest(key, list(_TARGET_FIELDS))
            raise PatchError(
                f"unknown target field {key!r}",
                where=place,
                hint=f"did you mean {near!r}?" if near else f"one of {', '.join(_TARGET_FIELDS)}",
            )
        if not isinstance(field, str):
            raise PatchError(f"target field {key!r} is not a text", where=place)
    for key in ("group", "version", "kind", "name", "namespace"):
        try:
            re.compile(value.get(key, ""))
        except re.error as error:
            raise PatchError(
                f"target {key} is not a regular expression: {error}", where=place
            ) from error
    for key in ("labelSelector", "annotationSelector"):
        try:
            selector.parse(value.get(key, ""))
        except ValueError as error:
            raise PatchError(
                f"target {key} is not a selector: {error}",
                where=place,
                hint="write app=web, app!=web, app in (web, api), app, or !app",
            ) from error
    return Target(**value)


def parse_operations(text: str, *, source: str, offset: int = 0) -> tuple[Operation, ...]:
    """Read a list of RFC 6902 operations from YAML or JSON text.

    ``offset`` is the number of lines before ``text`` in its file. Raises PatchError and YamlError.
    """
    placed = "\n" * offset + text  # so that every error names the line in the file
    lines = yaml.lines(placed, source=source)
    body = yaml.load(placed, source=source)
    # A text in a file is indented there, so its columns are others.
    place = lines.at(()) if offset else lines.where(())
    if text.startswith("["):
        _check_json(text, place)
    if isinstance(body, dict):
        raise PatchError(
            "is a strategic merge patch; Sealift applies JSON patches (RFC 6902) only",
            where=place,
            hint="write a list of operations: - {op: replace, path: /spec/..., value: ...}",
        )
    if not isinstance(body, list) or not body:
        raise PatchError("holds no list of operations", where=place)
    return tuple(
        _operation(number, item, lines.at((str(number),))) for number, item in enumerate(body)
    )


def _check_json(text: str, where: str) -> None:
    """Hold a text that starts with a bracket to JSON: kustomize reads it as nothing else."""
    try:
        json.loads(text)
    except ValueError as error:
        raise PatchError(
            f"starts as JSON and is none: {error}", where=where, hint="write a YAML list: - op: ..."
        ) from error


def _operation(number: int, item: Any, where: str) -> Operation:
    place = f"{where} (operation {number + 1})"
    if not isinstance(item, dict) or "op" not in item or "path" not in item:
        raise PatchError("an operation needs op and path", where=place)
    op = item["op"]
    if not isinstance(op, str) or op not in OPERATIONS:
        near = nearest(str(op), list(OPERATIONS))
        raise PatchError(
            f"unknown operation {op!r}",
            where=place,
            hint=f"did you mean {near!r}?" if near else f"one of {', '.join(OPERATIONS)}",
        )
    needed = OPERATIONS[op]
    for key in sorted(needed - item.keys()):
        raise PatchError(f"{op} needs {key}", where=place)
    for key in sorted(item.keys() - needed - {"op", "path"}):
        raise PatchError(f"{op} takes no {key!r}", where=place)
    for key in ("path", "from"):
        if key in item and (not isinstance(item[key], str) or not item[key].startswith("/")):
            raise PatchError(
                f"{key} {item[key]!r} is not a JSON pointer", where=place, hint="start with a slash"
            )
    return Operation(body=item, place=place)


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


def parse_transformers(text: str, *, source: str) -> list[Patch]:
    """Read a file of kustomize ``PatchTransformer`` documents: target and operations together.

    Raises PatchError and YamlError.
    """
    patches = []
    for document, start in _documents(text, source):
        place = f"{source}:{start + 1}"
        if not isinstance(document, dict) or document.get("kind") != "PatchTransformer":
            raise PatchError(
                "is not a PatchTransformer",
                where=place,
                hint="each document needs apiVersion: builtin, kind: PatchTransformer, "
                "metadata.name, target and patch",
            )
        unknown = sorted(document.keys() - {"apiVersion", "kind", "metadata", "target", "patch"})
        if unknown or not isinstance(document.get("patch"), str):
            raise PatchError(
                f"a PatchTransformer takes no {unknown[0]!r} here"
                if unknown
                else "patch is missing, or is not a text of operations",
                where=place,
            )
        offset = _patch_line(text, start)
        patches.append(
            Patch(
                target=parse_target(document.get("target"), place),
                operations=parse_operations(document["patch"], source=source, offset=offset),
                place=place,
            )
        )
    return patches


def _documents(text: str, source: str) -> list[tuple[Any, int]]:
    return [(d.value, d.line - 1) for d in yaml.load_ours(text, source=source)]


def _patch_line(text: str, start: int) -> int:
    """Return the number of lines before the first line of a document's ``patch`` text."""
    for index, line in enumerate(text.splitlines()[start:], start=start):
        key = re.match(r"([\"']?)patch\1\s*:\s*([|>])?", line)
        if key:
            return index + 1 if key[2] else index
    return start


def apply_all(manifests: Manifests, patches: list[Patch]) -> tuple[Manifests, list[PatchError]]:
    """Apply the patches in order; one that fails changes nothing, and its error is kept."""
    problems = []
    for patch in patches:
        try:
            manifests = apply(manifests, patch)
        except PatchError as error:
            problems.append(error)
    return manifests, problems
