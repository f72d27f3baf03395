"""The tree that is committed: one file a resource, in the order in which they apply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core import bundle, yaml
from builder.core.lock import FILE, Lock
from builder.core.manifests import Manifests, Origin, Resource

LOCK = Lock(lock_version=1, environment="x", kubernetes="1.30", charts=(), images=(), nested=())


def resource(kind: str, name: str = "a", namespace: str = "", group: str = "") -> Resource:
    body: dict[str, Any] = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
    }
    return Resource(body=body, origin=Origin(source="x"))


def names(*resources: Resource) -> list[str]:
    files = list(bundle.tree(Manifests(resources), LOCK))
    assert files[-2:] == [bundle.KUSTOMIZATION, FILE]
    return files[:-2]


def test_what_others_need_comes_before_them() -> None:
    assert names(
        resource("WeightsAndBiases", "wb", "ns", "apps.wandb.com"),
        resource("Ingress", "web", "ns", "networking.k8s.io"),
        resource("Deployment", "web", "ns", "apps"),
        resource("Service", "web", "ns"),
        resource("ConfigMap", "web", "ns"),
        resource("ClusterRole", "web", group="rbac.authorization.k8s.io"),
        resource("CustomResourceDefinition", "x.y", group="apiextensions.k8s.io"),
        resource("Namespace", "ns"),
    ) == [
        "00-namespace-ns.yaml", "05-customresourcedefinition-x.y.yaml", "10-clusterrole-web.yaml",
        "20-configmap-ns-web.yaml", "30-service-ns-web.yaml", "40-deployment-ns-web.yaml",
        "50-ingress-ns-web.yaml", "90-weightsandbiases-ns-wb.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "group", "phase"),
    [
        ("Service", "", 30), ("Service", "serving.knative.dev", 90), ("Unknown", "", 90),
        ("Job", "batch", 40), ("Job", "x.io", 90), ("Role", "rbac.authorization.k8s.io", 10),
        ("PodDisruptionBudget", "policy", 20), ("Namespace", "evil.notk8s.io", 90),
    ],
)  # fmt: skip
def test_a_kind_counts_in_the_groups_of_kubernetes(kind: str, group: str, phase: int) -> None:
    assert bundle.phase(resource(kind, group=group)) == phase


def test_names_that_would_be_one_file_are_two() -> None:
    first, second = names(resource("ConfigMap", "b-c", "a"), resource("ConfigMap", "c", "a-b"))
    assert first == "20-configmap-a-b-c.yaml"
    assert second.startswith("20-configmap-a-b-c-")


def test_names_that_no_file_may_have() -> None:
    path, long = names(
        resource("ClusterRole", "system:../x", group="rbac.authorization.k8s.io"),
        resource("ConfigMap", "x" * 253),
    )
    assert path == "10-clusterrole-system_.._x.yaml"
    assert len(long) < 255


def test_a_file_holds_its_resource_and_the_kustomization_names_all() -> None:
    one = resource("ConfigMap", "a", "ns")
    files = bundle.tree(Manifests([one]), LOCK)
    assert files["20-configmap-ns-a.yaml"] == (
        b"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: ns\n"
    )
    assert yaml.load(files[bundle.KUSTOMIZATION].decode(), source="x") == {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "sortOptions": {"order": "fifo"},
        "resources": ["20-configmap-ns-a.yaml"],
    }


RESOURCES = st.lists(
    st.builds(
        resource,
        kind=st.sampled_from(["ConfigMap", "Namespace", "Deployment", "Widget", "Role"]),
        name=st.from_regex(r"[a-z0-9]([a-z0-9:.-]{0,6}[a-z0-9])?", fullmatch=True),
        namespace=st.sampled_from(["", "a", "a-b"]),
        group=st.sampled_from(["", "apps", "x.io", "rbac.authorization.k8s.io"]),
    ),
    unique_by=lambda r: r.id,
    max_size=12,
)


@given(RESOURCES, st.randoms(use_true_random=False))
def test_every_resource_has_a_file_and_files_sort_as_they_apply(
    resources: list[Resource], random: Any
) -> None:
    files = names(*resources)
    assert len(set(files)) == len(resources)
    phases = [bundle.phase(r) for r in bundle.order(Manifests(resources))]
    assert [int(name[:2]) for name in sorted(files)] == phases
    shuffled = list(resources)
    random.shuffle(shuffled)
    trees = [bundle.tree(Manifests(r), LOCK) for r in (resources, shuffled)]
    assert trees[0] == trees[1]
    assert bundle.digest(trees[0]) == bundle.digest(dict(reversed(list(trees[1].items()))))


def test_the_digest_tells_where_a_file_ends() -> None:
    digests = {
        bundle.digest(files)
        for files in ({"a": b"bc"}, {"ab": b"c"}, {"a": b"b", "c": b""}, {"a": b"", "bc": b""}, {})
    }
    assert len(digests) == 5
