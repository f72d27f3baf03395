"""``sealift doctor`` against a real Kubernetes API."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.conftest import need
from tests.conftest import Run
from tests.servers.tls import CA
from tests.source import Source
from tests.test_doctor_cluster import APP


def named(kind: str, name: str, version: str = "v1", **more: Any) -> dict[str, Any]:
    cluster_wide = kind in ("Namespace", "IngressClass", "ClusterRole", "ClusterRoleBinding")
    metadata = {"name": name, **({} if cluster_wide else {"namespace": "app"})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def role(*resources: str) -> list[dict[str, Any]]:
    """Let the account read kinds of objects."""
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": ["*"], "resources": list(resources), "verbs": ["get", "list"]}]
    user = {"apiGroup": group, "kind": "User", "name": "robot"}
    ref = {"apiGroup": group, "kind": "ClusterRole", "name": "doctor"}
    return [
        named("ClusterRole", "doctor", f"{group}/v1", rules=rules),
        named("ClusterRoleBinding", "doctor", f"{group}/v1", subjects=[user], roleRef=ref),
    ]


CLASS = named(
    "IngressClass", "traefik", "networking.k8s.io/v1", spec={"controller": "example.com/x"}
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ca: CA) -> Iterator[ApiServer]:
    """An API with what the bundle needs, and an account that may read it; nothing else runs."""
    need("etcd", "kubernetes")
    with api_server(tmp_path_factory.mktemp("api"), ca) as server:
        server.api.apply(
            named("Namespace", "app"), *role("secrets", "configmaps", "ingressclasses")
        )
        server.api.apply(
            CLASS,
            named("Secret", "pull", stringData={"x": "correct-horse"}),
            named("Secret", "db", stringData={"password": "correct-horse"}),
            named("ConfigMap", "settings", data={"A": "1"}),
        )
        yield server


@pytest.fixture
def env(source: Source) -> str:
    source.write("overlays/one/app.yaml", APP)
    environment = (
        'base: wandb\nkubernetes: "1.30"\nregistry: {prefix: registry.yourdomain.com}\n'
        "ingress: {class: traefik}\n"
    )
    return source.overlay("one", "resources: [app.yaml]\n", environment)


def states(run: Run, env: str, kubeconfig: Path, *argv: str) -> dict[str, tuple[str, str]]:
    result = run("doctor", env, "--only=cluster", "-ojson", f"--kubeconfig={kubeconfig}", *argv)
    assert result.out, result
    assert "horse" not in result.out + result.err
    return {c["subject"]: (c["state"], c["detail"]) for c in json.loads(result.out)["checks"]}


def test_all_that_is_there_is_found(run: Run, env: str, server: ApiServer) -> None:
    found = states(run, env, server.reader)
    version = server.api.call("GET", "/version")["gitVersion"]
    # One that was built without the release's flags says v0.0.0: the text is what counts here.
    assert found.pop("Kubernetes")[1].startswith(version.removeprefix("v"))
    assert found == {
        "IngressClass/traefik": ("ok", "is there"),
        "Secret/app/pull": ("ok", "is there"),
        "Secret/app/db": ("ok", "is there"),
        "ConfigMap/app/settings": ("ok", "is there"),
        "ConfigMap/app/log": ("ok", "is not there, which is optional"),
    }


def test_what_is_missing_is_found(run: Run, env: str, server: ApiServer) -> None:
    server.api.delete("v1", "Secret", "pull", "app")
    server.api.delete("networking.k8s.io/v1", "IngressClass", "traefik")
    server.api.merge(named("Secret", "db"), {"data": {"password": None, "other": "eA=="}})
    try:
        found = states(run, env, server.reader)
    finally:
        server.api.apply(CLASS, named("Secret", "pull"))
        server.api.delete("v1", "Secret", "db", "app")
        server.api.apply(named("Secret", "db", stringData={"password": "correct-horse"}))
    assert found["Secret/app/pull"] == ("failure", "is not there, for Pod/app/app")
    assert found["Secret/app/db"] == ("failure", "has no key password, for Pod/app/app")
    assert found["IngressClass/traefik"][0] == "failure"
    assert found["ConfigMap/app/settings"][0] == "ok"


def test_a_wrong_token_is_refused_once(run: Run, env: str, server: ApiServer) -> None:
    found = states(run, env, server.reader, "--context=refused")
    assert [state for state, _ in found.values()] == ["failure", "skipped"]


def test_an_account_that_may_read_no_secrets_is_told(run: Run, env: str, server: ApiServer) -> None:
    server.api.apply(*role("configmaps", "ingressclasses"))
    try:
        found = states(run, env, server.reader)
    finally:
        server.api.apply(*role("secrets", "configmaps", "ingressclasses"))
    assert found["Secret/app/db"][0] == found["Secret/app/pull"][0] == "failure"
    assert "forbidden" in found["Secret/app/db"][1]
    assert found["ConfigMap/app/settings"][0] == "ok"
