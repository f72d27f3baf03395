"""A build compared with what is published, what controllers make of both included."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from builder import cache, suspects
from builder.build import Build, collect
from builder.core import nested as nested_charts
from builder.core.diff import Diff, NestedSide, Side, compare
from builder.core.diff.randomness import stable
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.guard.veil import Veil
from builder.core.lock import Lock
from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.nested import NestedChart
from builder.core.verify import leaves
from builder.expand import NestedRender, expand, render
from builder.progress import Progress
from builder.published import Published
from builder.workspace import Overlay

PAUSE = 1.0
"""Seconds between two renders of one chart, so that a time in it differs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Renders:
    """What controllers made of the published resources, and what cannot be told any more."""

    nested: tuple[NestedRender, ...] = ()
    left_out: Mapping[ResourceId, str] = field(default_factory=dict)


def diff(result: Build, published: Published) -> Diff:
    """Return what publishing ``result`` would change.

    The published nested charts are rendered from the vendored archives, for the Kubernetes version
    of the published lock (its further API versions are those of the environment today). Where an
    archive is not there any more, that comparison is left out, and the difference says so. Raises
    ConfigurationError when there is nothing to compare with.
    """
    if not len(result.manifests):
        finding = next(iter(result.findings), None)
        raise ConfigurationError(
            f"{result.overlay.name} renders nothing, so nothing can be compared"
            + (f": {finding.subject}: {finding.cause}" if finding else ""),
            hint=finding.hint if finding else None,
        )
    lock, manifests = published.lock, published.manifests
    overlay = _as_published(result.overlay, lock)
    with Progress("rendering what is published"):
        before = _published_renders(result, overlay, manifests, lock)
        pairs = _stable_pairs(result, overlay, before)
    environment = result.overlay.environment
    found = compare(
        Side(
            resources=tuple(manifests),
            nested=tuple(pairs[0]),
            references=tuple(collect(manifests, before.nested)),
            images=lock.images if lock else (),
            charts=lock.charts if lock else (),
            kubernetes=lock.kubernetes if lock else "",
        ),
        Side(
            resources=tuple(result.manifests),
            nested=tuple(pairs[1]),
            references=result.references,
            images=result.lock.images,
            charts=result.lock.charts,
            kubernetes=result.lock.kubernetes,
        ),
        environment=result.overlay.name,
        against=published.against,
        leaves=lambda reference: leaves(reference, environment),
        left_out=before.left_out,
        findings=result.findings,
        veil=_veil(result, manifests),
    )
    if not found.empty:
        return found
    paths = published.files.keys() | result.files.keys()
    other = sorted(p for p in paths if published.files.get(p) != result.files.get(p))
    return replace(found, rewritten=tuple(other))


def _veil(result: Build, manifests: Manifests) -> Veil:
    """Return the veil over the credentials of both sides, wherever controllers put them."""
    rules = result.overlay.base.base.nested_charts
    resources = (*manifests, *result.manifests)
    return Veil.over(found for r in resources for found in suspects.of_resource(r, rules))


def _as_published(overlay: Overlay, lock: Lock | None) -> Overlay:
    """Return the overlay with the Kubernetes version of the published bundle."""
    if lock is None:
        return overlay
    environment = msgspec.structs.replace(overlay.environment, kubernetes=lock.kubernetes)
    return replace(overlay, environment=environment)


def _published_renders(
    result: Build, overlay: Overlay, manifests: Manifests, lock: Lock | None
) -> _Renders:
    """Render what is published; what has the same input as the build's renders is theirs."""
    if lock is None:
        return _Renders()
    same_target = lock.kubernetes == result.lock.kubernetes
    if same_target and _same_inputs(_charts(overlay, manifests), result.nested, lock):
        return _Renders(nested=result.nested)
    renders, findings = expand(overlay, manifests)
    left_out = {
        **_other_archives(renders, lock),
        **_not_rendered(overlay, manifests, renders, findings),
        **_not_rendered(overlay, result.manifests, result.nested, result.findings),
    }
    for one in (*renders, *result.nested):  # parents come before their children
        parent = one.chart.resource.origin.parent
        if parent in left_out:
            left_out.setdefault(one.chart.resource.id, f"neither is {parent}, which makes it")
    kept = [one for one in renders if one.chart.resource.id not in left_out]
    return _Renders(nested=tuple(kept), left_out=left_out)


def _charts(overlay: Overlay, resources: Iterable[Resource]) -> list[NestedChart]:
    found = nested_charts.find(Manifests(resources), overlay.base.base.nested_charts)
    return [chart for chart in found if isinstance(chart, NestedChart)]


def _same_inputs(
    charts: Sequence[NestedChart], renders: Sequence[NestedRender], lock: Lock
) -> bool:
    """Tell whether both sides render the same charts with the same values."""
    known = {(c.name, c.version, c.sha256) for c in lock.charts}
    locked = all((n.chart.name, n.chart.version, n.sha256) in known for n in renders)
    first = [n.chart for n in renders if n.chart.resource.origin.parent is None]
    return locked and sorted(map(_input, charts)) == sorted(map(_input, first))


def _input(chart: NestedChart) -> str:
    parts = (chart.resource.id, chart.name, chart.version, chart.release, chart.namespace)
    values = msgspec.json.encode([chart.values, chart.sets], order="sorted").decode()
    return f"{parts}{values}"


def _other_archives(renders: Iterable[NestedRender], lock: Lock) -> dict[ResourceId, str]:
    """Return the owners whose chart is vendored with other content than was published."""
    locked = {(c.name, c.version, c.sha256) for c in lock.charts}
    return {
        one.chart.resource.id: f"the vendored archive of {one.chart.title} is not the one that was "
        "published"
        for one in renders
        if (one.chart.name, one.chart.version, one.sha256) not in locked
    }


def _not_rendered(
    overlay: Overlay,
    manifests: Manifests,
    renders: Sequence[NestedRender],
    findings: Iterable[Finding],
) -> dict[ResourceId, str]:
    """Return the owners whose charts could not be rendered, with the reason."""
    reasons = {f.subject: f"{f.subject}: {f.cause}; {f.hint}" for f in findings}
    rendered = {(one.chart.resource.id, one.chart.title) for one in renders}
    charts = [
        *_charts(overlay, manifests),
        *(chart for one in renders for chart in _charts(overlay, one.created)),
    ]
    return {
        chart.resource.id: reasons.get(chart.title, f"{chart.title} could not be rendered")
        for chart in charts
        if (chart.resource.id, chart.title) not in rendered
    }


def _stable_pairs(
    result: Build, overlay: Overlay, before: _Renders
) -> tuple[list[NestedSide], list[NestedSide]]:
    """Return both sides with marks for what is random in them.

    Each chart is rendered once more when anything differs. A second has to pass in between, for
    charts write the time as well.
    """
    current = [n for n in result.nested if n.chart.resource.id not in before.left_out]
    ours, theirs = [_side(n) for n in before.nested], [_side(n) for n in current]
    if _equal(ours, theirs) or not ours:
        return ours, theirs
    time.sleep(PAUSE)
    known = {_key(n) for n in before.nested}
    return (
        [_again(overlay, n) for n in before.nested],
        [_again(result.overlay, n) if _key(n) in known else _side(n) for n in current],
    )


def _equal(ours: Sequence[NestedSide], theirs: Sequence[NestedSide]) -> bool:
    return [(s.owner, s.chart, s.resources) for s in ours] == [
        (s.owner, s.chart, s.resources) for s in theirs
    ]


def _key(one: NestedRender) -> tuple[ResourceId, str]:
    return one.chart.resource.id, one.chart.name


def _side(one: NestedRender, resources: tuple[Resource, ...] | None = None) -> NestedSide:
    return NestedSide(
        owner=one.chart.resource.id,
        chart=one.chart.name,
        version=one.chart.version,
        namespace=one.chart.namespace,
        resources=one.created if resources is None else resources,
    )


def _again(overlay: Overlay, one: NestedRender) -> NestedSide:
    with cache.anew():
        second = render(overlay, one.chart)
    if isinstance(second, Finding):
        return _side(one)
    return _side(one, stable(one.created, second.created))
