"""Whether a cluster serves the kind of a resource, in the version that it names."""

from collections.abc import Collection
from dataclasses import dataclass

from builder.core.diff.removed_apis import minor, removed_in
from builder.core.manifests import Resource
from builder.core.schemas.published import Kind, Published


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """What is known of a cluster: its version, and what it serves.

    ``custom`` are the kinds of the definitions that are brought along, ``others`` what else is
    there, as ``group/version`` or ``group/version/Kind``. ``published`` is None where the schemas
    of that version are not at hand.
    """

    kubernetes: str
    published: Published | None
    custom: Collection[Kind]
    others: Collection[str] = ()

    def lacks(self, resource: Resource) -> str | None:
        """Return why a resource's kind is not served, or None: it is, or may be."""
        group, version, kind = key = kind_of(resource)
        api_version = str(resource.body["apiVersion"])
        if key in self.custom or {api_version, f"{api_version}/{kind}"} & set(self.others):
            return None
        own = self.published
        if own and key in own.kinds:
            return None
        gone = removed_in(api_version, kind)
        if gone and gone <= minor(self.kubernetes):
            return f"Kubernetes serves it no more since {gone[0]}.{gone[1]}"
        if own and group in own.groups:
            return f"Kubernetes {own.kubernetes} does not serve it"
        if any((g, k) == (group, kind) for g, _, k in self.custom):
            return f"its definition serves no version {version}"
        return None

    def instead(self, resource: Resource) -> list[str]:
        """Return the API versions that are served of a resource's kind, whatever its group."""
        kind = resource.id.kind
        own = self.published.kinds if self.published else ()
        found = {(g, v) for g, v, k in (*own, *self.custom) if k == kind}
        same = {(g, v) for g, v in found if g == resource.id.group}
        return sorted("/".join(filter(None, pair)) for pair in same or found)


def kind_of(resource: Resource) -> Kind:
    """Return group, version and kind of a resource."""
    version = str(resource.body["apiVersion"]).rpartition("/")[2]
    return resource.id.group, version, resource.id.kind
