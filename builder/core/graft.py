"""The difference between two renders of a chart, brought into a resource that has changed since.

    wanted = graft(present, before, after)
    changes(resource, wanted, reason)

What only the resource has stays; what both renders have alike is the resource's own business.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from builder.core.changes import Change, Path
from builder.core.first_order import names_on
from builder.core.manifests import Resource
from builder.core.pointer import get


class _Missing:
    """Stands for a value that is not there."""


_MISSING: Final = _Missing()


def graft(present: Any, before: Any, after: Any) -> Any:
    """Return ``present`` with what differs between ``before`` and ``after``.

    A value that is neither of the two was changed by somebody else, and stays. Items of lists are
    told by what Kubernetes merges them by; one that stands twice is not looked into.
    """
    if after == before or present == after:
        return present
    sides = (present, before, after)
    if all(_is(dict, side) for side in sides):
        merged: Any = _mappings(*(_or_empty(side, {}) for side in sides))
        return merged or (after if not isinstance(after, dict) else merged)
    if all(_is(list, side) for side in sides):
        lists = [_or_empty(side, []) for side in sides]
        merged = _lists(*lists) if all(map(_distinct, lists)) else present
        return merged or (after if not isinstance(after, list) else merged)
    return after if present == before else present


def _is(kind: type, value: Any) -> bool:
    """Tell whether a value is of a kind, or nothing: a chart leaves a key empty, or out."""
    return value is _MISSING or value is None or isinstance(value, kind)


def _or_empty(value: Any, empty: Any) -> Any:
    return empty if value is _MISSING or value is None else value


def _mappings(
    present: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> dict[str, Any]:
    merged = {}
    for key in dict.fromkeys((*present, *after)):
        value = graft(*(side.get(key, _MISSING) for side in (present, before, after)))
        if value is not _MISSING:
            merged[key] = value
    return merged


def _lists(present: list[Any], before: list[Any], after: list[Any]) -> list[Any]:
    old, new = _keyed(before), _keyed(after)
    merged = {}
    for key, item in _keyed(present).items():
        value = graft(item, old.get(key, _MISSING), new.get(key, _MISSING))
        if value is not _MISSING:
            merged[key] = value
    order = list(new)
    for place, (key, item) in enumerate(new.items()):
        if key not in merged and key not in old:
            # In front of what follows it in the render, or else behind all: no index changes then.
            following = [i for i, k in enumerate(merged) if k in order[place + 1 :]]
            merged = _inserted(merged, min(following, default=len(merged)), key, item)
    return list(merged.values())


def _inserted(items: dict[str, Any], at: int, key: str, item: Any) -> dict[str, Any]:
    listed = [*items.items()]
    return dict([*listed[:at], (key, item), *listed[at:]])


def _key(item: Any) -> str:
    """Return what tells an item of a list from the others."""
    if isinstance(item, dict):
        for name in ("mountPath", "name"):
            if isinstance(item.get(name), str):
                return f"{name} {item[name]}"
    return json.dumps(item, sort_keys=True)


def _keyed(items: list[Any]) -> dict[str, Any]:
    return {_key(item): item for item in items}


def _distinct(items: list[Any]) -> bool:
    return len(_keyed(items)) == len(items)


def changes(resource: Resource, wanted: Mapping[str, Any], reason: str) -> Iterator[Change]:
    """Yield the changes that make a resource what is wanted, each as deep as it goes.

    Keys at its top are set, but not taken away.
    """
    for key, value in wanted.items():
        for path, new in _differences((key,), resource.body.get(key, _MISSING), value):
            yield Change(
                resource=resource.id,
                path=path,
                value=new,
                before=get(resource.body, path),
                reason=reason,
                guards=tuple(_guards(resource, path)),
            )


def _differences(path: Path, present: Any, wanted: Any) -> Iterator[tuple[Path, Any]]:
    if present == wanted:
        return
    if isinstance(present, dict) and isinstance(wanted, dict) and present.keys() <= wanted.keys():
        for key, value in wanted.items():
            yield from _differences((*path, key), present.get(key, _MISSING), value)
    elif isinstance(present, list) and isinstance(wanted, list) and _begins(present, wanted):
        for index, value in enumerate(wanted):
            below = present[index] if index < len(present) else _MISSING
            yield from _differences((*path, str(index)), below, value)
    else:
        yield path, wanted


def _begins(present: list[Any], wanted: list[Any]) -> bool:
    """Tell whether a list has the same items in front: those behind them can be added."""
    pairs = list(zip(present, wanted, strict=False))
    return 0 < len(pairs) == len(present) and all(_key(a) == _key(b) for a, b in pairs)


def _guards(resource: Resource, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield what has to stand around a place in lists, for the change to mean what it says."""
    yield from names_on(resource, path)
    above = get(resource.body, path[:-1])
    if isinstance(above, list) and int(path[-1]) == len(above):
        last, item = (*path[:-1], str(len(above) - 1)), above[-1]
        named = isinstance(item, dict) and "name" in item
        yield ((*last, "name"), item["name"]) if named else (last, item)
