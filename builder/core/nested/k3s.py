"""k3s: ``HelmChart`` with its ``HelmChartConfig`` (helm.cattle.io/v1)."""

import re
from collections.abc import Iterator
from typing import Any

from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested.model import Found, NestedChart, cannot_tell, yaml_mapping
from builder.core.pointer import get, mapping
from builder.core.values import merge


def helm_chart(resource: Resource, manifests: Manifests) -> Iterator[Found]:
    """Follow k3s: helm.cattle.io/v1 HelmChart, with its HelmChartConfig."""
    spec = mapping(resource.body, ("spec",))
    chart = str(spec.get("chart") or "")
    if spec.get("chartContent") or "://" in chart or chart.startswith("/") or not spec.get("repo"):
        if chart.startswith("oci://"):
            repository, _, name = chart.rpartition("/")
        else:
            yield cannot_tell(resource, "spec needs chart, repo and version")
            return
    else:
        repository, name = str(spec["repo"]), chart
    config = manifests.find(
        "HelmChartConfig", resource.id.name, resource.id.namespace, group="helm.cattle.io"
    )
    for owner in (resource, config):
        for key in ("values", "valuesSecrets"):
            if owner is not None and get(owner.body, ("spec", key)):
                yield cannot_tell(resource, f"{owner.id} has spec.{key}, which is not read here")
                return
    values = yaml_mapping(resource, spec.get("valuesContent") or "", "spec.valuesContent")
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
        namespace=str(spec.get("targetNamespace") or resource.id.namespace or "default"),
        values=values,
        sets=tuple(_set(str(k), v) for k, v in sorted(mapping(spec, ("set",)).items())),
        value_paths=(("spec", "valuesContent"), ("spec", "set")),
        values_text=("spec", "valuesContent"),
        repository_at=(resource.id, ("spec", "repo" if spec.get("repo") else "chart")),
        version_at=(resource.id, ("spec", "version")),
        chart_path=("spec",),
        source_paths=tuple(("spec", key) for key in ("chart", "repo", "version")),
    )


def _set(key: str, value: Any) -> tuple[str, str, bool]:
    """Return one ``--set`` pair: a text stays one, unless it is true, false or null."""
    if not isinstance(value, str):
        return key, str(value).lower(), False
    if value.lower() in ("true", "false", "null"):
        return key, value, False
    return key, re.sub(r"(?<!\\)((?:\\\\)*),", r"\1\,", value), True


def helm_chart_config(resource: Resource, manifests: Manifests) -> Iterator[Found]:
    """Tell of a HelmChartConfig for a chart that k3s brings along, and that nobody can see."""
    chart = manifests.find(
        "HelmChart", resource.id.name, resource.id.namespace, group="helm.cattle.io"
    )
    if chart is None:
        yield cannot_tell(resource, f"HelmChart/{resource.id.name} is not among the resources")
