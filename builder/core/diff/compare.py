"""Two bundles, and what controllers make of them, compared."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from builder.core.diff import charts, fields, images, immutable, names, normal
from builder.core.diff.danger import Context, dangers, outdated
from builder.core.diff.model import Action, Danger, Diff, FieldChange, NestedChange, ResourceChange
from builder.core.diff.normal import Entry
from builder.core.diff.removed_apis import minor
from builder.core.diff.usage import Usage
from builder.core.findings import Finding
from builder.core.guard.veil import Veil
from builder.core.lock import LockedChart, LockedImage
from builder.core.manifests import Resource, ResourceId
from builder.core.references import Reference


@dataclass(frozen=True, kw_only=True, slots=True)
class NestedSide:
    """What one nested chart makes in the cluster. ``namespace`` is the release's."""

    owner: ResourceId
    chart: str
    version: str
    namespace: str = ""
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two: what stands in Git, what controllers make of it, and what the lock says."""

    resources: tuple[Resource, ...] = ()
    nested: tuple[NestedSide, ...] = ()
    references: tuple[Reference, ...] = ()
    images: tuple[LockedImage, ...] = ()
    charts: tuple[LockedChart, ...] = ()
    kubernetes: str = ""


@dataclass(kw_only=True, slots=True)
class _Outcome:
    """Changes and dangers, collected."""

    changes: list[ResourceChange] = field(default_factory=list)
    dangers: list[Danger] = field(default_factory=list)


def compare(
    old: Side,
    new: Side,
    *,
    environment: str,
    against: str = "",
    leaves: Callable[[Reference], bool] = lambda _: False,
    left_out: Mapping[ResourceId, str] | None = None,
    in_registry: Mapping[str, bool] | None = None,
    findings: Iterable[Finding] = (),
    veil: Veil | None = None,
) -> Diff:
    """Compare what is published with a build.

    ``leaves`` tells whether a reference lies outside. ``left_out`` names the owners whose renders
    cannot be compared, with the reason. ``veil`` covers what must not be shown, beside what its
    name tells. The order of resources means nothing.
    """
    missing = left_out or {}
    context = Context(
        kubernetes=new.kubernetes,
        before_kubernetes=old.kubernetes,
        first=not old.resources,
        platforms=frozenset(normal.identity(n.owner) for n in (*old.nested, *new.nested)),
        usage=_usage(new),
        veil=veil or Veil(),
    )
    before, after = (normal.entries(s.resources, veil=context.veil) for s in (old, new))
    outcome = _resources(before, after, context)
    nested, nested_dangers = _nested(old, new, missing, context)
    chart_changes = charts.compare(old.charts, new.charts)
    found = [
        *outcome.dangers,
        *nested_dangers,
        *charts.dangers(chart_changes),
        *(() if context.first else _outbound(old, new, leaves, missing)),
    ]
    changed = bool(old.kubernetes) and minor(old.kubernetes) != minor(new.kubernetes)
    return Diff(
        environment=environment,
        against=against,
        first=context.first,
        resources=tuple(outcome.changes),
        nested=tuple(nested),
        images=images.compare(old.images, new.images, in_registry),
        charts=chart_changes,
        kubernetes=(old.kubernetes, new.kubernetes) if changed else None,
        dangers=tuple(sorted(dict.fromkeys(found), key=_worst_first)),
        findings=tuple(findings),
    )


def _usage(side: Side) -> Usage:
    found = Usage()
    found.add(side.resources)
    for one in side.nested:
        found.add(one.resources, namespace=one.namespace)
    return found


def _resources(
    old: Mapping[ResourceId, Entry], new: Mapping[ResourceId, Entry], context: Context
) -> _Outcome:
    outcome = _Outcome()
    renamed = names.renamed(old, new)
    gone = set(renamed.values())
    for key in sorted((old.keys() | new.keys()) - gone, key=_reading_order):
        before, after = old.get(renamed.get(key, key)), new.get(key)
        change = _change(key, before, after)
        if change is not None:
            outcome.changes.append(change)
            outcome.dangers += dangers(change, before, after, context)
        if after is not None:
            outcome.dangers += outdated(after, context, fresh=change is not None)
    return outcome


def _change(key: ResourceId, before: Entry | None, after: Entry | None) -> ResourceChange | None:
    hooks = (after or before or _NONE).hooks
    if before is None or after is None:
        action: Action = "removed" if after is None else "added"
        return ResourceChange(id=key, action=action, hooks=hooks)
    found = fields.compare(before.body, after.body)
    if before.id != after.id:
        name = FieldChange(
            path=("metadata", "name"), action="changed", before=before.id.name, after=after.id.name
        )
        return ResourceChange(id=key, action="changed", fields=(*found, name), hooks=hooks)
    if not found:
        return None
    again = immutable.immutable(key, found, before.body)
    action = "recreated" if again else "changed"
    return ResourceChange(id=key, action=action, fields=found, hooks=hooks)


_NONE = Entry(
    id=ResourceId(group="", kind="", namespace="", name=""), body={}, api_version="", hooks=()
)


def _reading_order(key: ResourceId) -> tuple[str, str, str, str]:
    return key.kind, key.namespace, key.name, key.group


def _nested(
    old: Side, new: Side, left_out: Mapping[ResourceId, str], context: Context
) -> tuple[list[NestedChange], list[Danger]]:
    """Compare the renders, pair by pair: one owner and chart on both sides."""
    changes: list[NestedChange] = []
    found: list[Danger] = []
    ours, theirs = _by_owner(old.nested), _by_owner(new.nested)
    for key in sorted(ours.keys() | theirs.keys()):
        before, after = ours.get(key), theirs.get(key)
        change, more = _nested_change(before, after, left_out, context)
        if change.resources or change.left_out:
            changes.append(change)
            found += more
    named = {change.owner for change in changes}
    for owner, reason in sorted(left_out.items()):
        if owner not in named:
            changes.append(NestedChange(owner=owner, chart="", left_out=reason))
    return changes, found


def _by_owner(sides: Iterable[NestedSide]) -> dict[tuple[ResourceId, str, int], NestedSide]:
    found: dict[tuple[ResourceId, str, int], NestedSide] = {}
    for side in sides:
        owner, number = normal.identity(side.owner), 0
        while (owner, side.chart, number) in found:
            number += 1
        found[owner, side.chart, number] = side
    return found


def _nested_change(
    before: NestedSide | None,
    after: NestedSide | None,
    left_out: Mapping[ResourceId, str],
    context: Context,
) -> tuple[NestedChange, list[Danger]]:
    side = after or before
    assert side is not None  # noqa: S101 - the caller has one of the two
    reason = left_out.get(side.owner, "")
    outcome = _Outcome()
    if not reason:
        here = replace(
            context, first=before is None, owner=str(side.owner), namespace=side.namespace
        )
        outcome = _resources(_entries(before, here), _entries(after, here), here)
    change = NestedChange(
        owner=side.owner,
        chart=side.chart,
        before=before.version if before else "",
        after=after.version if after else "",
        resources=tuple(outcome.changes),
        left_out=reason,
    )
    return change, outcome.dangers


def _entries(side: NestedSide | None, context: Context) -> dict[ResourceId, Entry]:
    if side is None:
        return {}
    return normal.entries(side.resources, namespace=side.namespace, veil=context.veil)


def _outbound(
    old: Side,
    new: Side,
    leaves: Callable[[Reference], bool],
    left_out: Mapping[ResourceId, str],
) -> Iterator[Danger]:
    """Yield the references that lie outside, and that nothing had before."""
    known = {reference.value for reference in old.references}
    known |= {image.image for image in old.images}
    places: dict[str, list[Reference]] = {}
    for reference in new.references:
        unknown = reference.origin.parent in left_out and reference.kind != "image"
        if reference.value in known or reference.comment or reference.origin.test_hook or unknown:
            continue
        if leaves(reference):
            places.setdefault(reference.value, []).append(reference)
    for references in places.values():
        first = references[0]
        more = f", and {len(references) - 1} more places" if len(references) > 1 else ""
        yield Danger(
            code="outbound-reference",
            subject=first.shown,
            place=f"{first}{more}",
            reason="lies outside the network, and nothing referred to it before",
            owner=str(first.origin.parent) if first.origin.parent else "",
        )


_WORST = (
    "platform-removed", "namespace-removed", "crd-removed", "volume-removed", "stateful-removed",
    "volume-ephemeral", "volume-shrunk", "scaled-to-zero", "crd-version-dropped",
    "crd-stored-version", "immutable-field", "api-removed", "still-used", "cluster-admin",
    "rbac-widened", "rbac-wide", "webhook-wide", "node-access", "outbound-reference",
    "secret-changed", "upgrade-hook", "chart-downgrade", "chart-major", "chart-content",
)  # fmt: skip


def _worst_first(danger: Danger) -> tuple[int, str, str, str, str]:
    return _WORST.index(danger.code), danger.owner, danger.subject, danger.place, danger.reason
