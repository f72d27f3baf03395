"""Answers the question where a thing comes from: the values of nested charts are traced for it."""

from collections.abc import Iterable

from builder.build import Build
from builder.core import explain as explaining
from builder.core import guard, trace
from builder.core.explain import Place
from builder.core.findings import Finding
from builder.core.guard.veil import Veil
from builder.core.nested import NestedChart
from builder.core.overrides import Path
from builder.core.references import Reference
from builder.probe import probe

Places = dict[tuple[object, ...], tuple[Path, ...]]


def explain(result: Build, subject: str) -> list[Place]:
    """Return every place of a reference, or of a resource and a path in it.

    Raises CommandError when a nested chart does not render.
    """
    references = explaining.matching(subject, result.references)
    if not references:
        return explaining.of_resources(subject, result.resources, _veil(result))
    values: Places = {}
    for nested in result.nested:
        wanted = [r for r in references if r.origin.parent == nested.chart.resource.id]
        if wanted:
            values |= _values(result, nested.chart, wanted)
    return [
        explaining.of_reference(reference, result.manifests, values.get(_place(reference), ()))
        for reference in references
    ]


def _veil(result: Build) -> Veil:
    """Return the veil over all credentials that the resources hold."""
    rules = result.overlay.base.base.nested_charts
    return Veil.over(s for r in result.resources for s in guard.of_resource(r, rules))


def _place(reference: Reference) -> tuple[object, ...]:
    return reference.resource, reference.path, reference.value


def _values(result: Build, chart: NestedChart, references: Iterable[Reference]) -> Places:
    """Trace the values of one nested chart that make the references, names and tags."""
    root = chart.values_path or chart.values_text or ()
    found: Places = {}
    with probe(result.overlay, chart) as opened:
        if isinstance(opened, Finding):
            return found
        plain = opened.look(chart.values)
        wanted = list(references)
        for tags in (False, True):
            choose = trace.tag_candidates if tags else trace.name_candidates
            paths = choose(plain.values, wanted)
            for traced in opened.trace(plain, chart.values, paths, tags=tags):
                key = _place(traced.reference)
                full = [(*root, *path) for path in traced.paths]
                found[key] = tuple(dict.fromkeys((*found.get(key, ()), *full)))
    return found
