"""What is to be said of the patches of `sealift airgap` once they are known."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from builder.airgap_file import present
from builder.core import mirror, unmoved
from builder.core import nested as nested_charts
from builder.core import patch as patches
from builder.core import references as collecting
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.nested import NestedChart
from builder.core.overrides import with_values
from builder.core.patch import Patch
from builder.expand import expand
from builder.files import shown
from builder.plan import Moved, Plan
from builder.workspace import Overlay


def deeper(
    overlay: Overlay, chart: NestedChart, resources: Iterable[Resource]
) -> tuple[list[Finding], int]:
    """Look at charts that resources of the chart install: only its own values reach into them.

    Returns also the number of renders that it took.
    """
    renders, findings = expand(overlay, resources, depth=1)
    known = unmoved.Known(environment=overlay.environment, by_hand=(), refused={}, conditions={})
    for one in renders:
        references = [
            reference
            for resource in (*one.resources, *one.on_upgrade)
            for reference in collecting.of_resource(resource)
        ]
        for finding in (f for r in references for f in unmoved.findings(r, None, known)):
            cause = f"{one.chart.title}, which {chart.title} installs, makes it"
            hint = f"set values of {one.chart.resource.id} through those of {chart.title}"
            findings.append(replace(finding, cause=cause, hint=hint))
    return findings, len(renders)


def taken(
    overlay: Overlay,
    before: Manifests,
    written: Sequence[Patch],
    plans: Mapping[ResourceId, Sequence[tuple[NestedChart, Plan]]],
) -> Iterator[Finding]:
    """Apply the patches that were written, and see that each chart gets the planned values."""
    after, problems = patches.apply_all(before, list(written))
    for problem in problems:
        raise problem
    found = nested_charts.find(after, overlay.base.base.nested_charts)
    values = {(c.resource.id, c.chart_path): c.values for c in found if not isinstance(c, Finding)}
    for resource, planned in plans.items():
        for chart, its in planned:
            wanted = with_values(chart.values, its.values, its.assignments)
            if values.get((resource, chart.chart_path)) != wanted:
                yield Finding(
                    code="values-not-taken",
                    subject=chart.title,
                    place=str(resource),
                    cause="another source of the chart's values stands above the resource's "
                    "own, and sets them again or adds to them",
                    hint="set there what the patches set, or merge it into the resource",
                )


def undone(overlay: Overlay, written: Sequence[Patch], findings: Iterable[Finding]) -> bool:
    """Tell whether the file has patches for a chart that cannot be told now, and none anew.

    What speaks against the chart is among the findings, by the name of its resource.
    """
    text = present(overlay.airgap_file, overlay)
    source = shown(overlay.airgap_file, overlay.root)
    told = {finding.subject for finding in findings if finding.severity == "error"}
    gone = _changed(patches.parse_transformers(text, source=source)) - _changed(written)
    return any(owner in told for owner, _ in gone)


def _changed(listed: Iterable[Patch]) -> set[tuple[str, str]]:
    """Return the resources and the places that patches set."""
    return {
        (str(ResourceId(group="", kind=t.kind, namespace=t.namespace, name=t.name)), str(o["path"]))
        for one in listed
        for t in (one.target,)
        for o in (operation.body for operation in one.operations)
        if o["op"] != "test"
    }


def collisions(overlay: Overlay, moved: Iterable[Moved]) -> Iterator[Finding]:
    """Find two source images that would share one mirrored name."""
    registry = overlay.environment.registry
    sources = [
        mirror.pinned(one.reference.image, overlay.environment)
        for one in moved
        if one.reference.image is not None and not mirror.is_mirrored(one.reference.image, registry)
    ]
    for target, names in mirror.collisions(sources, registry).items():
        yield Finding(
            code="mirror-collision",
            subject=target,
            place="environment.yaml registry.layout",
            cause=f"{' and '.join(names)} would both be mirrored as {target}",
            hint="choose layout: full-path, or map one of them in registry.mappings",
        )
