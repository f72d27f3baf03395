"""The tree that is committed: one file a resource, in the order in which they apply."""

import hashlib
import re
from collections.abc import Mapping

from builder.core import lock as locks
from builder.core import yaml
from builder.core.lock import Lock
from builder.core.manifests import Manifests, Origin, Resource, objects

KUSTOMIZATION = "kustomization.yaml"

# Groups of kinds, first to last: what others need comes before them. Kinds that are not named
# are custom resources, which need their CustomResourceDefinition and their controller: last.
_PHASES: tuple[tuple[int, frozenset[str]], ...] = (
    (0, frozenset({"Namespace", "PriorityClass"})),
    (5, frozenset({"CustomResourceDefinition"})),
    (10, frozenset({"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})),
    (
        20,
        frozenset({
            "ConfigMap", "LimitRange", "NetworkPolicy", "PersistentVolume",
            "PersistentVolumeClaim", "PodDisruptionBudget", "ResourceQuota", "Secret",
            "StorageClass",
        }),
    ),
    (30, frozenset({"Service", "Endpoints", "EndpointSlice"})),
    (
        40,
        frozenset({
            "CronJob", "DaemonSet", "Deployment", "HorizontalPodAutoscaler", "Job", "Pod",
            "ReplicaSet", "ReplicationController", "StatefulSet",
        }),
    ),
    (
        50,
        frozenset({
            "APIService", "HTTPRoute", "Ingress", "IngressClass", "MutatingWebhookConfiguration",
            "ValidatingWebhookConfiguration",
        }),
    ),
)  # fmt: skip
_KUBERNETES_GROUPS = re.compile(r"^$|\.k8s\.io$|^(?:apps|batch|autoscaling|policy|extensions)$")
CUSTOM = 90


def phase(resource: Resource) -> int:
    """Return when a resource applies, from 0 to 99: lower comes first."""
    if _KUBERNETES_GROUPS.search(resource.id.group):
        for number, kinds in _PHASES:
            if resource.id.kind in kinds:
                return number
    return CUSTOM


def order(manifests: Manifests) -> Manifests:
    """Sort resources into the order in which they apply."""
    return manifests.sorted(lambda r: (phase(r), r.id.kind, r.id.namespace, r.id.name, r.id.group))


def tree(manifests: Manifests, lock: Lock) -> Mapping[str, bytes]:
    """Return the files of a bundle, path to bytes. The file names sort in the order of applying."""
    files: dict[str, bytes] = {}
    for resource in order(manifests):
        files[_file_name(resource, files)] = yaml.dump(dict(resource.body)).encode()
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": list(files),
    }
    files[KUSTOMIZATION] = yaml.dump(kustomization).encode()
    files[locks.FILE] = locks.dump(lock).encode()
    return files


def manifests(files: Mapping[str, bytes], *, source: str) -> Manifests:
    """Read the resources of a bundle, by file name.

    ``source`` says in errors where the bundle stands. Raises ConfigurationError.
    """
    found = []
    for path, content in sorted(files.items()):
        if path in (KUSTOMIZATION, locks.FILE) or not path.endswith((".yaml", ".yml")):
            continue
        where = f"{source}: {path}" if source else path
        for document in yaml.load_all(content.decode("utf-8", "replace"), source=where):
            place = f"{where}:{document.line}"
            found += [
                Resource(body=body, origin=Origin(source=path))
                for body in objects(document.value, place)
            ]
    return Manifests(found)


def digest(files: Mapping[str, bytes]) -> str:
    """Return one SHA-256 over all files of a bundle, in hexadecimal."""
    total = hashlib.sha256()
    for path, content in sorted(files.items()):
        total.update(f"{path}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def _file_name(resource: Resource, taken: Mapping[str, bytes]) -> str:
    key = resource.id
    parts = [f"{phase(resource):02}", key.kind.lower(), key.namespace, key.name]
    stem = re.sub(r"[^A-Za-z0-9.-]", "_", "-".join(part for part in parts if part))
    if len(stem) > 200 or f"{stem}.yaml" in taken:
        mark = hashlib.sha256(repr(key).encode()).hexdigest()[:10]
        stem = f"{stem[:200]}-{mark}"
    return f"{stem}.yaml"
