"""Fields that Kubernetes does not change in place: an apply fails, or has to delete first.

From the validation of updates in kubernetes/kubernetes, pkg/apis/*/validation, ValidateXxxUpdate.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from builder.core.diff.model import FieldChange, Path
from builder.core.diff.normal import annotations, hooks
from builder.core.manifests import Body, ResourceId

_RBAC = "rbac.authorization.k8s.io"
_FIXED: dict[tuple[str, str], tuple[Path, ...]] = {
    ("apps", "Deployment"): (("spec", "selector"),),
    ("apps", "DaemonSet"): (("spec", "selector"),),
    ("apps", "ReplicaSet"): (("spec", "selector"),),
    ("batch", "Job"): (
        ("spec", "selector"), ("spec", "template"), ("spec", "completions"),
        ("spec", "completionMode"), ("spec", "podFailurePolicy"), ("spec", "backoffLimitPerIndex"),
        ("spec", "manualSelector"),
    ),
    (_RBAC, "RoleBinding"): (("roleRef",),),
    (_RBAC, "ClusterRoleBinding"): (("roleRef",),),
    ("storage.k8s.io", "StorageClass"): (
        ("provisioner",), ("parameters",), ("reclaimPolicy",), ("volumeBindingMode",),
    ),
    ("storage.k8s.io", "CSIDriver"): (("spec", "attachRequired"), ("spec", "volumeLifecycleModes")),
    ("storage.k8s.io", "VolumeAttachment"): (("spec",),),
    ("scheduling.k8s.io", "PriorityClass"): (("value",), ("preemptionPolicy",)),
    ("networking.k8s.io", "IngressClass"): (("spec", "controller"),),
    ("node.k8s.io", "RuntimeClass"): (("handler",),),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (
        ("spec", "group"), ("spec", "scope"), ("spec", "names", "kind"),
        ("spec", "names", "plural"),
    ),
    ("", "Secret"): (("type",),),
}  # fmt: skip
# All below the first is fixed, but for what follows.
_FIXED_BUT: dict[tuple[str, str], tuple[Path, tuple[Path, ...]]] = {
    ("apps", "StatefulSet"): (
        ("spec",),
        tuple(
            ("spec", key)
            for key in (
                "replicas", "ordinals", "template", "updateStrategy", "minReadySeconds",
                "persistentVolumeClaimRetentionPolicy", "revisionHistoryLimit",
            )
        ),
    ),
    ("", "PersistentVolumeClaim"): (
        ("spec",), (("spec", "resources"), ("spec", "volumeAttributesClassName")),
    ),
    ("", "PersistentVolume"): (
        ("spec",),
        tuple(
            ("spec", key)
            for key in (
                "accessModes", "capacity", "claimRef", "mountOptions",
                "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName",
            )
        ),
    ),
    ("", "Pod"): (
        ("spec",), (("spec", "tolerations"), ("spec", "activeDeadlineSeconds")),
    ),
}  # fmt: skip


def immutable(
    resource_id: ResourceId, fields: Iterable[FieldChange], before: Body
) -> tuple[FieldChange, ...]:
    """Return the changes that Kubernetes refuses to make in place."""
    return tuple(c for c in fields if not c.routine and _is_immutable(resource_id, c, before))


def replaces(body: Body) -> bool:
    """Tell whether the resource is deleted and made anew by whoever applies it, because it says so.

    Helm and Argo CD do so with hooks, Argo CD with ``Replace`` or ``Force``, Flux with ``force``.
    """
    found = annotations(body)
    options = str(found.get("argocd.argoproj.io/sync-options") or "")
    flux = str(found.get("kustomize.toolkit.fluxcd.io/force") or "").lower()
    return bool(hooks(body)) or "Force=true" in options or flux in ("enabled", "true")


def _is_immutable(resource_id: ResourceId, change: FieldChange, before: Body) -> bool:
    key, path = (resource_id.group, resource_id.kind), change.path
    if change.action == "reordered":
        return False
    if key == ("", "Service") and path[:2] in (("spec", "clusterIP"), ("spec", "clusterIPs")):
        return change.action != "removed" or change.before in ("None", ["None"])
    if key in (("", "Secret"), ("", "ConfigMap")) and before.get("immutable") is True:
        return path[:1] in (("data",), ("binaryData",), ("immutable",))
    if any(_below(path, fixed) for fixed in _FIXED.get(key, ())):
        return True
    root, free = _FIXED_BUT.get(key, ((), ()))
    if not root or not _below(path, root) or any(_below(path, allowed) for allowed in free):
        return False
    return not (key == ("", "Pod") and path[-1] == "image")


def _below(path: Path, above: Path) -> bool:
    return path[: len(above)] == above


def shrunk(resource_id: ResourceId, before: Body, after: Body) -> bool:
    """Tell whether a claim asks for less storage than before: volumes do not shrink."""
    if resource_id.kind != "PersistentVolumeClaim":
        return False
    old, new = _quantity(_storage(before)), _quantity(_storage(after))
    return old is not None and new is not None and new < old


def _storage(body: Any) -> str:
    for key in ("spec", "resources", "requests", "storage"):
        body = body.get(key) if isinstance(body, Mapping) else None
    return str(body or "")


_UNITS = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15, "E": 10**18, "": 1}
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}


def _quantity(text: str) -> float | None:
    number = text.rstrip("KMGTPEik")
    unit = text[len(number) :]
    try:
        return float(number) * (_BINARY | _UNITS)[unit]
    except (KeyError, ValueError):
        return None
