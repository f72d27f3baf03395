"""An environment becomes a bundle: the pipeline, on one screen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from builder import certificates, clashes, guard, pins, schemas
from builder.airgap_inputs import stale
from builder.core import bundle as bundles
from builder.core import findings as finding_lists
from builder.core import hosts, ingress, next_steps, unmatched
from builder.core import lock as locks
from builder.core import references as collecting
from builder.core.findings import Finding
from builder.core.lock import Lock, LockedChart
from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.references import Reference
from builder.core.secrets.forms import undecrypted
from builder.core.verify import verify
from builder.expand import NestedRender, expand
from builder.progress import Progress
from builder.render import FirstOrder, render
from builder.still import once_of
from builder.workspace import Overlay


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """All that a build knows of an environment. It ships when no finding blocks."""

    overlay: Overlay
    manifests: Manifests
    nested: tuple[NestedRender, ...]
    references: tuple[Reference, ...]
    findings: tuple[Finding, ...]
    lock: Lock
    files: Mapping[str, bytes]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources: those in Git, then those that controllers will make."""
        return (*self.manifests, *(r for n in self.nested for r in n.created))

    @property
    def ships(self) -> bool:
        """Tell whether nothing speaks against shipping."""
        return not finding_lists.blocking(list(self.findings))


def build(overlay: Overlay) -> Build:
    """Render, expand, collect, verify, lock and bundle one environment.

    Raises ConfigurationError and ToolError; what speaks against shipping is a finding.
    """
    with Progress("rendering the base"):
        first = render(overlay)
    with Progress("rendering charts") as progress:
        nested, unexamined = expand(overlay, first.manifests, progress=progress)
    with Progress("checking"):
        return _checked(overlay, first, nested, unexamined)


def _checked(
    overlay: Overlay,
    first: FirstOrder,
    nested: list[NestedRender],
    unexamined: list[Finding],
) -> Build:
    """Collect, verify, lock and bundle what was rendered."""
    references = collect(first.manifests, nested)
    checked = verify(overlay.environment, overlay.base.base, first.manifests, references)
    if not finding_lists.blocking([*first.findings, *unexamined]):  # else much was not seen
        checked += unmatched.findings(overlay.environment, references)
    checked += ingress.findings(
        overlay.environment,
        [*((r, r.id.namespace) for r in first.manifests), *_made(nested)],
        [(str(n.chart.resource.id), n.chart.values) for n in nested],
    )
    checked = [*next_steps.named(checked, overlay.name, patched=overlay.airgap_file.is_file())]
    engine = overlay.environment.sync.engine if overlay.environment.sync else None
    checked += undecrypted(first.manifests, engine)
    checked += schemas.findings(overlay, first.manifests, nested)
    checked += clashes.findings(overlay, first.manifests, nested)
    images_lock = pins.load(overlay)
    checked += pins.findings(overlay, images_lock, references)
    checked += certificates.findings(
        overlay, first.manifests, [(n.chart, n.created) for n in nested]
    )
    lock = _lock(overlay, first, nested, references)
    if images_lock is not None:
        lock = locks.with_digests(lock, images_lock)
    shipped = _marked(overlay, first.manifests)
    checked += guard.check(overlay, first, shipped, lock)
    return Build(
        overlay=overlay,
        manifests=shipped,
        nested=tuple(nested),
        references=tuple(references),
        findings=tuple(
            finding_lists.ordered(
                [*first.findings, *unexamined, *checked, *stale(overlay, first.before_airgap)]
            )
        ),
        lock=lock,
        files=bundles.tree(shipped, lock),
    )


def _made(nested: Sequence[NestedRender]) -> list[tuple[Resource, str]]:
    """Return what controllers will make, with the namespaces that it lands in."""
    return [(r, r.id.namespace or n.chart.namespace) for n in nested for r in n.created]


def _marked(overlay: Overlay, manifests: Manifests) -> Manifests:
    """Add what the environment's engine reads of order and pruning; only the bundle has it."""
    settings = overlay.environment.sync
    if settings is None:
        return manifests
    from builder.core.sync import instance_kinds, mark  # what makes objects of both engines

    rules = [(rule.group, rule.kind) for rule in overlay.base.base.nested_charts]
    return mark(manifests, settings.engine, instance_kinds(manifests, rules))


def collect(manifests: Manifests, nested: Sequence[NestedRender]) -> list[Reference]:
    """Return every reference of first and second order, the nested charts themselves included."""
    skip: dict[ResourceId, set[tuple[str, ...]]] = {}
    for render_ in nested:
        chart = render_.chart
        skip.setdefault(chart.resource.id, set()).update((*chart.value_paths, *chart.source_paths))
    charts = [
        Reference(
            kind="oci" if n.chart.repository.startswith("oci://") else "chart",
            value=hosts.without_login(n.chart.repository),
            resource=n.chart.resource.id,
            path=n.chart.chart_path,
            place=f"chart {n.chart.title}",
            origin=n.chart.resource.origin,
        )
        for n in nested
    ]
    second = [
        reference
        for render_ in nested
        for resource, known in zip(
            (*render_.resources, *render_.on_upgrade), render_.references, strict=True
        )
        for reference in _references(resource, known, skip.get(resource.id, ()))
    ]
    first = [r for one in manifests for r in _references(one, None, skip.get(one.id, ()))]
    return list(dict.fromkeys((*first, *charts, *second)))


def _references(
    resource: Resource, known: Iterable[Reference] | None, skip: Collection[tuple[str, ...]]
) -> Iterable[Reference]:
    if skip:
        return collecting.of_resource(resource, skip)
    if known is None:
        return once_of("references", resource, lambda: tuple(collecting.of_resource(resource)))
    return known


def _lock(
    overlay: Overlay, first: FirstOrder, nested: Sequence[NestedRender], references: list[Reference]
) -> Lock:
    base = overlay.base
    charts: dict[tuple[str, str, str], LockedChart] = {}
    for name, version in first.charts:
        entry = base.lock.find(name, version)
        charts[name, version, ""] = LockedChart(
            name=name,
            version=version,
            sha256=entry.sha256 if entry else "",
            repository="",
            used_by=(f"base {base.name}",),
        )
    for render_ in nested:
        chart = render_.chart
        key = (chart.name, chart.version, chart.repository)
        users = charts[key].used_by if key in charts else ()
        charts[key] = LockedChart(
            name=chart.name,
            version=chart.version,
            sha256=render_.sha256,
            repository=hosts.without_login(chart.repository),
            used_by=tuple(sorted({*users, str(chart.resource.id)})),
        )
    return Lock(
        lock_version=locks.VERSION,
        environment=overlay.name,
        kubernetes=overlay.environment.kubernetes,
        charts=tuple(charts[key] for key in sorted(charts)),
        images=locks.images(references),
        nested=tuple(
            locks.inventory(n.chart, [resource.id for resource in n.created]) for n in nested
        ),
    )
