"""The generator that goes the other way: from references that leave to the patches that hold them.

The result is source: ``patches/airgap.yaml`` of the overlay, reviewed and committed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from builder import airgap_checks as checks
from builder import certificates, suspects
from builder.airgap_file import ADDED
from builder.airgap_inputs import digest
from builder.core import additions, chart_source, first_order, unmoved, value_changes
from builder.core import changes as change_lists
from builder.core import nested as nested_charts
from builder.core import patch as patches
from builder.core import references as collecting
from builder.core.changes import Change
from builder.core.findings import Finding
from builder.core.guard.veil import redacted
from builder.core.ingress.standing import behind_gateway
from builder.core.manifests import Body, Manifests, ResourceId
from builder.core.nested import NestedChart
from builder.core.overrides import Path
from builder.core.pointer import pointer
from builder.files import shown
from builder.pins import pinned
from builder.plan import Moved, Plan, plan
from builder.probe import probe
from builder.progress import Progress
from builder.render import FirstOrder, render
from builder.tools import helm
from builder.tools.command import CommandError
from builder.trust import REASON
from builder.trust_base import trust_base
from builder.workspace import Overlay


@dataclass(kw_only=True, slots=True)
class Airgap:
    """The files' texts, what they move, what cannot be moved, and the renders that it took.

    ``added`` is the text of the resources that come in addition, empty without any.
    """

    text: str = ""
    added: str = ""
    additions: list[Body] = field(default_factory=list)
    moved: list[tuple[Moved, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    culprits: list[str] = field(default_factory=list)
    renders: int = 0


def airgap(overlay: Overlay) -> Airgap:
    """Compute the patches that point an environment inside, all but its hand-written ones.

    Raises ConfigurationError and ToolError; what no patch can move is a finding. There is no text
    when a chart is missing, does not render, or cannot be told and was patched before.
    """
    overlay = pinned(overlay)
    first = render(overlay)
    before = first.before_airgap
    if not len(before):
        return Airgap(findings=list(first.findings))
    checked = certificates.load(overlay).findings
    result = Airgap(findings=[*_missed_by_hand(overlay, first), *checked])
    changes: list[Change] = []
    charts: list[NestedChart] = []
    plans: dict[ResourceId, list[tuple[NestedChart, Plan]]] = {}
    for chart in nested_charts.find(before, overlay.base.base.nested_charts):
        if isinstance(chart, Finding):
            result.findings.append(chart)
            continue
        charts.append(chart)
        changes += _source(overlay, chart, before, result)
        planned = _nested(overlay, chart, result)
        if planned is not None:
            plans.setdefault(chart.resource.id, []).append((chart, planned))
            changes += value_changes.changes(
                chart, planned.values, planned.assignments, planned.reasons
            )
            deeper, renders = checks.deeper(overlay, chart, planned.resources)
            result.findings += deeper
            result.renders += renders
    if sum(map(len, plans.values())) < len(charts):
        return result  # patches without those of a chart would undo what the file holds for it
    changes += _first_order(overlay, before, charts, result)
    changes += _trust(overlay, before, [one for its in plans.values() for one in its], result)
    changes += _routes(overlay, before, [one for its in plans.values() for one in its], result)
    result.findings += checks.collisions(overlay, [moved for moved, _ in result.moved])
    resources = {resource.id: resource for resource in before}
    # Several charts may come from one repository object.
    by_place = {(change.resource, change.path): change for change in changes}
    ordered = [
        by_place[place] for place in sorted(by_place) if not _copies(by_place[place], plans, result)
    ]
    inputs = digest(overlay, before)
    result.text = change_lists.write(resources, ordered, inputs)
    result.added = change_lists.write_added(result.additions, inputs)
    written = patches.parse_transformers(
        result.text, source=shown(overlay.airgap_file, overlay.root)
    )
    result.findings += checks.taken(overlay, before, written, plans)
    if checks.undone(overlay, written, result.findings):
        result.text = ""
    return result


def _copies(
    change: Change, plans: dict[ResourceId, list[tuple[NestedChart, Plan]]], result: Airgap
) -> bool:
    """Tell whether a patch would hold a credential, as a text of values does: that is a finding."""
    if not suspects.is_secret(suspects.of_value({change.path[-1]: change.value})):
        return False
    plans.pop(change.resource, None)
    result.findings.append(
        Finding(
            code="credential-not-copied",
            subject=str(change.resource),
            place=f"{change.resource} {pointer(change.path)}",
            cause="a credential stands in the text that a patch has to replace, so the patch would "
            "hold a copy of it",
            hint="let the values refer to a Secret, or set by hand what leaves the network",
        )
    )
    return True


def _missed_by_hand(overlay: Overlay, first: FirstOrder) -> list[Finding]:
    """Return the patches of people's own that missed: what they were to change is as it was."""
    generated = f"{shown(overlay.airgap_file, overlay.root)}:"
    return [f for f in first.findings if not f.place.startswith(generated)]


def _source(
    overlay: Overlay, chart: NestedChart, before: Manifests, result: Airgap
) -> Iterator[Change]:
    """Yield the changes of where a chart comes from."""
    rule = overlay.base.rule(chart.resource.id)
    for found in chart_source.changes(chart, rule, overlay.environment, before):
        if isinstance(found, Finding):
            result.findings.append(found)
        else:
            yield found


def _trust(
    overlay: Overlay,
    before: Manifests,
    plans: Sequence[tuple[NestedChart, Plan]],
    result: Airgap,
) -> list[Change]:
    """Return the changes that make Pods trust the environment's certificates; add what is new."""
    made = {
        replace(resource.id, namespace=resource.id.namespace or chart.namespace)
        for chart, planned in plans
        for resource in planned.resources
    }
    found = trust_base(overlay, before, made)
    result.findings += found.findings
    result.renders += found.renders
    needed = [body for _, planned in plans for body in planned.additions]
    result.additions += [*found.additions, *additions.added(needed, before)]
    return [*found.changes, *additions.changed(needed, before, REASON)]


def _routes(
    overlay: Overlay,
    before: Manifests,
    plans: Sequence[tuple[NestedChart, Plan]],
    result: Airgap,
) -> Iterator[Change]:
    """Return the changes of the routes in the Ingresses' place; add those that are new."""
    nested = [
        (resource, resource.id.namespace or chart.namespace)
        for chart, planned in plans
        for resource in planned.routed
    ]
    bodies, findings = behind_gateway(overlay.environment, before, nested, ADDED)
    result.findings += findings
    result.additions += additions.added(bodies, before)
    return additions.changed(bodies, before, "as the Ingress would route")


def _first_order(
    overlay: Overlay, before: Manifests, charts: Sequence[NestedChart], result: Airgap
) -> list[Change]:
    """Return the changes of what stands in Git itself."""
    skip: dict[ResourceId, set[Path]] = {}
    for chart in charts:
        places = (*chart.value_paths, *chart.source_paths)
        skip.setdefault(chart.resource.id, set()).update(places)
        if chart.repository_at:
            skip.setdefault(chart.repository_at[0], set()).add(chart.repository_at[1])
    references = collecting.collect(before, skip)
    changes = first_order.changes(before, references, overlay.environment, overlay.base.base)
    changed = {(change.resource, change.path) for change in changes}
    for reference in references:
        if reference.kind == "image" and not reference.comment:
            wanted = first_order.target(reference, overlay.environment)
            moves = (reference.resource, reference.path) in changed
            target = str(wanted) if moves else reference.value
            moved = Moved(reference=reference, paths=(), target=target)
            result.moved.append((moved, f"{reference.resource} {reference.pointer}"))
            result.findings += unmoved.in_git(reference, overlay.environment)
    return changes


def _nested(overlay: Overlay, chart: NestedChart, result: Airgap) -> Plan | None:
    """Plan the values of one nested chart; None when it cannot be examined."""
    with Progress(f"tracing {chart.title}"), probe(overlay, chart) as opened:
        if isinstance(opened, Finding):
            result.findings.append(opened)
            return None
        try:
            planned = plan(opened, overlay.environment)
        except CommandError as error:
            result.findings.append(
                Finding(
                    code="render-failed",
                    subject=chart.title,
                    place=str(chart.resource.id),
                    cause=redacted(helm.message(error), chart.values),
                    hint="look at the values of the custom resource",
                )
            )
            return None
        finally:
            result.renders += opened.renders
            result.culprits += [pointer(path) for path in opened.culprits]
    result.findings += planned.findings
    at = value_changes.root(chart)
    result.moved += [
        (moved, ", ".join(pointer((*at, *path)) for path in moved.paths)) for moved in planned.moved
    ]
    return planned
