"""Resources, findings and references as plain values, and back: what a cache can hold."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from builder.core.findings import Finding
from builder.core.manifests import Manifests, Origin, Resource, ResourceId
from builder.core.references import Reference
from builder.core.rendered import Rendered


def rendered(value: Rendered) -> Any:
    """Return a render as plain values."""
    return [_resources(value.resources), [msgspec.to_builtins(f) for f in value.findings]]


def to_rendered(plain: Any) -> Rendered:
    """Read what :func:`rendered` made."""
    findings = tuple(msgspec.convert(finding, Finding) for finding in plain[1])
    return Rendered(resources=tuple(_to_resources(plain[0])), findings=findings)


def manifests(value: Manifests) -> Any:
    """Return manifests as plain values; no patch has changed them yet."""
    return _resources(value)


def to_manifests(plain: Any) -> Manifests:
    """Read what :func:`manifests` made."""
    return Manifests(_to_resources(plain))


def _resources(resources: Iterable[Resource]) -> list[Any]:
    found = []
    for resource in resources:
        origin, parent = resource.origin, resource.origin.parent
        if origin.patches:
            raise TypeError("a resource that patches have changed is not kept")
        above = None if parent is None else [getattr(parent, key) for key in _ID]
        found.append(
            [resource.body, origin.source, origin.template, origin.hooks, origin.tests, above]
        )
    return found


_ID = ("group", "kind", "namespace", "name")


def _to_resources(plain: Any) -> list[Resource]:
    parents: dict[tuple[str, ...], ResourceId] = {}
    found = []
    for body, source, template, hooks, tests, above in plain:
        parent = None
        if above is not None:
            fields = dict(zip(_ID, above, strict=True))
            parent = parents.setdefault(tuple(above), ResourceId(**fields))
        origin = Origin(
            source=source, template=template, hooks=tuple(hooks), tests=tests, parent=parent
        )
        found.append(Resource(body=body, origin=origin))
    return found


def references(value: Iterable[Iterable[Reference]]) -> Any:
    """Return the references of resources, a group for each, as plain values."""
    return [[(r.kind, r.value, r.path, r.place, r.comment) for r in group] for group in value]


def to_references(plain: Any, resources: Sequence[Resource]) -> tuple[tuple[Reference, ...], ...]:
    """Read what :func:`references` made of the references of ``resources``."""
    return tuple(
        tuple(
            Reference(
                kind=kind,
                value=value,
                resource=resource.id,
                path=tuple(path),
                place=place,
                origin=resource.origin,
                comment=comment,
            )
            for kind, value, path, place, comment in group
        )
        for group, resource in zip(plain, resources, strict=True)
    )
