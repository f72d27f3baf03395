"""What is dangerous about a change, and what is not."""

import pytest

from builder.core.diff import charts as chart_changes
from builder.core.lock import LockedChart
from tests.core.test_diff import chart, differ


def dangers(before: str, after: str, kubernetes: tuple[str, str] = ("1.30", "1.30")) -> list[str]:
    found = differ(before, after, kubernetes).dangers
    return [f"{d.code} {d.subject} {d.place}".strip() for d in found]


def of(kind: str, spec: str, api: str = "v1", root: str = "spec") -> str:
    return f"apiVersion: {api}\nkind: {kind}\n{root}: {spec}\n"


RBAC, CRD = "rbac.authorization.k8s.io/v1", "apiextensions.k8s.io/v1"
HOOK = "metadata: {annotations: {helm.sh/hook: pre-install}}\n"
POD = "{{template: {{spec: {{{}}}}}}}"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (of("Deployment", "{selector: {a: b}}", "apps/v1"),
         of("Deployment", "{selector: {a: c}}", "apps/v1"),
         ["immutable-field Deployment/x spec.selector.a"]),
        (of("StatefulSet", "{serviceName: a, replicas: 1}", "apps/v1"),
         of("StatefulSet", "{serviceName: b, replicas: 2}", "apps/v1"),
         ["immutable-field StatefulSet/x spec.serviceName"]),
        (of("StatefulSet", "{volumeClaimTemplates: [{metadata: {name: d}, spec: {a: 1}}]}",
            "apps/v1"),
         of("StatefulSet", "{volumeClaimTemplates: [{metadata: {name: d}, spec: {a: 2}}]}",
            "apps/v1"),
         ["immutable-field StatefulSet/x spec.volumeClaimTemplates[d].spec.a"]),
        (of("Service", "{clusterIP: None}"), of("Service", "{}"),
         ["immutable-field Service/x spec.clusterIP"]),
        (of("Service", "{clusterIP: 10.0.0.1}"), of("Service", "{}"), []),
        (of("PersistentVolumeClaim", "{storageClassName: a}"),
         of("PersistentVolumeClaim", "{storageClassName: b}"),
         ["immutable-field PersistentVolumeClaim/x spec.storageClassName"]),
        (of("PersistentVolumeClaim", "{resources: {requests: {storage: 1Ti}}}"),
         of("PersistentVolumeClaim", "{resources: {requests: {storage: 500Gi}}}"),
         ["volume-shrunk PersistentVolumeClaim/x spec.resources.requests"]),
        (of("PersistentVolumeClaim", "{resources: {requests: {storage: 1Gi}}}"),
         of("PersistentVolumeClaim", "{resources: {requests: {storage: 2G}}}"), []),
        (of("Job", "{template: {spec: {a: 1}}}", "batch/v1"),
         of("Job", "{template: {spec: {a: 2}}}", "batch/v1"),
         ["immutable-field Job/x spec.template.spec.a"]),
        (of("Job", "{template: {spec: {a: 1}}}", "batch/v1") + HOOK,
         of("Job", "{template: {spec: {a: 2}}}", "batch/v1") + HOOK, []),
        (of("RoleBinding", "{name: a}", RBAC, "roleRef"),
         of("RoleBinding", "{name: b}", RBAC, "roleRef"),
         ["immutable-field RoleBinding/x roleRef.name"]),
        (of("StorageClass", "a", "storage.k8s.io/v1", "provisioner"),
         of("StorageClass", "b", "storage.k8s.io/v1", "provisioner"),
         ["immutable-field StorageClass/x provisioner"]),
        (of("ConfigMap", "{a: b}\nimmutable: true", root="data"),
         of("ConfigMap", "{a: c}\nimmutable: true", root="data"),
         ["immutable-field ConfigMap/x data.a"]),
        (of("CustomResourceDefinition", "{}", CRD), "",
         ["crd-removed CustomResourceDefinition/x"]),
        (of("CustomResourceDefinition", "{versions: [{name: v1, served: true, storage: true}, "
            "{name: v2, served: true, storage: false}]}", CRD),
         of("CustomResourceDefinition", "{versions: [{name: v2, served: true, storage: true}]}",
            CRD),
         ["crd-version-dropped CustomResourceDefinition/x version v1",
          "crd-stored-version CustomResourceDefinition/x stored version v1 → v2"]),
        (of("CustomResourceDefinition", "{versions: [{name: v1, served: true, storage: true}]}",
            CRD),
         of("CustomResourceDefinition", "{versions: [{name: v1, served: true, storage: true}, "
            "{name: v2, served: true}]}", CRD), []),
        (of("PersistentVolumeClaim", "{}"), "", ["volume-removed PersistentVolumeClaim/x"]),
        (of("Namespace", "{}"), "", ["namespace-removed Namespace/x"]),
        (of("StatefulSet", "{}", "apps/v1"), "", ["stateful-removed StatefulSet/x"]),
        (of("Cluster", "{}", "postgresql.cnpg.io/v1"), "", ["stateful-removed Cluster/x"]),
        (of("Deployment", "{}", "apps/v1"), "", []),
        (of("Secret", "{a: eA==}", root="data"), of("Secret", "{a: eQ==}", root="data"),
         ["secret-changed Secret/x data.a"]),
        (of("WeightsAndBiases", "{values: {license: abc, a: 1}}", "apps.wandb.com/v1"),
         of("WeightsAndBiases", "{values: {license: def, a: 2}}", "apps.wandb.com/v1"),
         ["secret-changed WeightsAndBiases/x spec.values.license"]),
        (of("CronJob", "{}", "batch/v1beta1"), of("CronJob", "{a: 1}", "batch/v1beta1"),
         ["api-removed CronJob/x apiVersion"]),
        (of("CronJob", "{}", "batch/v1beta1"), of("CronJob", "{}", "batch/v1beta1"), []),
        ("", of("Deployment", POD.format("hostNetwork: true"), "apps/v1"),
         ["node-access Deployment/x hostNetwork"]),
        ("", of("CronJob", "{jobTemplate: {spec: {template: {spec: {volumes: [{name: a, "
                "hostPath: {path: /var}}]}}}}}", "batch/v1"),
         ["node-access CronJob/x hostPath /var"]),
        ("", of("DaemonSet", POD.format("containers: [{name: a, securityContext: {privileged: "
                "true, capabilities: {add: [NET_ADMIN, NET_BIND_SERVICE]}}}]"), "apps/v1"),
         ["node-access DaemonSet/x capability NET_ADMIN, container a",
          "node-access DaemonSet/x privileged, container a"]),
        ("", of("ConfigMap", "{a: 'https://outside.example.com/x'}", root="data"),
         ["outbound-reference https://outside.example.com/x ConfigMap/x data a"]),
        ("", of("Job", "{}", "batch/v1") + HOOK.replace("pre-install", "'pre-install,pre-upgrade'"),
         ["upgrade-hook Job/x pre-upgrade"]),
        ("", of("Job", "{}", "batch/v1") + HOOK, []),
    ],
)  # fmt: skip
def test_dangers(before: str, after: str, expected: list[str]) -> None:
    assert dangers(before, after) == expected
    assert dangers(before, before) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{apiGroups: [''], resources: [pods], verbs: [get]}",
         "{apiGroups: [''], resources: [pods], verbs: [get, list]}",
         ["may now list pods"]),
        ("{apiGroups: [''], resources: [pods], verbs: ['*']}",
         "{apiGroups: [''], resources: [pods], verbs: [get, list]}", []),
        ("{apiGroups: ['*'], resources: ['*'], verbs: ['*']}",
         "{apiGroups: [apps], resources: [deployments], verbs: [delete], resourceNames: [a]}", []),
        ("{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}",
         "{apiGroups: [''], resources: [secrets], verbs: [get]}", ["may now get secrets"]),
        ("{apiGroups: [apps], resources: [deployments], verbs: [get]}",
         "{apiGroups: [apps, batch], resources: ['*'], verbs: [get]}",
         ["may now get everything of apps; get everything of batch"]),
        ("{nonResourceURLs: [/a], verbs: [get]}", "{nonResourceURLs: [/b], verbs: [get]}",
         ["may now get /b"]),
    ],
)  # fmt: skip
def test_permissions_that_widen(before: str, after: str, expected: list[str]) -> None:
    old, new = (of("ClusterRole", f"[{rule}]", RBAC, "rules") for rule in (before, after))
    assert [d.reason for d in differ(old, new).dangers] == expected


def test_bindings_that_widen() -> None:
    binding = "apiVersion: {}\nkind: ClusterRoleBinding\nroleRef: {{kind: ClusterRole, name: {}}}\n"
    binding += "subjects: [{{kind: User, name: a}}, {{kind: User, name: {}}}]"
    found = differ(binding.format(RBAC, "view", "b"), binding.format(RBAC, "view", "c"))
    assert [(d.code, d.reason) for d in found.dangers] == [
        ("rbac-widened", "ClusterRole view is now given to User c")
    ]
    found = differ("", binding.format(RBAC, "cluster-admin", "b"))
    assert [(d.code, d.reason) for d in found.dangers] == [
        ("cluster-admin", "ClusterRole cluster-admin, which may do everything, is now given to "
         "User a, User b")
    ]  # fmt: skip


def test_a_newer_cluster_refuses_what_stayed_the_same() -> None:
    text = of("PodDisruptionBudget", "{}", "policy/v1beta1")
    assert dangers(text, text, ("1.24", "1.25")) == ["api-removed PodDisruptionBudget/x apiVersion"]
    assert dangers(text, text, ("1.25", "1.26")) == []
    assert differ(text, text, ("v1.24.1", "1.24.3")).empty


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (chart("a", "1.2.3"), chart("a", "2.0.0", "b"), ["chart-major a 1.2.3 → 2.0.0"]),
        (chart("a", "0.28.0"), chart("a", "0.43.8", "b"), ["chart-major a 0.28.0 → 0.43.8"]),
        (chart("a", "0.28.0"), chart("a", "0.28.1", "b"), []),
        (chart("a", "1.2.3"), chart("a", "1.3.0", "b"), []),
        (chart("a", "1.3.0"), chart("a", "1.2.3", "b"), ["chart-downgrade a 1.3.0 → 1.2.3"]),
        (chart("a", "1.3.0"), chart("a", "1.3.0", "b"), ["chart-content a 1.3.0"]),
        (chart("a", "1.3.0"), chart("a", "1.3.0", repository="s"), []),
        (chart("a", "1.3.0"), chart("a", "1.3.0"), None),
    ],
)
def test_charts(before: LockedChart, after: LockedChart, expected: list[str] | None) -> None:
    changes = chart_changes.compare([before], [after])
    assert bool(changes) == (expected is not None)
    assert [f"{d.code} {d.subject}" for d in chart_changes.dangers(changes)] == (expected or [])
