"""The schemas that Kubernetes publishes of its own kinds, for one version of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Kind = tuple[str, str, str]
"""Group, version and kind."""

METADATA = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_KINDS = "x-kubernetes-group-version-kind"
# k8s.io/apimachinery, pkg/api/resource: what a quantity may look like.
_QUANTITY = (
    r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
    r"([KMGTPE]i|[numkMGTPE]|[eE][+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+))?$"
)
# Published as texts with a format that no JSON Schema knows, or as a choice that null fits twice.
_OWN: dict[str, dict[str, Any]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {
        "type": ["number", "string"],
        "pattern": _QUANTITY,
    },
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Published:
    """The definitions of one Kubernetes version (``1.30``), and the kinds that they define.

    Equal only to itself, so that what is compiled from it can be remembered.
    """

    kubernetes: str
    definitions: Mapping[str, Any]
    kinds: Mapping[Kind, str]

    @property
    def groups(self) -> frozenset[str]:
        """The API groups that are Kubernetes' own."""
        return frozenset(group for group, _, _ in self.kinds)

    def versions(self, group: str, kind: str) -> list[str]:
        """Return the API versions in which a kind is served, as ``apiVersion`` names them."""
        found = [version for g, version, k in self.kinds if (g, k) == (group, kind)]
        return [f"{group}/{version}" if group else version for version in sorted(found)]

    def schema(self, kinds: Iterable[Kind]) -> dict[str, Any]:
        """Return one JSON Schema for many kinds: under the name of each definition its objects.

        Metadata, which custom resources have as well, stands under its own name.
        """
        names = [METADATA, *(self.kinds[kind] for kind in kinds)]
        return {
            "properties": {name: {"$ref": f"#/$defs/{name}"} for name in names},
            "$defs": _reachable(names, self.definitions),
        }


def published(kubernetes: str, document: Mapping[str, Any]) -> Published:
    """Read a document of definitions: ``$defs``, closed to unknown fields, null for absent ones.

    Which object is which kind stands in ``x-kubernetes-group-version-kind``.
    """
    definitions = {**document["$defs"], **_OWN}
    kinds = {
        (kind["group"], kind["version"], kind["kind"]): name
        for name, definition in definitions.items()
        for kind in definition.get(_KINDS, ())
    }
    return Published(kubernetes=kubernetes, definitions=definitions, kinds=kinds)


def _reachable(names: Iterable[str], definitions: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = definitions[name]
            waiting += _references(definitions[name])
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _references(item)
    elif isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.rpartition("/")[2]
        for child in node.values():
            yield from _references(child)
