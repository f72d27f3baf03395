"""Reading patches: of kustomizations, and of files of transformers."""

import json
import re
from typing import Any

from builder.core import selector, yaml
from builder.core.errors import PatchError, nearest
from builder.core.patch.model import OPERATIONS, TARGET_FIELDS, Operation, Patch, Target


def parse_target(value: Any, place: str) -> Target:
    """Read a kustomize ``target``; raise PatchError when it is none."""
    if not isinstance(value, dict) or not value:
        raise PatchError(
            "the patch has no target", where=place, hint="add target: {kind: ..., name: ...}"
        )
    for key, field in value.items():
        if key not in TARGET_FIELDS:
            near = nearest(key, list(TARGET_FIELDS))
            raise PatchError(
                f"unknown target field {key!r}",
                where=place,
                hint=f"did you mean {near!r}?" if near else f"one of {', '.join(TARGET_FIELDS)}",
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
