"""The normal form of a resource: what two renders of the same thing have in common."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from builder.core.bundle import CUSTOM, phase
from builder.core.diff.hidden import hide, hide_all
from builder.core.guard.veil import NOTHING, Veil
from builder.core.manifests import Body, Resource, ResourceId
from builder.core.scope import CLUSTER_SCOPED, today


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A resource in normal form: secrets hidden, without what says nothing."""

    id: ResourceId
    body: Body
    api_version: str
    hooks: tuple[str, ...]


def entries(
    resources: Iterable[Resource], *, namespace: str = "", veil: Veil = NOTHING
) -> dict[ResourceId, Entry]:
    """Bring resources into normal form, by identity, without those that only tests make.

    ``namespace`` is the one of the release: a resource that names it says nothing by that. ``veil``
    covers known credentials.
    """
    found: dict[ResourceId, Entry] = {}
    for resource in resources:
        entry = _entry(resource, namespace, veil)
        if not _only_tests(entry.hooks):
            found[entry.id] = entry
    return found


def identity(resource_id: ResourceId, *, namespace: str = "") -> ResourceId:
    """Return the identity by which a resource is found again in another render."""
    unsaid = resource_id.kind in CLUSTER_SCOPED or resource_id.namespace == namespace
    return replace(today(resource_id), namespace="" if unsaid else resource_id.namespace)


def _entry(resource: Resource, namespace: str, veil: Veil) -> Entry:
    body = plain(resource.body)
    secret = resource.id.kind == "Secret" and not resource.id.group
    hidden = {k: hide_all(v) if secret and k == "data" else hide(v, veil) for k, v in body.items()}
    if phase(resource) != CUSTOM:
        hidden = _without_null(hidden)
    return Entry(
        id=identity(resource.id, namespace=namespace),
        body=hidden,
        api_version=str(resource.body.get("apiVersion") or ""),
        hooks=hooks(resource.body),
    )


def plain(body: Body) -> dict[str, Any]:
    """Return a body without what the cluster writes and what its identity says; secrets are plain.

    The texts of a Secret stand decoded in ``data``, however they were written.
    """
    result = {k: v for k, v in body.items() if k not in ("kind", "status")}
    metadata = result.get("metadata")
    if isinstance(metadata, Mapping):
        unsaid = ("namespace", "name", "creationTimestamp")
        result["metadata"] = {k: v for k, v in metadata.items() if k not in unsaid}
    if body.get("kind") == "Secret" and body.get("apiVersion") == "v1":
        data = result.pop("data", None) or {}
        texts = result.pop("stringData", None) or {}
        if isinstance(data, Mapping) and isinstance(texts, Mapping):
            decoded = {key: _decoded(value) for key, value in data.items()}
            result["data"] = {**decoded, **texts}
        else:
            result["data"] = [
                data,
                texts,
            ]  # not a Secret that Kubernetes takes; all of it is hidden
    return result


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(str(value), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return value


def _without_null(value: Any) -> Any:
    """Drop null fields: to Kubernetes they are absent."""
    if isinstance(value, dict):
        return {k: _without_null(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    return value


def annotations(body: Body) -> Mapping[str, Any]:
    """Return the annotations of a body."""
    metadata = body.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def hooks(body: Body) -> tuple[str, ...]:
    """Return the events at which Helm or Argo CD runs a resource."""
    found = annotations(body)
    text = ",".join(str(found.get(k) or "") for k in ("helm.sh/hook", "argocd.argoproj.io/hook"))
    return tuple(hook.strip() for hook in text.split(",") if hook.strip())


def _only_tests(names: tuple[str, ...]) -> bool:
    return bool(names) and all(name.startswith("test") for name in names)
