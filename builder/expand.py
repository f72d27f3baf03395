"""The second order: what controllers will create in the cluster from custom resources."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.core import archive, references, rendered
from builder.core import nested as nested_charts
from builder.core.credentials import redacted
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested import NestedChart
from builder.core.rendered import Rendered
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay

MAX_DEPTH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedRender:
    """What one nested chart renders. Never written anywhere: it holds random Secrets.

    ``on_upgrade`` are the resources that an upgrade adds, or that then refer to something else.
    """

    chart: NestedChart
    sha256: str
    resources: tuple[Resource, ...]
    on_upgrade: tuple[Resource, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def created(self) -> tuple[Resource, ...]:
        """All resources that the controller will create, by an installation or an upgrade."""
        known = {resource.id for resource in self.resources}
        return (*self.resources, *(r for r in self.on_upgrade if r.id not in known))


def expand(
    overlay: Overlay, resources: Iterable[Resource], *, depth: int = 0
) -> tuple[list[NestedRender], list[Finding]]:
    """Render the nested charts of ``resources``, and those that stand in their renders.

    What cannot be examined is a finding: a chart that is not vendored, an unknown source, a render
    that fails.
    """
    found = nested_charts.find(Manifests(resources), overlay.base.base.nested_charts)
    findings = [entry for entry in found if isinstance(entry, Finding)]
    renders: list[NestedRender] = []
    for chart in found:
        if isinstance(chart, Finding):
            continue
        if depth >= MAX_DEPTH:
            findings.append(_too_deep(chart))
            continue
        outcome = render(overlay, chart)
        if isinstance(outcome, Finding):
            findings.append(outcome)
            continue
        renders.append(outcome)
        findings += outcome.findings
        for resources_ in _installed_and_upgraded(overlay, outcome):
            below, more = expand(overlay, resources_, depth=depth + 1)
            renders += [one for one in below if one not in renders]
            findings += [one for one in more if one not in findings]
    return renders, findings


def _installed_and_upgraded(
    overlay: Overlay, outcome: NestedRender
) -> Iterator[tuple[Resource, ...]]:
    """Yield what a controller creates, and again where an upgrade makes other carriers of it."""
    yield outcome.created
    rules = overlay.base.base.nested_charts
    known = {resource.id for resource in outcome.resources}
    if any(r.id in known and nested_charts.is_carrier(r, rules) for r in outcome.on_upgrade):
        upgraded = {r.id: r for r in (*outcome.created, *outcome.on_upgrade)}
        yield tuple(upgraded.values())


def render(overlay: Overlay, chart: NestedChart) -> NestedRender | Finding:
    """Render one nested chart as its controller would, from the vendored archive."""
    vendored = overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        return vendored
    entry, path = vendored
    try:
        read = _template(overlay, chart, path)
    except CommandError as error:
        return _failed(chart, redacted(helm.message(error), chart.values))
    upgrade = Rendered(resources=(), findings=())
    asks = archive.asks(path.read_bytes(), source=chart.title)
    served = nested_charts.served_later(chart, asks, read.resources)
    if served is not None:
        upgrade = _on_upgrade(overlay, chart, path, read, served)
    return NestedRender(
        chart=chart,
        sha256=entry.sha256,
        resources=read.resources,
        on_upgrade=upgrade.resources,
        findings=tuple(dict.fromkeys((*read.findings, *upgrade.findings))),
    )


def _template(
    overlay: Overlay,
    chart: NestedChart,
    path: Path,
    *,
    upgrade: bool = False,
    served: Sequence[str] = (),
) -> Rendered:
    environment = overlay.environment
    text = helm.template(
        path,
        release=chart.release,
        namespace=chart.namespace,
        values=chart.values,
        sets=chart.sets,
        kube_version=environment.kubernetes,
        api_versions=(*environment.api_versions, *served),
        upgrade=upgrade,
    )
    return rendered.read(text, chart=chart.title, parent=chart.resource.id, tests=chart.tests)


def _on_upgrade(
    overlay: Overlay,
    chart: NestedChart,
    path: Path,
    installed: Rendered,
    served: Sequence[str],
) -> Rendered:
    """Return what an upgrade renders otherwise: a controller does both, sooner or later.

    What makes further resources counts as soon as it differs at all.
    """
    try:
        read = _template(overlay, chart, path, upgrade=True, served=served)
    except CommandError as error:
        said = redacted(helm.message(error), chart.values)
        return Rendered(resources=(), findings=(_not_on_upgrade(chart, said),))
    known = {resource.id: resource for resource in installed.resources}
    rules = overlay.base.base.nested_charts

    def differs(resource: Resource) -> bool:
        before = known.get(resource.id)
        if before is None or nested_charts.is_carrier(resource, rules):
            return before is None or before.body != resource.body
        return _fetched(before) != _fetched(resource)

    return Rendered(resources=tuple(filter(differs, read.resources)), findings=read.findings)


def _fetched(resource: Resource) -> set[tuple[object, ...]]:
    return {(r.kind, r.value, r.path) for r in references.of_resource(resource)}


def _not_on_upgrade(chart: NestedChart, message: str) -> Finding:
    return Finding(
        code="upgrade-not-examined",
        severity="warning",
        subject=chart.title,
        place=str(chart.resource.id),
        cause=f"what the chart renders on an upgrade cannot be told without a cluster: {message}",
        hint="look at the templates that ask for .Release.IsUpgrade",
    )


def _failed(chart: NestedChart, message: str) -> Finding:
    too_old = "incompatible with Kubernetes" in message
    return Finding(
        code="kubernetes-too-old" if too_old else "render-failed",
        subject=chart.title,
        place=str(chart.resource.id),
        cause=message,
        hint="choose the Kubernetes version of the cluster, or another version of the chart"
        if too_old
        else "the controller would fail the same way: look at the values",
    )


def _too_deep(chart: NestedChart) -> Finding:
    return Finding(
        code="cannot-examine",
        subject=chart.title,
        place=str(chart.resource.id),
        cause=f"charts in charts in charts, more than {MAX_DEPTH} deep",
        hint="bring the rendered resources into the base",
    )
