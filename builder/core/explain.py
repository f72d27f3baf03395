"""Where a thing stands, and what made it so."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from builder.core.credentials import names_credential
from builder.core.errors import ConfigurationError, nearest
from builder.core.guard.texts import STARS
from builder.core.guard.veil import NOTHING, Veil
from builder.core.manifests import AppliedOperation, Manifests, Origin, Resource
from builder.core.pointer import get, pointer, tokens
from builder.core.references import Reference

Path = tuple[str, ...]
_ABSENT = object()
Values = Callable[[Reference], Sequence[Path]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place that answers the question.

    ``subject`` is the reference, or the value of a path; ``made_by`` the chain from the source to
    the template; ``values`` the values that make it, as pointers into the custom resource;
    ``patches`` the operations that changed it, in order.
    """

    subject: str
    place: str
    made_by: tuple[str, ...]
    values: tuple[str, ...] = ()
    patches: tuple[AppliedOperation, ...] = ()


def matching(subject: str, references: Iterable[Reference]) -> list[Reference]:
    """Return the references that are ``subject``, or else those that contain it."""
    listed = list(references)
    return [r for r in listed if subject == r.value] or [r for r in listed if subject in r.value]


def of_reference(reference: Reference, manifests: Manifests, values: Sequence[Path]) -> Place:
    """Explain a reference; ``values`` are the paths in its custom resource that make it."""
    origin = reference.origin
    patches = _touching(origin.patches, reference.path)
    parent = manifests.get(origin.parent) if origin.parent else None
    if parent is not None:
        touching = [o for path in values for o in _touching(parent.origin.patches, path)]
        patches = (*patches, *dict.fromkeys(touching))
    return Place(
        subject=reference.shown,
        place=f"{reference.resource} {reference.place} ({reference.pointer})",
        made_by=_chain(origin),
        values=tuple(pointer(path) for path in values),
        patches=patches,
    )


def of_resources(subject: str, resources: Iterable[Resource], veil: Veil = NOTHING) -> list[Place]:
    """Explain a resource, ``Kind/[namespace/]name``, or with ``#/pointer`` a place in it.

    ``veil`` covers the credentials that are known.

    Raises ConfigurationError for a place that none of the resources of that name has.
    """
    name, sign, place = subject.partition("#")
    named = [r for r in resources if name in (str(r.id), f"{r.id.kind}/{r.id.name}")]
    if sign and not place.startswith("/"):
        raise ConfigurationError(
            f"{place!r} is not a place in a resource", hint="behind # stands a JSON pointer: /spec"
        )
    path = tokens(place)
    found = [r for r in named if get(r.body, path, _ABSENT) is not _ABSENT]
    if named and not found:
        raise _absent(named[0], path, veil)
    return [_of_path(resource, path, veil) for resource in found]


def _absent(resource: Resource, path: Path, veil: Veil) -> ConfigurationError:
    """Say where a path ends in a resource, and what stands there instead of the next step."""
    length = max(
        n for n in range(len(path)) if get(resource.body, path[:n], _ABSENT) is not _ABSENT
    )
    above = get(resource.body, path[:length])
    items = range(len(above)) if isinstance(above, list) else above
    known = [str(key) for key in items] if isinstance(above, dict | list) else []
    near = nearest(path[length], known)
    there = pointer(path[:length]) or "the resource"
    return ConfigurationError(
        f"{resource.id} has no {pointer(path)}",
        hint=f"did you mean {pointer((*path[:length], near))}?"
        if near
        else f"{there} has {', '.join(known)}"
        if known
        else f"{there} is {_shown(resource, path[:length], veil)}",
    )


def _shown(resource: Resource, path: Path, veil: Veil) -> str:
    """Return what stands at a path as it may be printed."""
    value = get(resource.body, path)
    if isinstance(value, dict | list):
        kind = "a list" if isinstance(value, list) else "a map"
        return kind if value else f"{kind} of nothing"
    if (resource.id.kind == "Secret" and path[:1] in (("data",), ("stringData",))) or any(
        names_credential(token) for token in path
    ):
        return STARS
    if isinstance(value, str) and (covered := veil.all(value)) != value:
        return covered if covered == STARS else repr(covered)
    return "null" if value is None else repr(value)


def _of_path(resource: Resource, path: Path, veil: Veil) -> Place:
    return Place(
        subject=_shown(resource, path, veil) if path else str(resource.id),
        place=f"{resource.id} {pointer(path)}" if path else str(resource.id),
        made_by=_chain(resource.origin),
        patches=_touching(resource.origin.patches, path),
    )


def _chain(origin: Origin) -> tuple[str, ...]:
    chain = [str(origin.parent)] if origin.parent else []
    chain.append(f"chart {origin.source}" if origin.template else origin.source)
    if origin.template:
        chain.append(f"template {origin.template}")
    return tuple(chain)


def _touching(operations: Iterable[AppliedOperation], path: Path) -> tuple[AppliedOperation, ...]:
    """Return the operations that set ``path``, or what stands above or below it."""
    found = []
    for operation in operations:
        other = tokens(operation.path)
        length = min(len(other), len(path))
        if other[:length] == path[:length]:
            found.append(operation)
    return tuple(found)
