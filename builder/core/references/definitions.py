"""What of a CustomResourceDefinition is fetched from, or becomes part of a resource."""

from collections.abc import Iterator, Mapping
from typing import Any

from builder.core.pointer import get
from builder.core.references.model import Path


def pieces(body: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield path and value of the conversion webhook, and of each default of the schemas.

    A default stands in a map below the name of its property, as it will in the resource that the
    API server fills in. Descriptions and examples are not looked at: nothing reads them.
    """
    conversion = get(body, ("spec", "conversion"))
    if conversion:
        yield ("spec",), {"conversion": conversion}
    versions = get(body, ("spec", "versions"))
    for index, version in enumerate(versions if isinstance(versions, list) else ()):
        path = ("spec", "versions", str(index), "schema", "openAPIV3Schema")
        yield from _defaults(get(version, path[3:]), path)


def _defaults(schema: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not isinstance(schema, Mapping):
        return
    properties = schema.get("properties")
    for name, below in properties.items() if isinstance(properties, Mapping) else ():
        place = (*path, "properties", str(name))
        if isinstance(below, Mapping) and "default" in below:
            yield place, {str(name): below["default"]}
        yield from _defaults(below, place)
    for key in ("items", "additionalProperties"):
        yield from _defaults(schema.get(key), (*path, key))
