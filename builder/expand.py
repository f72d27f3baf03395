"""The second order: what controllers will create in the cluster from custom resources."""

from collections.abc import Iterable
from dataclasses import dataclass

from builder.core import nested as nested_charts
from builder.core import rendered
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested import NestedChart
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay

MAX_DEPTH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedRender:
    """What one nested chart renders. Never written anywhere: it holds random Secrets."""

    chart: NestedChart
    sha256: str
    resources: tuple[Resource, ...]
    findings: tuple[Finding, ...] = ()


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
        below, more = expand(overlay, outcome.resources, depth=depth + 1)
        renders += below
        findings += more
    return renders, findings


def render(overlay: Overlay, chart: NestedChart) -> NestedRender | Finding:
    """Render one nested chart as its controller would, from the vendored archive."""
    vendored = overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        return vendored
    entry, path = vendored
    environment = overlay.environment
    try:
        text = helm.template(
            path,
            release=chart.release,
            namespace=chart.namespace,
            values=chart.values,
            sets=chart.sets,
            kube_version=environment.kubernetes,
            api_versions=environment.api_versions,
        )
    except CommandError as error:
        return _failed(chart, helm.message(error))
    read = rendered.read(text, chart=chart.title, parent=chart.resource.id)
    return NestedRender(
        chart=chart, sha256=entry.sha256, resources=read.resources, findings=read.findings
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
