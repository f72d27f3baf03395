"""What looks like a credential in a resource, a value or a text, remembered.

On disk only where nothing does, or a placeholder: no credential is written anywhere.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from builder import cache
from builder.core import guard
from builder.core.base import NestedChartRule
from builder.core.credentials import is_placeholder
from builder.core.guard import Suspect, Walk
from builder.core.manifests import Resource

_LIBRARY = "detect_secrets"


def of_resource(resource: Resource, rules: Sequence[NestedChartRule]) -> Sequence[Suspect]:
    """Return what looks like a credential in a resource; ``rules`` are those of its base."""
    return _remembered(
        ("resource", resource.body, msgspec.to_builtins(rules)),
        lambda: guard.of_resource(resource, rules),
    )


def of_value(value: Any, *, names: bool = True) -> Sequence[Suspect]:
    """Return what looks like one in a value; without ``names`` keys say nothing."""
    walk = Walk(declared={}, names=names)
    return _remembered(("value", value, names), lambda: walk.value(value))


def is_secret(found: Iterable[Suspect]) -> bool:
    """Tell whether any of them is more than a placeholder: what holds it is not written."""
    return not all(is_placeholder(one.value) for one in found)


def of_text(text: str) -> Sequence[Suspect]:
    """Return what looks like one in a text."""
    return _remembered(("text", text), lambda: Walk(declared={}).text(text, ()))


def of_comments(text: str) -> Sequence[Suspect]:
    """Return what looks like one in the comments of a YAML text, each with its line."""
    return _remembered(("comments", text), lambda: _in_lines(guard.comments(text)))


def _in_lines(text: str) -> Iterator[Suspect]:
    for number, line in enumerate(text.split("\n"), start=1):
        for suspect in Walk(declared={}).text(line, ()) if line else ():
            yield replace(suspect, within=f"line {number}")


def of_operations(
    target: tuple[str, str], bodies: Sequence[Mapping[str, Any]], rules: Sequence[NestedChartRule]
) -> Sequence[Suspect]:
    """Return what looks like one in the values of operations; ``target`` is group and kind."""
    return _remembered(
        ("operations", target, bodies, msgspec.to_builtins(rules)),
        lambda: (s for body in bodies for s in guard.of_operation(target, body, rules)),
    )


def _remembered(parts: tuple[Any, ...], make: Callable[[], Iterable[Suspect]]) -> Sequence[Suspect]:
    try:
        name = cache.key("suspects", _library(), *parts)
    except (TypeError, OverflowError):  # a number that only Python holds
        return list(make())
    return cache.remember(name, lambda: list(make()), pack=_pack, unpack=_unpack)


def _pack(suspects: Sequence[Suspect]) -> Any:
    """Return what may be written. Raises TypeError when there is a credential: then nothing is."""
    if is_secret(suspects):
        raise TypeError("a credential is not written")
    return [(one.name, one.path, one.within, one.form, one.looks, one.value) for one in suspects]


def _unpack(plain: Any) -> Sequence[Suspect]:
    return [
        Suspect(name=name, path=tuple(path), within=within, form=form, looks=looks, value=value)
        for name, path, within, form, looks, value in plain
    ]


@functools.cache
def _library() -> str:
    """Return the version of the library of detectors, without loading it."""
    spec = find_spec(_LIBRARY)
    assert spec is not None and spec.origin is not None  # noqa: S101, PT018 - a dependency
    return (Path(spec.origin).parent / "__version__.py").read_text()
