"""Engines with an account that may do what the bundle needs, and no more: a missing right shows."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api import Object
from tests.cluster.chain import Chain

_GROUP = "rbac.authorization.k8s.io"
_NAME = "deployer"
_READ = ["get", "list", "watch"]


@pytest.fixture
def scoped(chain: Chain) -> Iterator[Chain]:
    """The chain, which applies as an account of its own."""
    desk = chain.desk
    path = f"overlays/{desk.environment}/environment.yaml"
    before = desk.source.read(path)
    chain.api.apply(*_account(chain.engine.namespace), _role())
    if chain.engine.name == "argocd":
        chain.api.apply(_cluster(chain))
    setting = {"flux": "serviceAccount", "argocd": "cluster"}[chain.engine.name]
    desk.source.edit(path, "sync: {engine", f"sync: {{{setting}: {_NAME}, engine")
    chain.sync()
    yield chain
    chain.api.apply(_role())
    desk.source.write(path, before)
    desk.overlay()
    chain.sync()
    chain.deliver()


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


def _cluster(chain: Chain) -> Object:
    """The same cluster as one that Argo CD is told of, with the account's token."""
    config = {
        "bearerToken": chain.server.account(chain.engine.namespace, _NAME),
        "tlsClientConfig": {
            "caData": base64.b64encode(chain.api.cafile.read_bytes()).decode(),
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": _NAME,
            "namespace": chain.engine.namespace,
            "labels": {"argocd.argoproj.io/secret-type": "cluster"},
        },
        "stringData": {
            "name": _NAME,
            "server": chain.api.url,
            "config": json.dumps(config),
        },
    }


def _account(namespace: str) -> list[Object]:
    named = {"name": _NAME, "namespace": namespace}
    subject = {"kind": "ServiceAccount", **named}
    role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": _NAME}
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": named,
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
    """What the bundle has, the right to give others the rights that it gives, and to read.

    Argo CD reads all kinds; Flux what a Deployment made, to tell whether that is ready.
    """
    needed = {
        "": ["namespaces", "serviceaccounts"],
        "apps": ["deployments"],
        "apps.wandb.com": ["weightsandbiases"],
        "apiextensions.k8s.io": ["customresourcedefinitions"],
        _GROUP: ["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
    }
    verbs = ["create", "patch", "delete"]
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": [r for r in kinds if r != without], "verbs": verbs}
        for group, kinds in needed.items()
        if kinds != [without]
    ]
    rules.append(
        {"apiGroups": [_GROUP], "resources": needed[_GROUP], "verbs": ["bind", "escalate"]}
    )
    rules.append({"apiGroups": ["*"], "resources": ["*"], "verbs": _READ})
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": _NAME},
        "rules": rules,
    }
