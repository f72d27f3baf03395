"""Where a controller pulls a nested chart from: changes that point it inside."""

from collections.abc import Iterator

from builder.core.base import NestedChartRule
from builder.core.changes import Change
from builder.core.environment import Environment
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested import NestedChart
from builder.core.overrides import Path
from builder.core.pointer import get, pointer, tokens


def changes(
    chart: NestedChart,
    rule: NestedChartRule | None,
    environment: Environment,
    manifests: Manifests,
) -> Iterator[Change | Finding]:
    """Yield the changes that make the controller pull the chart from inside.

    ``rule`` is the base's own for the resource. A Finding where its kind cannot say it.
    """
    inside = environment.chart_repository
    if inside is None or chart.repository_at is None:
        return
    resource, path = chart.repository_at
    owner = manifests.get(resource)
    if owner is None:
        return
    reason = f"chart {chart.title}: the controller pulls it in the cluster"
    for place, wanted in _wanted(owner, path, chart, rule, inside.url.rstrip("/")):
        if wanted is None:
            yield _cannot(owner, path, chart, inside.url)
        elif get(owner.body, place) != wanted:
            yield Change(
                resource=resource,
                path=place,
                value=wanted,
                before=get(owner.body, place),
                reason=reason,
            )
    if inside.credential_secret and rule and rule.credential_secret:
        place = tokens(rule.credential_secret)
        secret = {"name": inside.credential_secret}
        if get(chart.resource.body, place) != secret:
            yield Change(
                resource=chart.resource.id,
                path=place,
                value=secret,
                before=get(chart.resource.body, place),
                reason="lets the controller log in to the chart repository",
            )


def _wanted(
    owner: Resource, path: Path, chart: NestedChart, rule: NestedChartRule | None, url: str
) -> Iterator[tuple[Path, str | None]]:
    """Yield places and what has to stand there, as each kind writes an OCI registry.

    A platform's own resource and Flux's OCIRepository name the chart at the end of the URL.
    """
    oci = url.startswith("oci://")
    kind = "" if rule else owner.id.kind
    if kind == "HelmRepository":
        yield path, url
        if oci or get(owner.body, ("spec", "type")) == "oci":
            yield ("spec", "type"), "oci" if oci else "default"
    elif kind == "HelmChart":
        yield (*path[:-1], "chart"), f"{url}/{chart.name}" if oci else chart.name
        if not oci or path[-1] == "repo":
            yield (*path[:-1], "repo"), "" if oci else url
    elif kind == "OCIRepository":
        yield path, f"{url}/{chart.name}" if oci else None
    elif kind == "Application":
        yield path, url.removeprefix("oci://")
    else:
        yield path, f"{url}/{chart.name}" if oci else url


def _cannot(owner: Resource, path: Path, chart: NestedChart, url: str) -> Finding:
    return Finding(
        code="cannot-move",
        subject=str(get(owner.body, path)),
        place=f"{owner.id} {pointer(path)}",
        cause=f"an {owner.id.kind} pulls from OCI registries only, and chartRepository is {url}",
        hint=f"name an oci:// repository, or get {chart.title} by another kind of source",
    )
