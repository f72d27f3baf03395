"""A chart's values by path: reading them, and setting some over those of a user."""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.pointer import get

Path = tuple[str, ...]
_ABSENT = object()


def leaves(values: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every scalar of nested values with its path; list items have their index as a step."""
    if isinstance(values, Mapping):
        for key, child in values.items():
            yield from leaves(child, (*path, str(key)))
    elif isinstance(values, list):
        for index, child in enumerate(values):
            yield from leaves(child, (*path, str(index)))
    else:
        yield path, values


def own_leaves(values: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield the scalars that a user can set: helm copies globals below every subchart."""
    for path, value in leaves(values):
        inner = path.index("global", 1) if "global" in path[1:] else 0
        if inner and get(values, path[inner:], _ABSENT) is not _ABSENT:
            continue
        yield path, value


def with_values(
    user: Mapping[str, Any], effective: Mapping[str, Any], assignments: Mapping[Path, Any]
) -> dict[str, Any]:
    """Return the user's values with ``assignments`` in them.

    helm replaces lists whole: where a path goes through a list, all of the effective list is set.
    """
    result: dict[str, Any] = copy.deepcopy(dict(user))
    for path, value in assignments.items():
        node: Any = result
        for depth, step in enumerate(path[:-1]):
            current = node[int(step)] if isinstance(node, list) else node.get(step)
            target = get(effective, path[: depth + 1])
            if isinstance(target, list) and not isinstance(current, list):
                current = copy.deepcopy(target)
            elif not isinstance(current, dict | list):
                current = {}
            _put(node, step, current)
            node = current
        _put(node, path[-1], value)
    return result


def _put(node: Any, step: str, value: Any) -> None:
    if isinstance(node, list):
        node[int(step)] = value
    else:
        node[step] = value
