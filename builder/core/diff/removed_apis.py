"""API versions that Kubernetes does not serve any more, from 1.16 to 1.33.

Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/, and for the alpha
versions the release notes (https://github.com/kubernetes/kubernetes/tree/master/CHANGELOG).
"""

import re

Minor = tuple[int, int]


def removed_in(api_version: str, kind: str) -> Minor | None:
    """Return the Kubernetes version that stopped serving a kind in an API version."""
    by_kind = _REMOVED.get(api_version, {})
    return by_kind.get(kind) or by_kind.get("*")


def minor(version: str) -> Minor:
    """Return major and minor of a Kubernetes version; zeros when it is none."""
    match = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _all(version: int) -> dict[str, Minor]:
    return {"*": (1, version)}


def _kinds(version: int, *kinds: str) -> dict[str, Minor]:
    return dict.fromkeys(kinds, (1, version))


_REMOVED: dict[str, dict[str, Minor]] = {
    "flowcontrol.apiserver.k8s.io/v1beta3": _all(32),
    "flowcontrol.apiserver.k8s.io/v1beta2": _all(29),
    "flowcontrol.apiserver.k8s.io/v1beta1": _all(26),
    "flowcontrol.apiserver.k8s.io/v1alpha1": _all(24),
    "storage.k8s.io/v1beta1": {
        **_kinds(27, "CSIStorageCapacity"),
        **_kinds(22, "CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"),
    },
    "autoscaling/v2beta2": _all(26),
    "autoscaling/v2beta1": _all(25),
    "batch/v1beta1": _kinds(25, "CronJob"),
    "batch/v2alpha1": _kinds(21, "CronJob"),
    "discovery.k8s.io/v1beta1": _kinds(25, "EndpointSlice"),
    "events.k8s.io/v1beta1": _kinds(25, "Event"),
    "policy/v1beta1": _kinds(25, "PodDisruptionBudget", "PodSecurityPolicy"),
    "node.k8s.io/v1beta1": _kinds(25, "RuntimeClass"),
    "admissionregistration.k8s.io/v1beta1": _kinds(
        22, "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"
    ),
    "apiextensions.k8s.io/v1beta1": _kinds(22, "CustomResourceDefinition"),
    "apiregistration.k8s.io/v1beta1": _kinds(22, "APIService"),
    "authentication.k8s.io/v1beta1": _kinds(22, "TokenReview"),
    "authorization.k8s.io/v1beta1": _all(22),
    "certificates.k8s.io/v1beta1": _kinds(22, "CertificateSigningRequest"),
    "coordination.k8s.io/v1beta1": _kinds(22, "Lease"),
    "networking.k8s.io/v1beta1": _kinds(22, "Ingress", "IngressClass"),
    "rbac.authorization.k8s.io/v1beta1": _all(22),
    "rbac.authorization.k8s.io/v1alpha1": _all(23),
    "scheduling.k8s.io/v1beta1": _kinds(22, "PriorityClass"),
    "scheduling.k8s.io/v1alpha1": _all(23),
    "settings.k8s.io/v1alpha1": _kinds(20, "PodPreset"),
    "extensions/v1beta1": {
        **_kinds(22, "Ingress"),
        **_kinds(16, "DaemonSet", "Deployment", "NetworkPolicy", "PodSecurityPolicy", "ReplicaSet"),
    },
    "apps/v1beta1": _all(16),
    "apps/v1beta2": _all(16),
}
