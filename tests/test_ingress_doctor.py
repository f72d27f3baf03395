"""``sealift doctor`` of an environment behind a Gateway, asked by a real kubectl."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.servers.kubernetes import Kubernetes, kubernetes
from tests.servers.tls import CA, certificate_authority
from tests.source import Source
from tests.test_doctor_cluster import LINUX, examine

SERVED = "gateway.networking.k8s.io/v1"
GATEWAY = "Gateway/gateways/shared"
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app, namespace: app}
spec:
  parentRefs: [{name: shared, namespace: gateways}]
  rules: [{backendRefs: [{name: app, port: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: app, namespace: app}
spec: {ports: [{port: 80}]}
"""
ENVIRONMENT = """\
base: wandb
kubernetes: "1.30"
registry: {prefix: registry.yourdomain.com}
ingress: {class: traefik, host: w.corp.example, gateway: {name: shared, namespace: gateways}}
"""


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CA:
    return certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def api(tmp_path: Path, ca: CA) -> Iterator[Kubernetes]:
    with kubernetes(tmp_path / "kube", ca) as api:
        api.put("nodes", "n1", status=LINUX)
        yield api


@pytest.fixture
def env(source: Source) -> str:
    source.write("overlays/one/app.yaml", ROUTE)
    return source.overlay("one", "resources: [app.yaml]\n", ENVIRONMENT)


def listens(source: str, **more: Any) -> dict[str, Any]:
    allowed = {"namespaces": {"from": source}}
    return {"listeners": [{"name": "https", "allowedRoutes": allowed, **more}]}


def test_a_gateway_that_takes_the_route(run: Run, env: str, api: Kubernetes) -> None:
    """No class is looked for: nothing uses one."""
    api.put("gateways", "shared", "gateways", spec=listens("All"))
    code, found = examine(run, env, api)
    assert {subject: check["state"] for subject, check in found.items()} == {
        "Kubernetes": "ok", SERVED: "ok", GATEWAY: "ok",
    }  # fmt: skip
    assert code == 0


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (listens("Same"), "takes no routes of namespace app (allowedRoutes)"),
        (listens("All", hostname="x.corp.example"), "has no listener for w.corp.example"),
        ({}, "has no listener"),
    ],
)
def test_a_gateway_that_does_not(
    run: Run, env: str, api: Kubernetes, spec: dict[str, Any], says: str
) -> None:
    api.put("gateways", "shared", "gateways", spec=spec)
    code, found = examine(run, env, api)
    assert (code, found[GATEWAY]["state"]) == (1, "failure")
    assert found[GATEWAY]["detail"].startswith(says)


def test_a_gateway_that_is_not_there(run: Run, env: str, api: Kubernetes) -> None:
    api.put("gateways", "other", "gateways", spec=listens("All"))
    code, found = examine(run, env, api)
    assert (code, found[GATEWAY]["state"], found[GATEWAY]["detail"]) == (
        1, "failure", "is not there",
    )  # fmt: skip


def test_a_cluster_without_the_gateway_api(run: Run, env: str, api: Kubernetes) -> None:
    code, found = examine(run, env, api)
    assert (code, found[SERVED]["state"]) == (1, "failure")
    assert "takes no HTTPRoute" in found[SERVED]["detail"]
    assert GATEWAY not in found


def test_what_the_account_may_not_read_is_said(run: Run, env: str, api: Kubernetes) -> None:
    api.put("gateways", "shared", "gateways", spec=listens("All"))
    api.forbid("gateways")
    code, found = examine(run, env, api)
    assert (code, found[GATEWAY]["state"]) == (1, "failure")
    assert "forbidden" in found[GATEWAY]["detail"]
