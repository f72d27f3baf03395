"""The second order: what controllers will create in the cluster from custom resources."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder import cache
from builder.core import archive
from builder.core import nested as nested_charts
from builder.core.findings import Finding
from builder.core.guard.veil import redacted
from builder.core.manifests import Manifests, Resource
from builder.core.nested import NestedChart
from builder.core.references import Reference
from builder.core.rendered import Rendered
from builder.progress import Progress
from builder.templates import Template, template
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay

MAX_DEPTH = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedRender:
    """What one nested chart renders. In no bundle: it holds random Secrets.

    ``on_upgrade`` are the resources that an upgrade adds, or that then refer to something else.
    ``references`` has an entry for each of ``resources`` and ``on_upgrade``.
    """

    chart: NestedChart
    sha256: str
    resources: tuple[Resource, ...]
    on_upgrade: tuple[Resource, ...] = ()
    references: tuple[tuple[Reference, ...], ...]
    findings: tuple[Finding, ...] = ()

    @property
    def created(self) -> tuple[Resource, ...]:
        """All resources that the controller will create, by an installation or an upgrade."""
        known = {resource.id for resource in self.resources}
        return (*self.resources, *(r for r in self.on_upgrade if r.id not in known))


def expand(
    overlay: Overlay,
    resources: Iterable[Resource],
    *,
    depth: int = 0,
    progress: Progress | None = None,
) -> tuple[list[NestedRender], list[Finding]]:
    """Render the nested charts of ``resources``, and those that stand in their renders.

    What cannot be examined is a finding: a chart that is not vendored, an unknown source, a render
    that fails. ``progress`` is told of each chart.
    """
    found = nested_charts.find(Manifests(resources), overlay.base.base.nested_charts)
    findings = [entry for entry in found if isinstance(entry, Finding)]
    renders: list[NestedRender] = []
    if progress is not None:
        progress.total = (progress.total or 0) + len(found) - len(findings)
    for chart in found:
        if isinstance(chart, Finding):
            continue
        if depth >= MAX_DEPTH:
            findings.append(_too_deep(chart))
            continue
        outcome = render(overlay, chart)
        if progress is not None:
            progress.step(chart.title)
        if isinstance(outcome, Finding):
            findings.append(outcome)
            continue
        renders.append(outcome)
        findings += outcome.findings
        for resources_ in _installed_and_upgraded(overlay, outcome):
            below, more = expand(overlay, resources_, depth=depth + 1, progress=progress)
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
    vendored = nested_charts.floating(chart) or overlay.base.chart(chart.name, chart.version)
    if isinstance(vendored, Finding):
        return vendored
    entry, path = vendored
    try:
        read = template(
            path,
            entry.sha256,
            chart,
            chart.values,
            overlay.environment,
            rules=overlay.base.base.nested_charts,
        )
    except CommandError as error:
        return _failed(chart, redacted(helm.message(error), chart.values))
    upgrade = _NOTHING
    served = nested_charts.served_later(
        chart, _asks(path, entry.sha256, chart), read.rendered.resources
    )
    if served is not None:
        upgrade = _on_upgrade(overlay, chart, (path, entry.sha256), read, served)
    return NestedRender(
        chart=chart,
        sha256=entry.sha256,
        resources=read.rendered.resources,
        on_upgrade=upgrade.rendered.resources,
        references=(*read.references, *upgrade.references),
        findings=tuple(dict.fromkeys((*read.rendered.findings, *upgrade.rendered.findings))),
    )


_NOTHING = Template(rendered=Rendered(resources=(), findings=()), references=())


def _asks(path: Path, digest: str, chart: NestedChart) -> frozenset[str]:
    return cache.remember(
        cache.key("asks", digest),
        lambda: archive.asks(path.read_bytes(), source=chart.title),
        pack=sorted,
        unpack=frozenset,
    )


def _on_upgrade(
    overlay: Overlay,
    chart: NestedChart,
    vendored: tuple[Path, str],
    installed: Template,
    served: Sequence[str],
) -> Template:
    """Return what an upgrade renders otherwise: a controller does both, sooner or later.

    What makes further resources counts as soon as it differs at all.
    """
    path, digest = vendored
    rules = overlay.base.base.nested_charts
    try:
        read = template(
            path,
            digest,
            chart,
            chart.values,
            overlay.environment,
            rules=rules,
            upgrade=True,
            served=served,
        )
    except CommandError as error:
        said = redacted(helm.message(error), chart.values)
        nothing = Rendered(resources=(), findings=(_not_on_upgrade(chart, said),))
        return Template(rendered=nothing, references=())
    known = {one.id: (one, refers) for one, refers in installed.pairs}

    def differs(resource: Resource, refers: tuple[Reference, ...]) -> bool:
        before = known.get(resource.id)
        if before is None:
            return True
        if nested_charts.is_carrier(resource, rules):
            return before[0].body != resource.body
        return _fetched(before[1]) != _fetched(refers)

    pairs = [pair for pair in read.pairs if differs(*pair)]
    return Template(
        rendered=Rendered(
            resources=tuple(resource for resource, _ in pairs), findings=read.rendered.findings
        ),
        references=tuple(refers for _, refers in pairs),
    )


def _fetched(references: Iterable[Reference]) -> set[tuple[object, ...]]:
    return {(r.kind, r.value, r.path) for r in references}


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
