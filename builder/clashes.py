"""Objects of a build that two would make, with what only the charts' archives tell."""

import functools
from collections.abc import Iterator, Sequence

from builder.core import archive, clashes
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.expand import NestedRender
from builder.workspace import Overlay


def findings(
    overlay: Overlay, manifests: Manifests, nested: Sequence[NestedRender]
) -> Iterator[Finding]:
    """Yield a finding for each object that Git and a chart make, or two charts."""
    charts = {render.chart.title: render.chart for render in nested}

    @functools.cache
    def looking(title: str) -> frozenset[str]:
        vendored = overlay.base.chart(charts[title].name, charts[title].version)
        if isinstance(vendored, Finding):
            return frozenset()
        return archive.looking(vendored[1].read_bytes(), source=title)

    def looks(resource: Resource) -> bool:
        return resource.origin.template in looking(resource.origin.source)

    yield from clashes.findings(manifests, [(n.chart, n.created) for n in nested], looks)
