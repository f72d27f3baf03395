"""Flux: ``HelmRelease`` (helm.toolkit.fluxcd.io, fluxcd.io/flux/components/helm)."""

from collections.abc import Iterator
from typing import Any

from builder.core.encoding import decoded
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested.model import Found, NestedChart, cannot_tell, yaml_mapping
from builder.core.pointer import get, mapping, mappings
from builder.core.values import merge


def helm_release(resource: Resource, manifests: Manifests) -> Iterator[Found]:
    """Follow Flux: helm.toolkit.fluxcd.io/v2 HelmRelease (fluxcd.io/flux/components/helm)."""
    spec = mapping(resource.body, ("spec",))
    if spec.get("postRenderers"):
        yield cannot_tell(resource, "postRenderers change what the chart renders")
        return
    source = _flux_source(resource, manifests, spec)
    if isinstance(source, Finding):
        yield source
        return
    repository, name, version, owner = source
    by_chart = ("spec", "chart", "spec")
    values: dict[str, Any] = {}
    own = spec.get("values") or {}
    if not isinstance(own, dict):
        yield cannot_tell(resource, "spec.values is not a mapping")
        return
    for index, entry in enumerate(mappings(spec, ("valuesFrom",))):
        part = _values_from(resource, manifests, entry, index)
        if isinstance(part, Finding):
            yield part
            return
        values = merge(values, part)
    metadata = resource.id
    target = spec.get("targetNamespace")
    release = f"{target}-{metadata.name}" if target else metadata.name
    yield NestedChart(
        resource=resource,
        repository=repository,
        name=name,
        version=version,
        release=str(spec.get("releaseName") or release),
        namespace=str(target or metadata.namespace or "default"),
        values=merge(values, own),
        value_paths=(("spec", "values"),),
        values_path=("spec", "values"),
        repository_at=(owner.id, ("spec", "url")),
        version_at=(owner.id, ("spec", "ref", "tag"))
        if spec.get("chartRef")
        else (resource.id, (*by_chart, "version")),
        chart_path=by_chart if spec.get("chart") else ("spec", "chartRef"),
        source_paths=(("spec", "chart"), ("spec", "chartRef")),
        tests=bool(get(spec, ("test", "enable"))),
        from_secret=any(e.get("kind") == "Secret" for e in mappings(spec, ("valuesFrom",))),
    )


def _flux_source(
    resource: Resource, manifests: Manifests, spec: dict[str, Any]
) -> tuple[str, str, str, Resource] | Finding:
    """Return repository, chart name, version, and the source object of a HelmRelease."""
    if spec.get("chartRef"):
        reference = mapping(spec, ("chartRef",))
        source = _flux_object(manifests, reference, resource)
        if source is None or reference.get("kind") != "OCIRepository":
            return cannot_tell(resource, f"{_named(reference)} is not among the resources")
        url = str(get(source.body, ("spec", "url"), ""))
        wanted = mapping(source.body, ("spec", "ref"))
        tag = wanted.get("tag") or ""
        for key in ("digest", "semver"):  # in this order they count before the tag
            if wanted.get(key):
                return cannot_tell(resource, f"{source.id} names its chart by spec.ref.{key}")
        if not tag:
            return cannot_tell(resource, f"{source.id} names no tag in spec.ref")
        parent, _, name = url.rpartition("/")
        return parent, name, str(tag), source
    chart = mapping(spec, ("chart", "spec"))
    for key in ("valuesFiles", "valuesFile"):
        if chart.get(key):
            return cannot_tell(
                resource, f"spec.chart.spec.{key} takes values from the chart's files"
            )
    reference = mapping(chart, ("sourceRef",))
    source = _flux_object(manifests, reference, resource)
    if source is None or source.id.kind != "HelmRepository":
        return cannot_tell(resource, f"{_named(reference)} is no HelmRepository here")
    url = str(get(source.body, ("spec", "url"), ""))
    return url, str(chart.get("chart") or ""), str(chart.get("version") or "*"), source


def _flux_object(
    manifests: Manifests, reference: dict[str, Any], owner: Resource
) -> Resource | None:
    namespace = str(reference.get("namespace") or owner.id.namespace)
    return manifests.find(str(reference.get("kind")), str(reference.get("name")), namespace)


def _named(reference: dict[str, Any]) -> str:
    return f"{reference.get('kind', 'the source')}/{reference.get('name', '?')}"


def _values_from(
    resource: Resource, manifests: Manifests, entry: dict[str, Any], index: int
) -> dict[str, Any] | Finding:
    place = f"spec.valuesFrom[{index}]"
    source = manifests.find(
        str(entry.get("kind")), str(entry.get("name")), resource.id.namespace, group=""
    )
    if source is None or entry.get("targetPath"):
        why = "targetPath" if entry.get("targetPath") else "it is not among the resources"
        return cannot_tell(resource, f"{place} ({_named(entry)}): {why}")
    text = _entry_text(source, str(entry.get("valuesKey") or "values.yaml"))
    if text is None:
        return cannot_tell(resource, f"{place}: {source.id} has no such key")
    return yaml_mapping(resource, text, place)


def _entry_text(source: Resource, key: str) -> str | None:

    for section in ("stringData", "data"):
        value = get(source.body, (section, key))
        if isinstance(value, str):
            encoded = source.id.kind == "Secret" and section == "data"
            return decoded(value) if encoded else value
    return None
