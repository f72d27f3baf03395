"""Argo CD: ``Application`` with Helm sources (argoproj.io/v1alpha1)."""

import re
from collections.abc import Iterator
from typing import Any

from builder.core.findings import Finding
from builder.core.manifests import Manifests, Resource
from builder.core.nested.model import Found, NestedChart, Path, cannot_tell, yaml_mapping
from builder.core.pointer import get, mapping, mappings


def application(resource: Resource, _: Manifests) -> Iterator[Found]:
    """Follow Argo CD: argoproj.io/v1alpha1 Application with Helm sources."""
    spec = mapping(resource.body, ("spec",))
    several = mappings(spec, ("sources",))
    single = not several
    for index, source in enumerate(several or [mapping(spec, ("source",))]):
        path: Path = ("spec", "source") if single else ("spec", "sources", str(index))
        if not source.get("chart"):
            if not source.get("ref") or source.get("path"):
                yield cannot_tell(
                    resource, f"{'.'.join(path)} is a Git source, rendered by Argo CD"
                )
            continue
        yield _application_chart(resource, spec, source, path)


def _application_chart(
    resource: Resource, spec: dict[str, Any], source: dict[str, Any], path: Path
) -> Found:
    helm = mapping(source, ("helm",))
    if source.get("plugin"):
        return cannot_tell(resource, f"{'.'.join(path)} is rendered by a plugin")
    for key in ("kubeVersion", "apiVersions"):
        if helm.get(key):
            return cannot_tell(resource, f"{'.'.join(path)}.helm.{key} renders for another cluster")
    if helm.get("valueFiles") or helm.get("fileParameters"):
        return cannot_tell(resource, f"{'.'.join(path)}.helm takes values from files")
    values = helm.get("valuesObject")
    if values is None:
        values = yaml_mapping(resource, helm.get("values") or "", f"{'.'.join(path)}.helm.values")
    if isinstance(values, Finding):
        return values
    if not isinstance(values, dict):
        return cannot_tell(resource, f"{'.'.join(path)}.helm.valuesObject is not a mapping")
    in_text = bool(helm.get("values")) and helm.get("valuesObject") is None
    repository = str(source.get("repoURL") or "")
    return NestedChart(
        resource=resource,
        repository=repository if "://" in repository else f"oci://{repository}",
        name=str(source["chart"]),
        version=str(source.get("targetRevision") or "*"),
        release=str(helm.get("releaseName") or resource.id.name),
        namespace=str(
            helm.get("namespace") or get(spec, ("destination", "namespace")) or "default"
        ),
        values=values,
        sets=tuple(
            (str(p.get("name")), _escaped(str(p.get("value", ""))), bool(p.get("forceString")))
            for p in mappings(helm, ("parameters",))
        ),
        value_paths=tuple((*path, "helm", k) for k in ("values", "valuesObject", "parameters")),
        values_path=None if in_text else (*path, "helm", "valuesObject"),
        values_text=(*path, "helm", "values") if in_text else None,
        repository_at=(resource.id, (*path, "repoURL")),
        version_at=(resource.id, (*path, "targetRevision")),
        chart_path=path,
        source_paths=tuple((*path, key) for key in ("repoURL", "chart", "targetRevision")),
    )


def _escaped(value: str) -> str:
    """Escape the commas of a ``--set`` value, but not those of a list, as Argo CD does."""
    if value.startswith("{") and value.endswith("}"):
        return value
    return re.sub(r"(?<!\\),", r"\,", value)
