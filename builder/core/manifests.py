"""Kubernetes objects and where each of them comes from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from builder.core.errors import ConfigurationError

Body = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class ResourceId:
    """What makes a Kubernetes object one object: the API version is not part of it."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, body: Body) -> "ResourceId":
        """Read the identity of an object; absent fields are empty strings."""
        api_version = str(body.get("apiVersion") or "")
        group = api_version.rpartition("/")[0]
        metadata = body.get("metadata")
        metadata = metadata if isinstance(metadata, Mapping) else {}
        return cls(
            group=group,
            kind=str(body.get("kind") or ""),
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata.get("name") or metadata.get("generateName") or ""),
        )

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind}/{place}"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppliedOperation:
    """One patch operation that changed a resource: what it was, and where it stands."""

    op: str
    path: str
    before: Any = field(hash=False)
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where a resource comes from.

    ``source`` is the kustomization, the file or the chart (``name-version``); ``template`` the
    chart's template; ``hooks`` the Helm hook events; ``tests`` tells that the controller runs test
    hooks; ``parent`` the custom resource that names the
    chart; ``patches`` what changed the resource since, in order.
    """

    source: str
    template: str = ""
    hooks: tuple[str, ...] = ()
    tests: bool = False
    parent: ResourceId | None = None
    patches: tuple[AppliedOperation, ...] = ()

    @property
    def test_hook(self) -> bool:
        """Tell whether only ``helm test`` would create the resource."""
        tests = ("test", "test-success", "test-failure")
        return bool(self.hooks) and not self.tests and all(hook in tests for hook in self.hooks)


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One Kubernetes object. Its body is never changed in place."""

    body: Body
    origin: Origin
    id: ResourceId = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "id", ResourceId.of(self.body))

    def patched(self, body: Body, operations: Iterable[AppliedOperation]) -> "Resource":
        """Return the resource with a new body and the operations that made it."""
        origin = replace(self.origin, patches=(*self.origin.patches, *operations))
        return Resource(body=body, origin=origin)

    def __str__(self) -> str:
        return str(self.id)


class Manifests:
    """Resources in order, unique by identity. Immutable.

    Raises ConfigurationError when two resources share group, kind, namespace and name.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self._by_id: dict[ResourceId, Resource] = {}
        for resource in resources:
            other = self._by_id.setdefault(resource.id, resource)
            if other is not resource:
                raise ConfigurationError(
                    f"{resource.id} stands twice: in {other.origin.source} "
                    f"and in {resource.origin.source}",
                    hint="two objects of one kind, namespace and name overwrite each other",
                )

    def __iter__(self) -> Iterator[Resource]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, resource_id: object) -> bool:
        return resource_id in self._by_id

    def get(self, resource_id: ResourceId) -> Resource | None:
        """Return the resource of that identity."""
        return self._by_id.get(resource_id)

    def find(
        self, kind: str, name: str, namespace: str = "", group: str | None = None
    ) -> Resource | None:
        """Return the first resource of that kind and name; an empty namespace matches any."""
        for resource in self:
            key = resource.id
            wanted = key.kind == kind and key.name == name and group in (None, key.group)
            if wanted and (not namespace or key.namespace in ("", namespace)):
                return resource
        return None

    def __add__(self, other: "Manifests") -> "Manifests":
        return Manifests([*self, *other])

    def replace(self, resource_id: ResourceId, resource: Resource) -> "Manifests":
        """Return manifests in which ``resource`` stands in the place of ``resource_id``."""
        return Manifests(resource if r.id == resource_id else r for r in self)

    def sorted(self, key: Callable[[Resource], Any]) -> "Manifests":
        """Return the same resources in another order."""
        return Manifests(sorted(self, key=key))


def check_object(body: Any, where: str) -> Body:
    """Return ``body`` when it is a Kubernetes object; raise ConfigurationError when it is not."""
    if not isinstance(body, dict):
        raise ConfigurationError(
            f"a Kubernetes object is a mapping, not a {type(body).__name__}", where=where
        )
    missing = [key for key in ("apiVersion", "kind") if not isinstance(body.get(key), str)]
    metadata = body.get("metadata")
    named = isinstance(metadata, dict) and (metadata.get("name") or metadata.get("generateName"))
    if not named and not str(body.get("kind", "")).endswith("List"):
        missing.append("metadata.name")
    if missing:
        raise ConfigurationError(
            f"not a Kubernetes object: {', '.join(missing)} missing", where=where
        )
    return body


def objects(body: Any, where: str) -> Iterator[Body]:
    """Yield the objects of one document: the items of a ``List``, or the document itself."""
    checked = check_object(body, where)
    items = checked.get("items")
    if str(checked["kind"]).endswith("List") and isinstance(items, list):
        for item in items:
            yield from objects(item, where)
    else:
        yield checked


def from_kustomize(text: str, *, source: str) -> Manifests:
    """Read the output of ``kustomize build``."""
    from builder.core import yaml

    return Manifests(
        Resource(body=body, origin=Origin(source=source))
        for document in yaml.load_all(text, source=source)
        for body in objects(document.value, f"{source}:{document.line}")
    )
