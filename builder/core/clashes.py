"""One object that two would make: Git and the controller of a nested chart, or two such charts.

helm refuses to install over what it has not made, or takes it over; and whatever applies the
bundle puts its own back. Either way nobody knows which of the two is in the cluster.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from builder.core import needs
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.nested import NestedChart
from builder.core.pointer import get, mapping
from builder.core.scope import Scopes, landed, scopes

_RELEASE = "meta.helm.sh/release-name"
_ELSEWHERE = "default"  # where what names no namespace lands


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """One object, what makes it, and by whom: None for Git, else the chart's resource.

    ``resource`` is the object itself, or one from which a controller makes it.
    """

    key: ResourceId
    resource: Resource
    chart: NestedChart | None = None

    @property
    def owner(self) -> tuple[ResourceId, ResourceId | None] | None:
        """What makes objects on purpose together: one release, or all that stands in Git."""
        own = self.chart.resource if self.chart else None
        return (own.id, own.origin.parent) if own else None

    @property
    def by(self) -> str:
        """Name the file, or the chart with its template, for people."""
        origin = self.resource.origin
        through = "" if self.resource.id.kind == self.key.kind else f"{self.resource.id} in "
        if self.chart is None:
            return f"{through}{origin.source}"
        template = f" ({origin.template})" if origin.template else ""
        return f"{through}{self.chart.title} of {self.chart.resource.id}{template}"


def findings(
    manifests: Manifests,
    nested: Sequence[tuple[NestedChart, Sequence[Resource]]],
    looks: Callable[[Resource], bool] = lambda _: False,
) -> Iterator[Finding]:
    """Yield a finding for each object that two make.

    ``nested`` are the charts that controllers render, with what they make; ``looks`` tells of a
    resource whether its template looks at what is in the cluster, and so may leave it out.
    """
    resources = (*manifests, *(r for _, created in nested for r in created))
    known = scopes(resources)
    made: dict[ResourceId, list[_Made]] = {}
    for one in _all(manifests, nested, known):
        made.setdefault(one.key, []).append(one)
    for key, several in sorted(made.items()):
        first = {one.owner: one for one in reversed(several)}
        if len(first) > 1:
            yield _finding(key, list(reversed(first.values())), looks)


def _all(
    manifests: Manifests,
    nested: Sequence[tuple[NestedChart, Sequence[Resource]]],
    known: Scopes,
) -> Iterator[_Made]:
    for resource in manifests:
        for key in _keys(resource, _ELSEWHERE, known):
            yield _Made(key=key, resource=resource)
    for chart, created in nested:
        for resource in created:
            if not resource.origin.test_hook and not _is_given_way(resource):
                for key in _keys(resource, chart.namespace, known):
                    yield _Made(key=key, resource=resource, chart=chart)


def _keys(resource: Resource, namespace: str, known: Scopes) -> Iterator[ResourceId]:
    """Yield the object that a resource is, and the Secret that a controller makes of it."""
    if not get(resource.body, ("metadata", "name")):
        return  # the API server chooses one
    own = landed(resource.id, namespace, known)
    yield own
    for placed in needs.place([resource], namespace, {}, {}):
        for kind, place, name in needs.brought(placed):
            made = ResourceId(group="", kind=kind, namespace=place, name=name)
            if made != own:
                yield made


def _is_given_way(resource: Resource) -> bool:
    """Tell whether helm leaves a resource out where it is there: a definition in ``crds/``."""
    return "/crds/" in resource.origin.template


def _finding(
    key: ResourceId, several: Sequence[_Made], looks: Callable[[Resource], bool]
) -> Finding:
    charts = [one for one in several if one.chart is not None]
    handed_over = any(_names_release(one.resource, charts) for one in several if one.chart is None)
    looked = any(looks(one.resource) for one in charts)
    hooks = any(one.resource.origin.hooks for one in charts)
    cause = f"two make it: {' and '.join(one.by for one in several)}; "
    if handed_over:
        cause += "helm takes it over, as its annotations ask, and then both write it"
    elif looked:
        cause += "but the chart looks at what is there, and may leave it out"
    elif hooks:
        cause += "helm deletes what is there before it runs the hook"
    else:
        cause += "helm refuses to install over it, or each overwrites what the other wrote"
    return Finding(
        code="made-twice",
        severity="warning" if handed_over or looked else "error",
        subject=str(key),
        place=several[0].by,
        cause=cause,
        hint="give one of them another name, or switch the chart's off by its values",
    )


def _names_release(resource: Resource, charts: Iterable[_Made]) -> bool:
    """Tell whether people hand an object over to helm, by what it looks at to adopt one."""
    annotations = mapping(resource.body, ("metadata", "annotations"))
    return any(one.chart and annotations.get(_RELEASE) == one.chart.release for one in charts)
