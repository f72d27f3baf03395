"""A dry run of what was built, on a real API server."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.build import build
from builder.workspace import find_overlay
from tests.cluster.apiserver import ApiServer, api_server
from tests.cluster.conftest import need
from tests.cluster.flux import wait_for_kinds
from tests.conftest import Run
from tests.servers.tls import CA
from tests.source import Source
from tests.test_expand import built as chart_of

RBAC = "rbac.authorization.k8s.io/v1"
USER = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "robot"}
ENVIRONMENT = 'base: wandb\nkubernetes: "1.34"\nregistry: {prefix: registry.yourdomain.com}\n'
Said = dict[str, list[dict[str, str]]]


def named(version: str, kind: str, name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def deployment(name: str = "web", **more: Any) -> dict[str, Any]:
    labels = {"app": name}
    image = "registry.yourdomain.com/web:1"
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": image}]}}
    spec = {"selector": {"matchLabels": labels}, "template": pods, **more}
    return named("apps/v1", "Deployment", name, "dry", spec=spec)


def settings(name: str = "a", namespace: str = "dry", **more: Any) -> dict[str, Any]:
    return named("v1", "ConfigMap", name, namespace, **({"data": {"a": "b"}} | more))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, ca: CA) -> Iterator[ApiServer]:
    """An API with a namespace; nothing else runs."""
    need("etcd", "kubernetes")
    with api_server(tmp_path_factory.mktemp("api"), ca) as server:
        server.api.apply(named("v1", "Namespace", "dry"))
        yield server


@pytest.fixture
def ask(run: Run, source: Source, server: ApiServer) -> Callable[..., Said]:
    """Build an environment of these objects, and have the API server try them."""

    def ask(*objects: dict[str, Any], account: Path = server.admin) -> Said:
        text = "---\n".join(json.dumps(body) + "\n" for body in objects)
        source.write("overlays/one/app.yaml", text)
        name = source.overlay("one", "resources: [app.yaml]\n", ENVIRONMENT)
        return said(run, name, account)

    return ask


def said(run: Run, name: str, account: Path) -> Said:
    """What is said on behalf of the API server, by code."""
    result = run("build", name, "--check", "--json", "--server", f"--kubeconfig={account}")
    assert result.out, result.err
    assert "horse" not in result.out + result.err
    found: Said = {"server-refused": [], "not-served": [], "not-checked": []}
    for finding in json.loads(result.out)["findings"]:
        if finding["code"] in found:
            found[finding["code"]].append(finding)
    return found


def places(found: list[dict[str, str]]) -> list[str]:
    return [finding["place"].partition(" (")[0] for finding in found]


NOTHING: Said = {"server-refused": [], "not-served": [], "not-checked": []}


def test_what_is_right_is_taken_and_nothing_is_made(
    ask: Callable[..., Said], server: ApiServer
) -> None:
    assert ask(settings("fresh"), deployment("fresh")) == NOTHING
    assert server.api.get("v1", "ConfigMap", "fresh", "dry") is None
    assert server.api.get("apps/v1", "Deployment", "fresh", "dry") is None


def test_who_manages_a_field_is_no_reason_to_refuse(
    ask: Callable[..., Said], server: ApiServer
) -> None:
    server.api.apply(settings("managed"), manager="kustomize-controller")
    assert ask(settings("managed", data={"a": "c"})) == NOTHING
    kept = server.api.get("v1", "ConfigMap", "managed", "dry")
    assert kept is not None
    assert kept["data"] == {"a": "b"}
    assert [m["manager"] for m in kept["metadata"]["managedFields"]] == ["kustomize-controller"]


@pytest.mark.parametrize(
    ("body", "place", "cause"),
    [
        (settings(datas={}), "ConfigMap/dry/a datas", "field not declared in schema"),
        (settings(data={"a": 1}), "ConfigMap/dry/a data.a", "expected string"),
        (
            deployment(selector={"matchLabels": {"app": "other"}}),
            "Deployment/dry/web spec.template.metadata.labels",
            "invalid value: `selector` does not match template `labels`",
        ),
        (
            named("v1", "Service", "web", "dry", spec={"ports": [{"port": 0}]}),
            "Service/dry/web spec.ports[0].port",
            "invalid value: must be between 1 and 65535, inclusive",
        ),
        (
            named("v1", "Secret", "s", "dry", data={"a": "correct-horse!"}),
            "Secret/dry/s",
            "error decoding from json: illegal base64 data at input byte 7",
        ),
        (
            named("v1", "Secret", "s", "dry", type="kubernetes.io/tls", data={"a": "Y29ycmVjdA=="}),
            "Secret/dry/s data[tls.crt]",
            "Required value",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_field(
    ask: Callable[..., Said], body: dict[str, Any], place: str, cause: str
) -> None:
    [finding, *_] = ask(body)["server-refused"]
    assert (finding["severity"], places([finding])) == ("error", [place])
    assert finding["cause"] == f"the API server: {cause}"
    assert finding["place"].endswith("(overlays/one/app.yaml)")


def test_what_cannot_be_changed_is_refused(ask: Callable[..., Said], server: ApiServer) -> None:
    server.api.apply(deployment("fixed"))
    changed = deployment("fixed")
    labels = {"app": "fixed", "more": "one"}
    changed["spec"]["selector"]["matchLabels"] = labels
    changed["spec"]["template"]["metadata"]["labels"] = labels
    [finding] = ask(changed)["server-refused"]
    assert places([finding]) == ["Deployment/dry/fixed spec.selector"]
    assert finding["cause"] == "the API server: invalid value: field is immutable"


def test_what_a_policy_forbids_is_refused(ask: Callable[..., Said], server: ApiServer) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    space = named("v1", "Namespace", "strict")
    server.api.apply({**space, "metadata": {"name": "strict", "labels": labels}})
    server.api.apply(named("v1", "ServiceAccount", "default", "strict"))
    container = {"name": "a", "image": "registry.yourdomain.com/web:1"}
    pod = named("v1", "Pod", "web", "strict", spec={"containers": [container]})
    [finding] = ask(pod)["server-refused"]
    assert 'violates PodSecurity "restricted:latest"' in finding["cause"]


def test_what_is_not_there_yet_is_told_once(ask: Callable[..., Said]) -> None:
    found = ask(settings("a", "later"), settings("b", "later"), settings("c", "sooner"))
    [note] = found["not-checked"]
    assert note["subject"] == "3 resources on the API server"
    assert note["cause"] == "the namespace is not there yet: later, sooner"
    assert found["server-refused"] == []


def test_a_kind_that_nothing_defines_is_an_error(ask: Callable[..., Said]) -> None:
    found = ask(named("g.example/v1", "App", "a", "dry"))
    assert places(found["not-served"]) == ["App/dry/a"]
    assert found["not-served"][0]["severity"] == "error"


def grant(server: ApiServer, *resources: str, verbs: tuple[str, ...]) -> None:
    """Let the account do this to objects of these kinds, and no more than before to others."""
    rules = [{"apiGroups": ["*"], "resources": list(resources), "verbs": list(verbs)}]
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "tries"}
    binding = named(RBAC, "ClusterRoleBinding", "tries", subjects=[USER], roleRef=ref)
    server.api.apply(named(RBAC, "ClusterRole", "tries", rules=rules), binding)


def test_a_right_that_is_missing_is_named(ask: Callable[..., Said], server: ApiServer) -> None:
    objects = settings("rights"), deployment("rights")
    [note] = ask(*objects, account=server.reader)["not-checked"]
    assert note["cause"] == (
        "the account may not patch all of it in the namespace dry: configmaps, deployments.apps"
    )
    assert "patch and create" in note["hint"]
    grant(server, "configmaps", "deployments", verbs=("patch",))
    [note] = ask(*objects, account=server.reader)["not-checked"]
    assert note["cause"].startswith("the account may not create all of it")
    grant(server, "configmaps", "deployments", verbs=("patch", "create"))
    assert ask(*objects, account=server.reader) == NOTHING


def test_a_role_with_more_than_the_account_has_is_not_told(
    ask: Callable[..., Said], server: ApiServer
) -> None:
    grant(server, "roles", verbs=("patch", "create"))
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]
    found = ask(named(RBAC, "Role", "more", "dry", rules=rules), account=server.reader)
    assert [note["cause"] for note in found["not-checked"]] == [
        "the account may not grant what the role does"
    ]
    assert found["server-refused"] == []


def test_the_example_is_taken_once_its_namespace_and_definition_are_there(
    run: Run, source: Source, server: ApiServer
) -> None:
    first = said(run, "example", server.admin)
    assert [note["cause"].partition(":")[0] for note in first["not-checked"]] == [
        "the bundle brings its definition, which is not there yet",
        "the namespace is not there yet",
    ]
    resources = build(find_overlay(source.root, "example")).manifests
    [definition] = [r for r in resources if r.id.kind == "CustomResourceDefinition"]
    server.api.apply(named("v1", "Namespace", "wandb"), definition.body)
    wait_for_kinds(server.api, [("apps.wandb.com/v1", "WeightsAndBiases")])
    assert said(run, "example", server.admin) == NOTHING


TYPO = """
apiVersion: v1
kind: ConfigMap
metadata: {name: typo, namespace: dry}
datas: {a: b}
"""


def test_a_field_that_a_chart_invents_is_a_warning(
    run: Run, source: Source, server: ApiServer, tmp_path: Path
) -> None:
    chart_of(source, tmp_path / "chart", TYPO)
    [finding] = said(run, "guide", server.admin)["server-refused"]
    assert (finding["severity"], places([finding])) == ("warning", ["ConfigMap/dry/typo datas"])


def test_doctor_tells_the_same(run: Run, ask: Callable[..., Said], server: ApiServer) -> None:
    ask(settings(datas={}), settings("well"), settings("x", "later"))
    result = run("doctor", "one", "--only=cluster", f"--kubeconfig={server.admin}", "--server")
    assert "failure  ConfigMap/dry/a datas (overlays/one/app.yaml): the API server" in result.out
    assert "skipped  dry run of ConfigMap/later/x: the namespace is not there yet" in result.out
    assert "ok       dry run: the API server takes 1 resource" in result.out
