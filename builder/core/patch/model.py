"""What a patch is: a target, and operations in their order."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from builder.core.manifests import Resource
from builder.core.pointer import tokens
from builder.core.selector import selects

OPERATIONS = {
    "add": {"value"},
    "remove": set(),
    "replace": {"value"},
    "test": {"value"},
    "move": {"from"},
    "copy": {"from"},
}
TARGET_FIELDS = (
    "group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector",
)  # fmt: skip
_PATTERN = re.compile(r"[*+?\[\](){}|\\^$]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation as it stands in a file, and the place where it stands."""

    body: Mapping[str, Any]
    place: str

    @property
    def path(self) -> tuple[str, ...]:
        """The tokens of the path that the operation changes."""
        return tokens(self.body["path"])

    def __str__(self) -> str:
        return f"{self.body['op']} {self.body['path']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Which resource a patch is for: the fields of kustomize's ``target``, patterns included."""

    group: str = ""
    version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    labelSelector: str = ""  # noqa: N815 - the field's name in kustomize
    annotationSelector: str = ""  # noqa: N815

    def matches(self, resource: Resource) -> bool:
        """Tell whether the resource is meant, as kustomize would."""
        key = resource.id
        version = str(resource.body["apiVersion"]).rpartition("/")[2]
        metadata = resource.body.get("metadata") or {}
        return (
            _same(self.group, key.group)
            and _same(self.version, version)
            and _same(self.kind, key.kind)
            and _same(self.name, key.name)
            and _same(self.namespace, key.namespace or "default")
            and selects(self.labelSelector, metadata.get("labels") or {})
            and selects(self.annotationSelector, metadata.get("annotations") or {})
        )

    @property
    def plural(self) -> bool:
        """Tell whether the target asks for several resources: by a pattern, or by a selector."""
        return bool(
            self.labelSelector
            or self.annotationSelector
            or _PATTERN.search(self.name + self.kind + self.namespace)
        )

    def __str__(self) -> str:
        return ", ".join(f"{f}: {getattr(self, f)}" for f in TARGET_FIELDS if getattr(self, f))


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """Operations for a target, and the place where the target stands."""

    target: Target
    operations: tuple[Operation, ...]
    place: str


def _same(pattern: str, value: str) -> bool:
    return not pattern or re.fullmatch(pattern, value) is not None
