"""Everything that the cluster will fetch because of a resource: images, charts, artifacts, URLs.

One walk over a resource's body. Image fields count wherever they stand, so that custom resources
of other operators are seen too. In free text (env values, arguments, annotations, ConfigMaps,
Secrets) an image counts when it is named as one, or has a registry host and a tag or digest.
"""

from collections.abc import Collection, Iterator, Mapping

from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.references import definitions
from builder.core.references.model import Kind, Path, Reference
from builder.core.references.walk import Walk


def collect(
    manifests: Manifests, skip: Mapping[ResourceId, Collection[Path]] = {}
) -> list[Reference]:
    """Return the references of all resources, in order.

    ``skip`` names the paths of a resource that are not looked at: the values of a nested chart
    say what may be fetched, and the render of that chart says what is.
    """
    return [
        reference
        for resource in manifests
        for reference in of_resource(resource, skip.get(resource.id, ()))
    ]


def of_resource(resource: Resource, skip: Collection[Path] = ()) -> Iterator[Reference]:
    """Yield the references of one resource."""
    walk = Walk(resource, frozenset(skip))
    found: dict[tuple[str, str, Path], Reference] = {}
    if resource.id.kind == "CustomResourceDefinition":
        pieces = definitions.pieces(resource.body)
    else:
        pieces = iter([((), dict(resource.body))])
    references = (r for path, value in pieces for r in walk.value(value, path, ""))
    for reference in references:
        key = (reference.kind, reference.value, reference.path)
        if found.setdefault(key, reference).comment and not reference.comment:
            found[key] = reference  # what stands in a comment, and again where it counts
    yield from found.values()


__all__ = ["Kind", "Path", "Reference", "collect", "of_resource"]
