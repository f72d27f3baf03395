"""``sealift doctor``: the cluster, asked by a real kubectl."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.tools import kubectl
from builder.tools.kubectl import Cluster
from tests.conftest import Run
from tests.servers.kubernetes import TOKEN, Kubernetes, kubernetes
from tests.servers.tls import CA, certificate_authority
from tests.source import Source

LINUX = {"nodeInfo": {"operatingSystem": "linux", "architecture": "amd64"}}
APP = """\
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: app}
spec:
  imagePullSecrets: [{name: pull}]
  containers:
  - name: app
    image: registry.yourdomain.com/local:1
    env:
    - {name: PW, valueFrom: {secretKeyRef: {name: db, key: password}}}
    - {name: LOG, valueFrom: {configMapKeyRef: {name: log, key: level, optional: true}}}
    envFrom: [{configMapRef: {name: settings}}]
"""


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> CA:
    return certificate_authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def api(tmp_path: Path, ca: CA) -> Iterator[Kubernetes]:
    """A cluster with all that the environment needs."""
    with kubernetes(tmp_path / "kube", ca) as api:
        api.put("nodes", "n1", status=LINUX)
        api.put("ingressclasses", "traefik")
        api.put("secrets", "pull", "app", data={".dockerconfigjson": "c2VjcmV0"})
        api.put("secrets", "db", "app", data={"password": "Y29ycmVjdC1ob3JzZQ=="})
        api.put("configmaps", "settings", "app", data={"A": "1"})
        yield api


@pytest.fixture
def env(source: Source) -> str:
    """An environment with one Pod that refers to each kind of object."""
    source.write("overlays/one/app.yaml", APP)
    environment = (
        'base: wandb\nkubernetes: "1.30"\nregistry: {prefix: registry.yourdomain.com}\n'
        "ingress: {class: traefik}\n"
    )
    return source.overlay("one", "resources: [app.yaml]\n", environment)


Checked = tuple[int, dict[str, dict[str, str]]]


def examine(run: Run, env: str, api: Kubernetes, *argv: str) -> Checked:
    result = run("doctor", env, "--only=cluster", "-ojson", f"--kubeconfig={api.kubeconfig}", *argv)
    assert result.out, result
    assert "horse" not in result.out + result.err
    return result.code, {check["subject"]: check for check in json.loads(result.out)["checks"]}


def test_a_cluster_that_has_it_all_is_well_and_only_read(
    run: Run, env: str, api: Kubernetes
) -> None:
    code, found = examine(run, env, api)
    assert code == 0, found
    assert {subject: check["state"] for subject, check in found.items()} == dict.fromkeys(
        (
            "Kubernetes",
            "IngressClass/traefik",
            "Secret/app/pull",
            "Secret/app/db",
            "ConfigMap/app/settings",
            "ConfigMap/app/log",
        ),
        "ok",
    )
    assert found["ConfigMap/app/log"]["detail"] == "is not there, which is optional"
    assert {request.method for request in api.requests} == {"GET"}
    assert all(request.authorised for request in api.requests)


def test_everything_that_is_missing_is_told(run: Run, env: str, api: Kubernetes) -> None:
    del api.state.objects["secrets", "app", "pull"]
    del api.state.objects["configmaps", "app", "settings"]
    del api.state.objects["ingressclasses", "", "traefik"]
    api.put("ingressclasses", "nginx")
    api.put("secrets", "db", "app", data={"user": "YQ=="})
    code, found = examine(run, env, api)
    failed = {s: c["detail"] for s, c in found.items() if c["state"] == "failure"}
    assert code == 1
    assert failed == {
        "ConfigMap/app/settings": "is not there, for Pod/app/app",
        "IngressClass/traefik": "is not there, for environment.yaml ingress.class; "
        "the cluster has nginx",
        "Secret/app/db": "has no key password, for Pod/app/app",
        "Secret/app/pull": "is not there, for Pod/app/app",
    }


@pytest.mark.parametrize(
    ("version", "state", "detail"),
    [
        ("1.27.9", "failure", "1.27.9, and wandb needs 1.28 or newer"),
        ("1.29.0", "failure", "1.29.0, and the bundle is rendered for 1.30"),
        ("1.30.4", "ok", "1.30.4"),
        ("1.31.1+k3s1", "warning", "1.31.1+k3s1, and the bundle is rendered for 1.30"),
    ],
)
def test_the_version_is_held_against_what_was_rendered_for(
    run: Run, env: str, api: Kubernetes, version: str, state: str, detail: str
) -> None:
    api.state.version = version
    code, found = examine(run, env, api)
    check = found["Kubernetes"]
    assert (code, check["state"], check["detail"]) == (int(state == "failure"), state, detail)


def test_a_refused_login_is_one_failure(run: Run, env: str, api: Kubernetes) -> None:
    code, found = examine(run, env, api, "--context=refused")
    assert code == 1
    assert [check["state"] for check in found.values()] == ["failure", "skipped"]
    assert "account" in found["Kubernetes"]["hint"]


def test_what_the_account_may_not_read_is_said_of_each(run: Run, env: str, api: Kubernetes) -> None:
    api.forbid("secrets")
    api.forbid("ingressclasses")
    code, found = examine(run, env, api)
    failed = {subject for subject, check in found.items() if check["state"] == "failure"}
    assert (code, failed) == (1, {"Secret/app/pull", "Secret/app/db", "ingress classes"})
    assert "forbidden" in found["Secret/app/db"]["detail"]
    assert found["ConfigMap/app/settings"]["state"] == "ok"


def test_a_context_and_a_file_that_are_not_there(run: Run, env: str, api: Kubernetes) -> None:
    code, found = examine(run, env, api, "--context=none")
    assert (code, "context" in found["Kubernetes"]["detail"]) == (1, True)
    result = run("doctor", env, "--only=cluster", "--kubeconfig=nowhere")
    assert (result.code, "there is no kubeconfig nowhere" in result.out) == (1, True)


def test_kubeconfig_of_the_environment_counts(
    run: Run, env: str, api: Kubernetes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
    assert run("doctor", env, "--only=cluster").code == 0


def test_an_authority_that_is_not_trusted_says_so(
    run: Run, env: str, api: Kubernetes, tmp_path: Path
) -> None:
    other = certificate_authority(tmp_path / "other")
    config = json.loads(api.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["certificate-authority"] = str(other.certificate)
    api.kubeconfig.write_text(json.dumps(config))
    code, found = examine(run, env, api)
    assert (code, "authority" in found["Kubernetes"]["hint"]) == (1, True)


def test_values_stay_in_kubectl(api: Kubernetes) -> None:
    with kubectl.cluster(str(api.kubeconfig)) as cluster:
        assert cluster.keys("Secret", "app", "db") == frozenset({"password"})
        assert cluster.keys("Secret", "app", "--none") is None
        assert cluster.platforms() == {"linux/amd64"}
        assert isinstance(cluster, Cluster)
    assert TOKEN not in repr(cluster)
