"""What differs between two bundles: values only, safe to print."""

from dataclasses import dataclass, field
from typing import Any, Literal

from builder.core.findings import Finding
from builder.core.manifests import ResourceId

Path = tuple[str, ...]
Action = Literal["added", "removed", "changed", "recreated"]
FieldAction = Literal["added", "removed", "changed", "reordered"]
ImageAction = Literal["added", "removed", "moved", "retagged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """One place that differs.

    ``path`` are keys, with ``[name]`` for the item of a list. A whole subtree that came or went is
    one change. ``before`` and ``after`` are in normal form: a secret in them is a ``Hidden``.
    ``routine`` tells that it means nothing to the cluster.
    """

    path: Path
    action: FieldAction
    before: Any = field(default=None, hash=False)
    after: Any = field(default=None, hash=False)
    routine: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class ResourceChange:
    """What becomes of one resource.

    ``recreated`` means that a field differs that Kubernetes does not change in place. ``hooks`` are
    the events at which it runs. ``restarts`` tells that its Pods are replaced.
    """

    id: ResourceId
    action: Action
    fields: tuple[FieldChange, ...] = ()
    hooks: tuple[str, ...] = ()

    @property
    def routine(self) -> bool:
        """Tell whether nothing but routine fields differ."""
        return self.action == "changed" and all(change.routine for change in self.fields)

    @property
    def restarts(self) -> bool:
        """Tell whether the change replaces running Pods."""
        return self.id.kind in ("Deployment", "StatefulSet", "DaemonSet") and any(
            change.path[:2] == ("spec", "template") for change in self.fields
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageChange:
    """An image that came, went, has another name in the same places, or another tag or digest.

    ``digest`` is what the new lock knows, ``in_registry`` whether the registry has it (None: not
    asked).
    """

    action: ImageAction
    before: str = ""
    after: str = ""
    places: tuple[str, ...]
    digest: str = ""
    in_registry: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartChange:
    """A chart that came, went, or has another version, archive or repository."""

    action: Literal["added", "removed", "changed"]
    name: str
    before: str = ""
    after: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedChange:
    """What a controller will do otherwise in the cluster, because of one resource.

    With ``left_out`` the renders were not compared, and it says why.
    """

    owner: ResourceId
    chart: str
    before: str = ""
    after: str = ""
    resources: tuple[ResourceChange, ...] = ()
    left_out: str = ""

    @property
    def title(self) -> str:
        """The chart with its versions."""
        versions = [version for version in (self.before, self.after) if version]
        return f"{self.chart} {' → '.join(dict.fromkeys(versions))}"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Danger:
    """A change that can break, lose or open something: what, where, and why.

    ``code`` names the kind, ``subject`` the resource, image, or chart, ``place`` the place in it,
    ``owner`` the resource whose controller makes it.
    """

    code: str
    subject: str
    place: str = ""
    reason: str
    owner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff:
    """All that differs between what is published and a build.

    ``against`` says what the build was compared with. ``rewritten`` are files with other bytes and
    the same meaning. ``findings`` are those of the build: they do not count as a difference.
    """

    environment: str
    against: str
    first: bool = False
    resources: tuple[ResourceChange, ...] = ()
    nested: tuple[NestedChange, ...] = ()
    images: tuple[ImageChange, ...] = ()
    charts: tuple[ChartChange, ...] = ()
    kubernetes: tuple[str, str] | None = None
    dangers: tuple[Danger, ...] = ()
    rewritten: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def empty(self) -> bool:
        """Tell whether nothing differs."""
        parts = (self.resources, self.nested, self.images, self.charts, self.rewritten)
        return not any(parts) and self.kubernetes is None

    @property
    def changes(self) -> tuple[ResourceChange, ...]:
        """All resources that change, those that controllers make included."""
        return (*self.resources, *(c for nested in self.nested for c in nested.resources))
