"""The kinds that custom resource definitions among the resources bring."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from builder.core.manifests import Resource
from builder.core.pointer import get
from builder.core.schemas.published import Kind


def kinds(resources: Iterable[Resource]) -> dict[Kind, Mapping[str, Any]]:
    """Return the served kinds of all definitions, each with its schema as it stands there.

    It is empty where there is none.
    """
    return {
        (group, version, kind): schema
        for resource in resources
        if (resource.id.group, resource.id.kind)
        == ("apiextensions.k8s.io", "CustomResourceDefinition")
        for group, version, kind, schema in _of(resource.body)
    }


def _of(body: Mapping[str, Any]) -> Iterator[tuple[str, str, str, Mapping[str, Any]]]:
    group = str(get(body, ("spec", "group")))
    kind = str(get(body, ("spec", "names", "kind")))
    versions = get(body, ("spec", "versions"))
    for version in versions if isinstance(versions, list) else ():
        if isinstance(version, Mapping) and version.get("served"):
            schema = get(version, ("schema", "openAPIV3Schema"))
            known = schema if isinstance(schema, Mapping) else {}
            yield group, str(version.get("name")), kind, known
