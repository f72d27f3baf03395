"""What makes two objects one object in a cluster: where a kind lives, what its group is today."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from builder.core.manifests import Resource, ResourceId
from builder.core.pointer import get

CLUSTER_SCOPED = frozenset({
    "APIService", "CSIDriver", "CSINode", "ClusterRole", "ClusterRoleBinding",
    "CustomResourceDefinition", "FlowSchema", "IngressClass", "MutatingWebhookConfiguration",
    "Namespace", "Node", "PersistentVolume", "PodSecurityPolicy", "PriorityClass",
    "PriorityLevelConfiguration", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration", "VolumeAttachment",
})  # fmt: skip
# Kubernetes serves these objects under another group today: they stay the same objects.
_MOVED_GROUPS = {
    **dict.fromkeys(("Deployment", "DaemonSet", "ReplicaSet"), "apps"),
    **dict.fromkeys(("Ingress", "NetworkPolicy"), "networking.k8s.io"),
    "PodSecurityPolicy": "policy",
}
Scopes = Mapping[tuple[str, str], str]
"""``Cluster`` or ``Namespaced``, by group and kind."""


def scopes(resources: Iterable[Resource]) -> Scopes:
    """Return the scopes of the kinds that definitions among the resources bring."""
    found = {}
    for one in resources:
        scope = get(one.body, ("spec", "scope"))
        if one.id.kind == "CustomResourceDefinition" and scope in ("Cluster", "Namespaced"):
            key = (get(one.body, ("spec", "group")), get(one.body, ("spec", "names", "kind")))
            found[str(key[0]), str(key[1])] = str(scope)
    return found


def in_cluster(key: ResourceId, known: Scopes) -> bool:
    """Tell whether an object is in no namespace, as far as its kind is known."""
    scope = known.get((key.group, key.kind))
    return scope == "Cluster" if scope else key.kind in CLUSTER_SCOPED


def today(key: ResourceId) -> ResourceId:
    """Return an identity with the group under which Kubernetes serves the kind today."""
    group = _MOVED_GROUPS.get(key.kind) if key.group == "extensions" else None
    return replace(key, group=group) if group else key


def landed(key: ResourceId, namespace: str, known: Scopes) -> ResourceId:
    """Return the identity of an object in the cluster; ``namespace`` is for one that names none."""
    place = "" if in_cluster(key, known) else key.namespace or namespace
    return replace(today(key), namespace=place)
