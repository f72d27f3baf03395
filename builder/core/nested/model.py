"""A nested chart, and what to say when one cannot be told."""

from dataclasses import dataclass, field
from typing import Any

from builder.core import yaml
from builder.core.errors import YamlError
from builder.core.findings import Finding
from builder.core.manifests import Resource, ResourceId
from builder.core.pointer import pointer
from builder.core.versions import exact

Path = tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedChart:
    """A chart that a controller renders from ``resource``, and what it renders it with.

    ``sets`` are ``--set`` pairs, with True where the value is forced to be text. ``value_paths``
    are the places in the resource that hold values: they say what may be fetched, not what is.
    ``values_path`` is the place below which a value path of the chart stands, ``values_text`` the
    place of a text that holds the values as YAML; a chart has one of the two. ``repository_at``
    is the resource and the place that name the repository, ``version_at`` those that name the
    version; ``source_paths`` are all places that name the chart: what stands elsewhere is looked at
    as in any resource. ``api_versions`` are those of the definitions that stand beside the
    resource, ``tests`` tells that the controller runs the chart's test hooks, ``from_secret`` that
    a Secret among the resources has some of the values.
    """

    resource: Resource
    repository: str
    name: str
    version: str
    release: str
    namespace: str
    version_at: tuple[ResourceId, Path]
    values: dict[str, Any] = field(default_factory=dict)
    sets: tuple[tuple[str, str, bool], ...] = ()
    value_paths: tuple[Path, ...] = ()
    values_path: Path | None = None
    values_text: Path | None = None
    repository_at: tuple[ResourceId, Path] | None = None
    chart_path: Path = ("spec", "chart")
    source_paths: tuple[Path, ...] = ()
    api_versions: tuple[str, ...] = ()
    tests: bool = False
    from_secret: bool = False

    @property
    def title(self) -> str:
        """Name and version, as charts are named everywhere."""
        return f"{self.name}-{self.version}"


Found = NestedChart | Finding


def floating(chart: NestedChart) -> Finding | None:
    """Say that a chart's version names no single one, so that nobody can examine it."""
    if exact(chart.version):
        return None
    return Finding(
        code="floating-chart",
        subject=f"{chart.name} {chart.version}",
        place=f"{chart.version_at[0]} {pointer(chart.version_at[1])}",
        cause="the controller chooses a version when it runs, not when the bundle is reviewed",
        hint="name one exact version",
    )


def cannot_tell(resource: Resource, cause: str) -> Finding:
    """Say that what a resource brings into the cluster cannot be examined."""
    return Finding(
        code="cannot-examine",
        subject=str(resource.id),
        place=f"{resource.id} ({resource.origin.source})",
        cause=f"what it brings into the cluster cannot be told: {cause}",
        hint="name a vendored chart with its version, or put what it renders into the base",
    )


def yaml_mapping(resource: Resource, text: Any, place: str) -> dict[str, Any] | Finding:
    """Read values that stand as YAML text in a resource; a Finding when they are no mapping."""
    if not isinstance(text, str):
        return cannot_tell(resource, f"{place} is not a text")
    try:
        documents = yaml.load_all(text, source=f"{resource.id} {place}")
    except YamlError as error:
        return cannot_tell(resource, str(error))
    value = documents[0].value if documents else {}
    return value if isinstance(value, dict) else cannot_tell(resource, f"{place} is not a mapping")
