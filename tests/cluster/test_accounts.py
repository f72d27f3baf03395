"""Flux with an account that may do what the bundle needs, and no more: a missing right shows."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import Object
from tests.cluster.chain import Chain
from tests.cluster.flux import NAMESPACE

_GROUP = "rbac.authorization.k8s.io"
_NAME = "deployer"


@pytest.fixture
def scoped(chain: Chain) -> Iterator[Chain]:
    """The chain, whose Kustomizations apply as an account of their own."""
    desk = chain.desk
    path = f"overlays/{desk.environment}/environment.yaml"
    before = desk.source.read(path)
    desk.source.edit(path, "sync: {engine", f"sync: {{serviceAccount: {_NAME}, engine")
    chain.api.apply(*_account(), _role())
    chain.sync()
    yield chain
    chain.api.apply(_role())
    desk.source.write(path, before)
    desk.overlay()
    chain.sync()
    chain.deliver()


# What Argo CD may apply its AppProject limits, which all its other tests have.
@pytest.mark.parametrize("engine", ["flux"], indirect=True, scope="session")
def test_a_right_that_the_account_lacks_stops_the_sync(scoped: Chain) -> None:
    chain, desk = scoped, scoped.desk
    chain.deliver()
    chain.api.apply(_role(without="deployments"))
    desk.overlay(
        patches="- target: {kind: Deployment}\n  patch: |-\n"
        "    - op: add\n      path: /metadata/labels/level\n      value: debug\n"
    )
    commit = desk.publish()
    chain.fails(commit, "forbidden")
    chain.api.apply(_role())
    chain.settle(commit)


def _account() -> list[Object]:
    named = {"name": _NAME, "namespace": NAMESPACE}
    subject = {"kind": "ServiceAccount", **named}
    role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": _NAME}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": _NAME, "namespace": NAMESPACE},
        },
        {
            "apiVersion": f"{_GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": _NAME},
            "subjects": [subject],
            "roleRef": role,
        },
    ]


def _role(without: str = "") -> Object:
    """What the bundle has, and the right to give others the rights that it gives."""
    needed = {
        "": ["namespaces", "serviceaccounts"],
        "apps": ["deployments"],
        "apps.wandb.com": ["weightsandbiases"],
        "apiextensions.k8s.io": ["customresourcedefinitions"],
        _GROUP: ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
    }
    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": [r for r in kinds if r != without], "verbs": verbs}
        for group, kinds in needed.items()
        if kinds != [without]
    ]
    rules.append(
        {"apiGroups": [_GROUP], "resources": needed[_GROUP], "verbs": ["bind", "escalate"]}
    )
    # To tell whether a Deployment is ready, Flux reads what it made.
    for group, kinds in {"apps": ["replicasets"], "": ["pods"]}.items():
        rules.append({"apiGroups": [group], "resources": kinds, "verbs": ["get", "list", "watch"]})
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _NAME},
        "rules": rules,
    }
