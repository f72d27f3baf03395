"""The API versions that custom resource definitions make a cluster serve."""

from collections.abc import Iterable

from builder.core.manifests import Resource
from builder.core.pointer import get, mappings


def api_versions(resources: Iterable[Resource]) -> tuple[str, ...]:
    """Return ``group/version`` and ``group/version/Kind`` of all definitions, sorted.

    Both is what ``.Capabilities.APIVersions.Has`` of helm may ask for.
    """
    found: set[str] = set()
    for resource in resources:
        if resource.id.kind != "CustomResourceDefinition":
            continue
        group = get(resource.body, ("spec", "group"))
        kind = get(resource.body, ("spec", "names", "kind"))
        for version in mappings(resource.body, ("spec", "versions")):
            if version.get("served"):
                name = f"{group}/{version.get('name')}"
                found |= {name, f"{name}/{kind}"}
    return tuple(sorted(found))
