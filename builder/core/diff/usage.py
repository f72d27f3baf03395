"""Which Secrets and ConfigMaps the resources of one side refer to, and which stand there."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.core.manifests import Body, Resource

Name = tuple[str, str, str]
"""Kind, namespace and name."""

_REFERENCES = {
    "secretKeyRef": "Secret",
    "secretRef": "Secret",
    "configMapKeyRef": "ConfigMap",
    "configMapRef": "ConfigMap",
    "configMap": "ConfigMap",
    "secret": "Secret",
}
# What makes a Secret in the cluster: the name that it gives it, or else its own.
_MAKERS = {
    "Certificate": ("secretName",),
    "ExternalSecret": ("target", "name"),
    "SealedSecret": ("template", "metadata", "name"),
}


@dataclass(kw_only=True, slots=True)
class Usage:
    """Who refers to what, and what there is."""

    users: dict[Name, list[str]] = field(default_factory=dict)
    there: set[Name] = field(default_factory=set)

    def add(self, resources: Iterable[Resource], *, namespace: str = "") -> None:
        """Take in resources; ``namespace`` is the one of those that name none."""
        for resource in resources:
            key = resource.id
            here = key.namespace or namespace
            if key.kind in _MAKERS:
                self.there.add(("Secret", here, _made(resource.body, key.kind) or key.name))
            elif key.kind in ("Secret", "ConfigMap") and not key.group:
                self.there.add((key.kind, here, key.name))
            else:
                for kind, name in dict.fromkeys(_references(resource.body)):
                    self.users.setdefault((kind, here, name), []).append(str(key))

    def missed(self, name: Name) -> list[str]:
        """Return who refers to something that is not there."""
        return [] if name in self.there else self.users.get(name, [])


def _made(body: Body, kind: str) -> str:
    value: Any = body.get("spec")
    for key in _MAKERS[kind]:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def _references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what a value refers to and cannot do without."""
    for item in value if isinstance(value, list) else ():
        yield from _references(item)
    for key, child in value.items() if isinstance(value, Mapping) else ():
        optional = isinstance(child, Mapping) and child.get("optional") is True
        if not optional:
            yield from _reference(str(key), child)
            yield from _references(child)


def _reference(key: str, child: Any) -> Iterator[tuple[str, str]]:
    if key == "secretName" and isinstance(child, str):
        yield "Secret", child
    elif key == "imagePullSecrets" and isinstance(child, list):
        names = [item.get("name") for item in child if isinstance(item, Mapping)]
        yield from (("Secret", name) for name in names if isinstance(name, str))
    elif key in _REFERENCES and isinstance(child, Mapping):
        name = child.get("name")
        if isinstance(name, str) and name:
            yield _REFERENCES[key], name
