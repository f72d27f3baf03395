"""k3s: ``HelmChart`` with its ``HelmChartConfig`` (helm.cattle.io/v1)."""

from collections.abc import Iterator

from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested.model import Found, NestedChart, cannot_tell, yaml_mapping
from builder.core.pointer import get
from builder.core.values import merge


def helm_chart(resource: Resource, manifests: Manifests) -> Iterator[Found]:
    """Follow k3s: helm.cattle.io/v1 HelmChart, with its HelmChartConfig."""
    spec = resource.body.get("spec") or {}
    chart = str(spec.get("chart") or "")
    if spec.get("chartContent") or "://" in chart or chart.startswith("/") or not spec.get("repo"):
        if chart.startswith("oci://"):
            repository, _, name = chart.rpartition("/")
        else:
            yield cannot_tell(resource, "spec needs chart, repo and version")
            return
    else:
        repository, name = str(spec["repo"]), chart
    values = yaml_mapping(resource, spec.get("valuesContent") or "", "spec.valuesContent")
    config = manifests.find("HelmChartConfig", resource.id.name, resource.id.namespace)
    if config is not None and not isinstance(values, Finding):
        more = yaml_mapping(
            config, get(config.body, ("spec", "valuesContent")) or "", "spec.valuesContent"
        )
        values = more if isinstance(more, Finding) else merge(values, more)
    if isinstance(values, Finding):
        yield values
        return
    yield NestedChart(
        resource=resource,
        repository=repository,
        name=name,
        version=str(spec.get("version") or "*"),
        release=resource.id.name,
        namespace=spec.get("targetNamespace") or resource.id.namespace or "default",
        values=values,
        sets=tuple((str(k), str(v), False) for k, v in sorted((spec.get("set") or {}).items())),
        value_paths=(("spec", "valuesContent"), ("spec", "set")),
        values_text=("spec", "valuesContent"),
        repository_at=(resource.id, ("spec", "repo" if spec.get("repo") else "chart")),
        chart_path=("spec",),
    )
