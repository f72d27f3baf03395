"""Two bodies compared, key by key: each place that differs is told once."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from builder.core.diff.hidden import Hidden
from builder.core.diff.model import FieldChange, Path

# What tells the items of a list apart, as Kubernetes merges them; the first that all items have.
_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ports": (("name",), ("containerPort", "protocol"), ("port", "protocol"), ("containerPort",),
              ("port",)),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "subjects": (("kind", "namespace", "name"), ("kind", "name")),
    "volumeClaimTemplates": (("metadata.name",),),
    "tolerations": (("key", "effect"),),
    "rules": (("host",), ("alert",), ("record",)),
    "paths": (("path",),),
    "hostAliases": (("ip",),),
    "ownerReferences": (("uid",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
}  # fmt: skip
_NAME: tuple[tuple[str, ...], ...] = (("name",), ("key",))
_SETS = frozenset({
    "accessModes", "apiGroups", "categories", "finalizers", "nonResourceURLs", "resourceNames",
    "resources", "shortNames", "verbs",
})  # fmt: skip
_NOISE = re.compile(
    r"helm\.sh/chart|chart|heritage|app\.kubernetes\.io/(?:version|managed-by)|meta\.helm\.sh/.*|"
    r"(?i:.*(?:checksum|sha256sum|config-?hash|rollme|restartedat|generated-?at|timestamp).*)"
)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return where two bodies in normal form differ, sorted by path."""
    changes = _mappings(before, after, ())
    return tuple(sorted(changes, key=lambda change: (change.path, change.action)))


def is_noise(path: Path) -> bool:
    """Tell whether a label or annotation changes with each version and means nothing."""
    return path[-3:-1] in (("metadata", "labels"), ("metadata", "annotations")) and (
        _NOISE.fullmatch(path[-1]) is not None
    )


def _values(before: Any, after: Any, path: Path) -> Iterator[FieldChange]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mappings(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, path)
    elif not _same(before, after):
        yield FieldChange(
            path=path, action="changed", before=before, after=after, routine=is_noise(path)
        )


def _same(before: Any, after: Any) -> bool:
    # True == 1 in Python, not in YAML.
    return bool(before == after) and isinstance(before, bool) == isinstance(after, bool)


def _mappings(
    before: Mapping[str, Any], after: Mapping[str, Any], path: Path
) -> Iterator[FieldChange]:
    for key in sorted(before.keys() | after.keys()):
        below = (*path, key)
        if key in before and key in after:
            yield from _values(before[key], after[key], below)
        elif path[-1:] == ("metadata",) and _labels(key, before.get(key, after.get(key))):
            yield from _values(before.get(key, {}), after.get(key, {}), below)
        elif key in before:
            yield _removed(below, before[key])
        else:
            yield _added(below, after[key])


def _labels(key: str, value: Any) -> bool:
    """Tell whether labels or annotations are to be compared one by one, with none at all."""
    return key in ("labels", "annotations") and isinstance(value, Mapping) and bool(value)


def _added(path: Path, value: Any) -> FieldChange:
    return FieldChange(path=path, action="added", after=value, routine=is_noise(path))


def _removed(path: Path, value: Any) -> FieldChange:
    return FieldChange(path=path, action="removed", before=value, routine=is_noise(path))


def _lists(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    if before == after and _text(before) == _text(after):
        return
    field = path[-1] if path else ""
    scalars = all(isinstance(item, str | int | float) for item in (*before, *after))
    key = _key(field, [*before, *after])
    if key:
        yield from _named(before, after, path, key)
    elif field in _SETS and scalars:
        yield from _sets(before, after, path)
    else:
        yield from _sequences(before, after, path)


def _key(field: str, items: Sequence[Any]) -> tuple[str, ...] | None:
    """Choose the fields that name the items of a list; None when there are none."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for fields in (*_KEYS.get(field, ()), *_NAME):
        if all(isinstance(_part(item, fields[0]), str | int) for item in items):
            return fields
    return None


def _part(item: Any, field: str) -> Any:
    for token in field.split("."):
        item = item.get(token) if isinstance(item, Mapping) else None
    return item


def _by_name(items: list[Any], fields: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in items:
        parts = [_part(item, field) for field in fields]
        name = "/".join(str(part) for part in parts if part not in (None, ""))
        token, number = f"[{name}]", 1
        while token in found:  # twice the same name: the first pairs with the first
            number += 1
            token = f"[{name}]#{number}"
        found[token] = item
    return found


def _named(
    before: list[Any], after: list[Any], path: Path, fields: tuple[str, ...]
) -> Iterator[FieldChange]:
    old, new = _by_name(before, fields), _by_name(after, fields)
    yield from _mappings(old, new, path)
    ours, theirs = [k for k in old if k in new], [k for k in new if k in old]
    if ours != theirs:
        # Init containers run one after the other; a variable refers to those before it.
        ordered = path[-1] == "initContainers" or (path[-1] == "env" and "$(" in _text(after))
        yield FieldChange(
            path=path, action="reordered", before=ours, after=theirs, routine=not ordered
        )


def _sets(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    old, new = ({f"[{item}]": item for item in items} for items in (before, after))
    yield from _mappings(old, new, path)
    if old == new:
        yield FieldChange(path=path, action="reordered", before=before, after=after, routine=True)


def _sequences(before: list[Any], after: list[Any], path: Path) -> Iterator[FieldChange]:
    """Compare lists by what comes after what: one item more is no change of those behind it."""
    matcher = SequenceMatcher(
        None, [_text(item) for item in before], [_text(item) for item in after], autojunk=False
    )
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        pairs = min(i_end - i, j_end - j)
        for offset in range(pairs):
            below = (*path, f"[{j + offset}]")
            yield from _values(before[i + offset], after[j + offset], below)
        for index in range(i + pairs, i_end):
            yield _removed((*path, f"[{index}]"), before[index])
        for index in range(j + pairs, j_end):
            yield _added((*path, f"[{index}]"), after[index])


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=_hidden)


def _hidden(value: Any) -> str:
    return value.digest.hex() if isinstance(value, Hidden) else str(value)
