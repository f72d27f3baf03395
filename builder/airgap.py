"""The generator that goes the other way: from references that leave to the patches that hold them.

The result is source: ``patches/airgap.yaml`` of the overlay, reviewed and committed.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from builder.airgap_inputs import digest
from builder.core import changes as change_lists
from builder.core import first_order, mirror, yaml
from builder.core import nested as nested_charts
from builder.core import references as collecting
from builder.core.changes import Change
from builder.core.environment import ChartRepository
from builder.core.errors import ConfigurationError
from builder.core.findings import Finding
from builder.core.manifests import Manifests
from builder.core.nested import NestedChart
from builder.core.pointer import get
from builder.core.trace import Path, with_values
from builder.files import shown, write_text
from builder.plan import Moved, Plan, plan
from builder.probe import hand_set, probe
from builder.render import render
from builder.tools import helm
from builder.tools.command import CommandError
from builder.workspace import Overlay


@dataclass(kw_only=True, slots=True)
class Airgap:
    """The patch file's text, what it moves, what cannot be moved, and the renders that it took."""

    text: str = ""
    moved: list[tuple[Moved, str]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    culprits: list[str] = field(default_factory=list)
    renders: int = 0


def airgap(overlay: Overlay) -> Airgap:
    """Compute the patches that point an environment inside, all but its hand-written ones.

    Raises ConfigurationError and ToolError; what no patch can move is a finding.
    """
    first = render(overlay)
    if not len(first.before_airgap):
        return Airgap(findings=list(first.findings))
    before = first.before_airgap
    result = Airgap()
    changes: list[Change] = []
    found = nested_charts.find(before, overlay.base.base.nested_charts)
    charts = [entry for entry in found if not isinstance(entry, Finding)]
    result.findings += [entry for entry in found if isinstance(entry, Finding)]
    for chart in charts:
        changes += _repository(overlay, chart, before)
        changes += _nested(overlay, chart, result)
    changes += _first_order(overlay, before, charts, result)
    _check_collisions(overlay, result)
    resources = {resource.id: resource for resource in before}
    ordered = sorted(changes, key=lambda c: (c.resource, c.path))
    result.text = change_lists.write(resources, ordered, digest(overlay, before))
    return result


def _first_order(
    overlay: Overlay, before: Manifests, charts: Sequence[NestedChart], result: Airgap
) -> list[Change]:
    """Return the changes of what stands in Git itself."""
    skip: dict[Any, set[Path]] = {}
    for chart in charts:
        places = (*chart.value_paths, chart.chart_path)
        skip.setdefault(chart.resource.id, set()).update(places)
        if chart.repository_at:
            skip.setdefault(chart.repository_at[0], set()).add(chart.repository_at[1])
    references = collecting.collect(before, skip)
    changes = first_order.changes(before, references, overlay.environment, overlay.base.base)
    by_place = {(change.resource, change.path): change for change in changes}
    for reference in references:
        change = by_place.get((reference.resource, reference.path))
        wanted = first_order.target(reference, overlay.environment)
        if reference.kind == "image" and not reference.comment:
            target = str(wanted) if change else reference.value
            moved = Moved(reference=reference, paths=(), target=target)
            result.moved.append((moved, f"{reference.resource} {reference.pointer}"))
    return changes


def _repository(overlay: Overlay, chart: NestedChart, before: Manifests) -> list[Change]:
    """Return the changes that make the controller pull the chart from inside."""
    inside = overlay.environment.chart_repository
    if inside is None or chart.repository_at is None:
        return []
    resource, path = chart.repository_at
    owner = before.get(resource)
    current = get(owner.body, path) if owner else None
    wanted = _repository_text(inside, chart, path, str(current))
    changes = []
    if current != wanted:
        changes.append(
            Change(
                resource=resource,
                path=path,
                value=wanted,
                before=current,
                reason=f"chart {chart.title}: the controller pulls it in the cluster",
            )
        )
    rule = overlay.base.rule(chart.resource.id)
    if inside.credential_secret and rule and rule.credential_secret:
        place = tuple(rule.credential_secret.strip("/").split("/"))
        value = {"name": inside.credential_secret}
        if get(chart.resource.body, place) != value:
            changes.append(
                Change(
                    resource=chart.resource.id,
                    path=place,
                    value=value,
                    before=get(chart.resource.body, place),
                    reason="lets the controller log in to the chart repository",
                )
            )
    return changes


def _repository_text(inside: ChartRepository, chart: NestedChart, path: Path, current: str) -> str:
    """Write the repository as the field wants it: an OCI reference ends with the chart's name."""
    url = inside.url.rstrip("/")
    if url.startswith("oci://"):
        named = path[-1] == "url" and chart.resource.id.group == "apps.wandb.com"
        named = named or current.rstrip("/").endswith(f"/{chart.name}") or path[-1] == "chart"
        text = f"{url}/{chart.name}" if named else url
        return text.removeprefix("oci://") if path[-1] == "repoURL" else text
    return url


def _nested(overlay: Overlay, chart: NestedChart, result: Airgap) -> list[Change]:
    """Return the changes of a custom resource's values."""
    with probe(overlay, chart) as opened:
        if isinstance(opened, Finding):
            result.findings.append(opened)
            return []
        ours = f"{shown(overlay.airgap_file, overlay.root)}:"
        frozen = hand_set(chart, chart.values, ours)
        try:
            planned = plan(opened, overlay.environment, frozen)
        except CommandError as error:
            result.findings.append(
                Finding(
                    code="render-failed",
                    subject=chart.title,
                    place=str(chart.resource.id),
                    cause=helm.message(error),
                    hint="look at the values of the custom resource",
                )
            )
            return []
        finally:
            result.renders += opened.renders
            result.culprits += ["/" + "/".join(path) for path in opened.culprits]
    result.findings += planned.findings
    root = "/" + "/".join(chart.values_path or chart.values_text or ())
    result.moved += [
        (moved, ", ".join(f"{root}/{'/'.join(p)}" for p in moved.paths)) for moved in planned.moved
    ]
    return _value_changes(chart, planned)


def _value_changes(chart: NestedChart, planned: Plan) -> list[Change]:
    """Return a plan's values as changes of the custom resource."""
    if not planned.assignments:
        return []
    if chart.values_path is None:
        return _text_change(chart, planned)
    changes = []
    whole: dict[Path, Any] = {}
    own = get(chart.resource.body, chart.values_path) or {}
    for path, value in planned.assignments.items():
        listed = _list_above(planned.values, own, path)
        if listed is not None:
            whole[listed] = planned.reasons[path]
            continue
        changes.append(
            Change(
                resource=chart.resource.id,
                path=(*chart.values_path, *path),
                value=value,
                before=get(planned.values, path),
                reason=planned.reasons[path],
            )
        )
    result = with_values(chart.values, planned.values, planned.assignments)
    for path, reason in whole.items():
        changes.append(
            Change(
                resource=chart.resource.id,
                path=(*chart.values_path, *path),
                value=get(result, path),
                before=get(planned.values, path),
                reason=reason,
            )
        )
    return changes


def _list_above(effective: Mapping[str, Any], own: Any, path: Path) -> Path | None:
    """Return the list that a path goes through when the resource does not have it itself.

    helm replaces lists whole, so all of it has to be set.
    """
    for length in range(1, len(path)):
        if isinstance(get(effective, path[:length]), list):
            return None if isinstance(get(own, path[:length]), list) else path[:length]
    return None


def _text_change(chart: NestedChart, planned: Plan) -> list[Change]:
    """Return the change of values that stand as YAML text in the resource."""
    if chart.values_text is None:
        return []
    current = get(chart.resource.body, chart.values_text)
    documents = yaml.load_all(str(current or ""), source=str(chart.resource.id))
    own = documents[0].value if documents else {}
    values = with_values(own, planned.values, planned.assignments)
    return [
        Change(
            resource=chart.resource.id,
            path=chart.values_text,
            value=yaml.dump(values),
            before=", ".join("/".join(path) for path in planned.assignments),
            reason="; ".join(sorted(set(planned.reasons.values()))),
        )
    ]


def _check_collisions(overlay: Overlay, result: Airgap) -> None:
    """Find two source images that would share one mirrored name."""
    sources = [
        mirror.pinned(moved.reference.image, overlay.environment.pins)
        for moved, _ in result.moved
        if moved.reference.image is not None
        and not mirror.is_mirrored(moved.reference.image, overlay.environment.registry)
    ]
    for target, names in mirror.collisions(sources, overlay.environment.registry).items():
        result.findings.append(
            Finding(
                code="mirror-collision",
                subject=target,
                place="environment.yaml registry.layout",
                cause=f"{' and '.join(names)} would both be mirrored as {target}",
                hint="choose layout: full-path, or map one of them in registry.mappings",
            )
        )


@contextmanager
def placeholder(overlay: Overlay) -> Iterator[None]:
    """Stand an empty file in for a patch file that is listed and not written yet."""
    path = overlay.airgap_file
    if path.exists():
        yield
        return
    write_text(path, "# Not written yet.\n")
    try:
        yield
    finally:
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def connect(overlay: Overlay) -> str | None:
    """Return the overlay's kustomization with the patch file in it; None when it is there.

    Raises ConfigurationError when the file cannot be added without rewriting what people wrote.
    """
    from builder import sources

    kustomization = sources.read(overlay.folder, overlay.root)
    listed = [entry for entry, _ in kustomization.texts("transformers")]
    if "patches/airgap.yaml" in listed:
        return None
    if listed:
        raise ConfigurationError(
            "transformers does not list patches/airgap.yaml",
            where=kustomization.at("transformers"),
            hint="add it as the last entry",
        )
    text = kustomization.text
    return (
        f"{text}{'' if text.endswith(chr(10)) else chr(10)}transformers:\n  - patches/airgap.yaml\n"
    )
