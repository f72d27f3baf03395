"""What controllers change in the cluster and an engine must not change back.

The status of an object is no part of it: Argo CD leaves it out of its comparison, and with
server-side apply a bundle does not own it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from builder.core.manifests import Manifests, Resource, ResourceId
from builder.core.pointer import get, tokens

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """Places in one resource, as JSON pointers, that belong to a controller.

    ``in_git`` are those of them that the bundle sets too.
    """

    resource: ResourceId
    pointers: tuple[str, ...]
    in_git: tuple[str, ...]


def drifts(manifests: Manifests) -> list[Drift]:
    """Return what to ignore: replicas that an autoscaler sets, injected certificates, ..."""
    scaled = {target for r in manifests for target in _scaled(r)}
    found = []
    for resource in manifests:
        pointers = [*_injected(resource)]
        key = resource.id
        if (key.group, key.kind, key.namespace, key.name) in scaled:
            pointers.append("/spec/replicas")
        if pointers:
            in_git = [p for p in pointers if get(resource.body, tokens(p)) is not None]
            found.append(Drift(resource=key, pointers=tuple(pointers), in_git=tuple(in_git)))
    return found


def _scaled(resource: Resource) -> Iterator[tuple[str, str, str, str]]:
    """Yield what an autoscaler scales: group, kind, namespace and name."""
    if resource.id.kind not in ("HorizontalPodAutoscaler", "ScaledObject"):
        return
    target = get(resource.body, ("spec", "scaleTargetRef"))
    if isinstance(target, dict):
        api_version = str(target.get("apiVersion") or "apps/v1")
        kind = str(target.get("kind") or "Deployment")
        name = str(target.get("name") or "")
        yield api_version.rpartition("/")[0], kind, resource.id.namespace, name


def _injected(resource: Resource) -> Iterator[str]:
    """Yield where certificates and aggregated rules are injected."""
    kind, body = resource.id.kind, resource.body
    if kind in _WEBHOOKS:
        for index, _ in enumerate(body.get("webhooks") or []):
            yield f"/webhooks/{index}/clientConfig/caBundle"
    elif kind == "CustomResourceDefinition":
        if get(body, ("spec", "conversion", "webhook")):
            yield "/spec/conversion/webhook/clientConfig/caBundle"
    elif kind == "APIService":
        if get(body, ("spec", "service")):
            yield "/spec/caBundle"
    elif kind == "ClusterRole" and body.get("aggregationRule"):
        yield "/rules"
