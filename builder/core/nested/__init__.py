"""Nested charts: what custom resources make controllers render inside the cluster.

The rule of a base tells it for the platform's own resource; the rules for Flux ``HelmRelease``,
Argo CD ``Application`` and k3s ``HelmChart`` are built in. What cannot be told is a finding.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from builder.core import yaml
from builder.core.base import NestedChartRule
from builder.core.encoding import decoded
from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested import argocd, definitions, flux, k3s
from builder.core.nested.later import served_later
from builder.core.nested.model import Found, NestedChart, cannot_tell, floating
from builder.core.pointer import get, mapping, tokens
from builder.core.values import merge


def find(manifests: Manifests, rules: Sequence[NestedChartRule]) -> list[Found]:
    """Return the nested charts of all resources, and a finding for each that cannot be told."""
    found = [one for resource in manifests for one in _of(resource, manifests, rules)]
    served = definitions.api_versions(manifests)
    return [
        replace(one, api_versions=served) if isinstance(one, NestedChart) and served else one
        for one in found
    ]


def is_carrier(resource: Resource, rules: Sequence[NestedChartRule]) -> bool:
    """Tell whether a controller makes further resources from a resource."""
    key = (resource.id.group, resource.id.kind)
    return key in _BUILT_IN or any((rule.group, rule.kind) == key for rule in rules)


def _of(
    resource: Resource, manifests: Manifests, rules: Sequence[NestedChartRule]
) -> Iterator[Found]:
    key = resource.id
    for rule in rules:
        if (rule.group, rule.kind) == (key.group, key.kind):
            yield from _declared(resource, manifests, rule)
            return
    built_in = _BUILT_IN.get((key.group, key.kind))
    if built_in:
        yield from built_in(resource, manifests)


def _declared(resource: Resource, manifests: Manifests, rule: NestedChartRule) -> Iterator[Found]:
    """Follow a base's rule: a mapping with url, name and version, and a mapping of values."""
    chart = get(resource.body, tokens(rule.chart))
    values_path = tokens(rule.values)
    chart = chart if isinstance(chart, dict) else {}
    url, version = chart.get("url"), chart.get("version")
    name = chart.get("name")
    if not name and isinstance(url, str) and url.startswith("oci://"):
        name = url.rstrip("/").rpartition("/")[2]
    missing = [k for k, v in (("url", url), ("name", name), ("version", version)) if not v]
    if missing:
        yield Finding(
            code="incomplete-chart",
            subject=str(resource.id),
            place=f"{resource.id} {rule.chart}",
            cause=f"{', '.join(missing)} missing: the controller takes all of the chart or "
            "nothing, and picks the newest version where none is named",
            hint=f"set {', '.join(f'{rule.chart}/{key}' for key in missing)}",
        )
        return
    values = get(resource.body, values_path) or {}
    if not isinstance(values, dict):
        yield cannot_tell(resource, f"{rule.values} is not a mapping")
        return
    secret = None
    if rule.values_secret:
        secret = manifests.find(
            "Secret", rule.values_secret.replace("{name}", resource.id.name), resource.id.namespace
        )
        if secret is not None:
            below = _secret_values(secret)
            values = merge(
                below, values, lists="concatenate" if rule.lists == "concatenate" else "replace"
            )
    yield NestedChart(
        resource=resource,
        repository=str(url),
        name=str(name),
        version=str(version),
        release=resource.id.name,
        namespace=resource.id.namespace or "default",
        values=values,
        value_paths=(values_path,),
        values_path=values_path,
        repository_at=(resource.id, (*tokens(rule.chart), "url")),
        version_at=(resource.id, (*tokens(rule.chart), "version")),
        chart_path=tokens(rule.chart),
        source_paths=(tokens(rule.chart),),
        from_secret=secret is not None,
    )


def _secret_values(secret: Resource) -> dict[str, Any]:
    texts = [
        *mapping(secret.body, ("stringData",)).values(),
        *(decoded(str(v)) for v in mapping(secret.body, ("data",)).values()),
    ]
    values: dict[str, Any] = {}
    for text in texts:
        loaded = yaml.load_all(str(text), source=str(secret.id))
        if loaded and isinstance(loaded[0].value, dict):
            values = merge(values, loaded[0].value)
    return values


def _opaque(resource: Resource, _: Manifests) -> Iterator[Found]:
    yield cannot_tell(resource, f"a controller makes further resources from a {resource.id.kind}")


_BUILT_IN: dict[tuple[str, str], Callable[[Resource, Manifests], Iterator[Found]]] = {
    ("helm.toolkit.fluxcd.io", "HelmRelease"): flux.helm_release,
    ("argoproj.io", "Application"): argocd.application,
    ("argoproj.io", "ApplicationSet"): _opaque,
    ("helm.cattle.io", "HelmChart"): k3s.helm_chart,
    ("helm.cattle.io", "HelmChartConfig"): k3s.helm_chart_config,
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _opaque,
    ("fluxcd.controlplane.io", "FluxInstance"): _opaque,
    ("fluxcd.controlplane.io", "ResourceSet"): _opaque,
    ("fleet.cattle.io", "GitRepo"): _opaque,
    ("fleet.cattle.io", "Bundle"): _opaque,
    ("fleet.cattle.io", "HelmOp"): _opaque,
    ("operators.coreos.com", "Subscription"): _opaque,
    ("addons.cluster.x-k8s.io", "HelmChartProxy"): _opaque,
    ("apps.open-cluster-management.io", "HelmRelease"): _opaque,
    ("apps.open-cluster-management.io", "Subscription"): _opaque,
    ("helm.crossplane.io", "Release"): _opaque,
    ("helm.fluxcd.io", "HelmRelease"): _opaque,
    ("helm.k0sproject.io", "Chart"): _opaque,
    ("kappctrl.k14s.io", "App"): _opaque,
    ("packaging.carvel.dev", "PackageInstall"): _opaque,
}

__all__ = ["Found", "NestedChart", "find", "floating", "is_carrier", "served_later"]
