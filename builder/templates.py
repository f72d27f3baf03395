"""One render of a nested chart: its resources and what they refer to, remembered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from builder import cache, suspects
from builder.core import packed, rendered
from builder.core import references as collecting
from builder.core.base import NestedChartRule
from builder.core.environment import Environment
from builder.core.manifests import Resource
from builder.core.nested import NestedChart
from builder.core.references import Reference
from builder.core.rendered import Rendered
from builder.tools import helm


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """What a chart renders; ``references`` has an entry for each of its resources."""

    rendered: Rendered
    references: tuple[tuple[Reference, ...], ...]

    @property
    def pairs(self) -> Iterator[tuple[Resource, tuple[Reference, ...]]]:
        """Each resource with its references."""
        return zip(self.rendered.resources, self.references, strict=True)


def template(
    path: Path,
    digest: str,
    chart: NestedChart,
    values: Mapping[str, Any],
    environment: Environment,
    *,
    rules: Sequence[NestedChartRule],
    upgrade: bool = False,
    served: Sequence[str] = (),
) -> Template:
    """Render a chart's archive, of that SHA-256, as its controller would with ``values``.

    ``rules`` are those of the base: they name credentials that nothing else tells. Raises
    CommandError, which is not remembered.
    """
    arguments: dict[str, Any] = {
        "release": chart.release,
        "namespace": chart.namespace,
        "values": values,
        "sets": chart.sets,
        "kube_version": environment.kubernetes,
        "api_versions": (*environment.api_versions, *served),
        "upgrade": upgrade,
    }
    read: dict[str, Any] = {
        "chart": chart.title,
        "parent": chart.resource.id,
        "tests": chart.tests,
    }

    def make() -> Template:
        found = rendered.read(helm.template(path, **arguments), **read)
        references = tuple(tuple(collecting.of_resource(r)) for r in found.resources)
        return Template(rendered=found, references=references)

    try:
        name = cache.key("template", digest, helm.find()[1], arguments, msgspec.to_builtins(read))
    except (TypeError, OverflowError):  # values with a number that only Python holds
        return make()
    if _has_secret(chart, values, rules):
        return cache.remember(name, make)  # the render holds it as well, and is not written
    return cache.remember(name, make, pack=_pack, unpack=_unpack)


def _has_secret(
    chart: NestedChart, values: Mapping[str, Any], rules: Sequence[NestedChartRule]
) -> bool:
    """Tell whether values have a credential: by their looks, by a rule, or out of a Secret."""
    declared = (s for s in suspects.of_resource(chart.resource, rules) if s.form == "declared")
    return (
        chart.from_secret
        or suspects.is_secret(suspects.of_value([values, chart.sets]))
        or suspects.is_secret(declared)
    )


def _pack(result: Template) -> Any:
    return packed.rendered(result.rendered), packed.references(result.references)


def _unpack(plain: Any) -> Template:
    found = packed.to_rendered(plain[0])
    return Template(rendered=found, references=packed.to_references(plain[1], found.resources))
