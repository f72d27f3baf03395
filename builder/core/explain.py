"""Where a thing stands, and what made it so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from builder.core.manifests import AppliedOperation, Resource, ResourceId
from builder.core.pointer import get, tokens
from builder.core.references import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One place that answers the question.

    ``subject`` is the reference, or the value of a path; ``made_by`` the chain from the source to
    the template; ``patches`` the operations that changed it, in order.
    """

    subject: str
    place: str
    made_by: tuple[str, ...]
    patches: tuple[AppliedOperation, ...]


def find(
    subject: str, resources: Sequence[Resource], references: Iterable[Reference]
) -> list[Place]:
    """Return the places of a reference (whole, or a part of it) or of a resource's path."""
    found = [r for r in references if subject == r.value]
    found = found or [r for r in references if subject in r.value]
    if found:
        return [_of_reference(reference) for reference in found]
    name, _, pointer = subject.partition("#")
    path = tokens(pointer) if pointer.startswith("/") else ()
    return [
        _of_path(resource, path)
        for resource in resources
        if name in (str(resource.id), f"{resource.id.kind}/{resource.id.name}")
    ]


def _of_reference(reference: Reference) -> Place:
    return Place(
        subject=reference.value,
        place=f"{reference.resource} {reference.place} ({reference.pointer})",
        made_by=_chain(reference.origin.parent, reference.origin.source, reference.origin.template),
        patches=_touching(reference.origin.patches, reference.path),
    )


def _of_path(resource: Resource, path: tuple[str, ...]) -> Place:
    value = get(resource.body, path)
    shown = f"{type(value).__name__}" if isinstance(value, dict | list) else repr(value)
    if resource.id.kind == "Secret":
        shown = "***"
    return Place(
        subject=shown if path else str(resource.id),
        place=f"{resource.id} /{'/'.join(path)}" if path else str(resource.id),
        made_by=_chain(resource.origin.parent, resource.origin.source, resource.origin.template),
        patches=_touching(resource.origin.patches, path),
    )


def _chain(parent: ResourceId | None, source: str, template: str) -> tuple[str, ...]:
    chain = [str(parent)] if parent else []
    chain.append(f"chart {source}" if template else source)
    if template:
        chain.append(f"template {template}")
    return tuple(chain)


def _touching(
    operations: Iterable[AppliedOperation], path: tuple[str, ...]
) -> tuple[AppliedOperation, ...]:
    """Return the operations at, above or below ``path``."""
    return tuple(o for o in operations if related(tokens(o.path), path))


def related(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Tell whether one of two paths is the other, or stands above it."""
    length = min(len(one), len(other))
    return one[:length] == other[:length]
