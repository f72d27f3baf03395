"""``sealift sync`` on the example, and the order that holds inside the bundle."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from builder.build import build
from builder.core import bundle
from builder.core.manifests import Manifests, from_kustomize
from builder.core.sync import HealthRule, Source, Synced, instance_kinds, mark, objects
from builder.render import render
from builder.tools.git import git
from builder.workspace import find_overlay
from tests import crds
from tests.conftest import Refused, Run
from tests.servers.git_http import git_http
from tests.source import Source as Repository
from tests.source import plain_kustomize


def documents(text: str) -> list[dict[str, Any]]:
    found = list(yaml.safe_load_all(text))
    crds.check(body for body in found if body["apiVersion"] != "v1")
    return found


@pytest.mark.parametrize(
    ("engine", "kinds"),
    [
        ("argocd", ["AppProject", "Application"]),
        ("flux", ["GitRepository", "Kustomization"]),
    ],
)
def test_the_example(
    run: Run, source: Repository, engine: str, kinds: list[str], tmp_path: Path
) -> None:
    argv = ("sync", "example", "--engine", engine)
    printed = run(*argv)
    assert printed.code == 0
    found = documents(printed.out)
    assert [body["kind"] for body in found if body["kind"] in kinds] == kinds
    assert run(*argv).out == printed.out

    written = run(*argv, "-o", str(tmp_path / "out"))
    assert written.code == 0
    files = sorted((tmp_path / "out").iterdir())
    texts = "---\n".join(path.read_text() for path in files)
    assert sorted(map(str, documents(texts))) == sorted(map(str, found))


def test_several_environments(run: Run, source: Repository) -> None:
    source.overlay(
        "second",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources: [../example]\n",
    )
    named = run("sync", "example", "second", "--engine", "argocd")
    every = run("sync", "--all", "--engine", "argocd")
    assert named.code == every.code == 0
    assert named.out == every.out
    kinds = [body["kind"] for body in documents(named.out)]
    assert kinds.count("AppProject") == 2
    assert kinds.count("ApplicationSet") == 1
    assert kinds.count("Application") == 0


def test_an_artifact_for_flux(run: Run, source: Repository) -> None:
    to = "oci://registry.example.com/bundles"
    found = documents(run("sync", "example", "--engine", "flux", "--to", to).out)
    assert found[0]["spec"]["url"] == to
    assert found[0]["spec"]["ref"] == {"tag": "example"}


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "name environments, or give --all"),
        (("example", "--all"), "name environments, or give --all"),
        (("exampel", "--engine", "flux"), "did you mean 'example'?"),
        (("guide", "--engine", "flux"), "no repository to publish guide to"),
        (("example", "--engine", "argocd", "--to", "oci://r.example.com/b"), "OCI artifact"),
        (("example", "--engine", "flux", "--to", "r.example.com/b"), "not an OCI reference"),
        (("example", "--engine", "flux", "--repository", "gitops.git"), "no cluster can fetch"),
        (("example", "--to", "oci://r.example.com/b", "--branch", "main"), "are for Git"),
        (("example", "--engine", "flux", "--repository", "https://a:b@c/d"), "credentials"),
    ],
)
def test_refused(refused: Refused, argv: tuple[str, ...], said: str) -> None:
    assert said in refused("sync", *argv)


def test_settings(run: Run, source: Repository) -> None:
    source.edit(
        "overlays/example/environment.yaml",
        "  branch: main",
        "  branch: main\n  secret: git-login\n"
        "sync:\n  engine: flux\n  namespace: gitops\n  interval: 5m",
    )
    printed = run("sync", "example")
    found = documents(printed.out)
    assert printed.err == ""
    assert {body["metadata"]["namespace"] for body in found} == {"gitops"}
    assert found[0]["spec"]["interval"] == "5m"
    assert found[0]["spec"]["secretRef"] == {"name": "git-login"}
    assert [body["metadata"]["name"] for body in found] == [
        "example",
        "example-platform",
        "example",
    ]
    assert found[2]["spec"]["healthCheckExprs"][0]["kind"] == "WeightsAndBiases"


def test_an_engine_that_the_bundle_is_not_made_for(refused: Refused, source: Repository) -> None:
    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: flux}\npublish:")
    assert "is made for flux" in refused("sync", "example", "--engine", "argocd")


def test_a_project_of_several_environments_is_written_for_all(
    refused: Refused, run: Run, source: Repository
) -> None:
    source.edit(
        "overlays/example/environment.yaml",
        "publish:",
        "sync: {engine: argocd, project: shared}\npublish:",
    )
    source.overlay(
        "second",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        "resources: [../example]\n",
    )
    assert "--all" in refused("sync", "example")
    assert next(b["kind"] for b in documents(run("sync", "--all").out)) == "AppProject"


def written(manifests: Manifests, source: Repository) -> Path:
    """Write a bundle of these resources."""
    lock = build(find_overlay(source.root, "example")).lock
    folder = source.root / "bundle"
    for name, content in bundle.tree(manifests, lock).items():
        source.write(f"bundle/{name}", content.decode())
    return folder


@pytest.fixture
def gitops(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A repository over HTTP: its URL, and its folder."""
    folder = tmp_path / "served" / "gitops.git"
    git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(folder)])
    with git_http(folder.parent) as server:
        yield server.url("gitops.git"), folder


@pytest.mark.parametrize("engine", ["argocd", "flux"])
def test_the_objects_are_committed_beside_the_bundle(
    run: Run, source: Repository, gitops: tuple[str, Path], engine: str
) -> None:
    url, folder = gitops
    assert run("publish", "example", "--repository", url).code == 0
    argv = ("sync", "example", "--engine", engine, "--repository", url)
    printed = documents(run(*argv).out)
    commits = ["rev-list", "--count", "main"]
    dry = run(*argv, "--publish", "bootstrap", "--dry-run")
    assert dry.out.startswith("would be published: ")
    assert git(folder, commits) == b"1\n"
    first = run(*argv, "--publish", "bootstrap")
    assert first.code == 0
    assert first.out.startswith("published: ")
    assert run(*argv, "--publish", "bootstrap").out.startswith("nothing to do")
    assert git(folder, commits) == b"2\n"
    names = git(folder, ["ls-tree", "--name-only", "main:bootstrap"]).decode().split()
    read = {name: git(folder, ["show", f"main:bootstrap/{name}"]).decode() for name in names}
    listed = yaml.safe_load(read.pop("kustomization.yaml"))["resources"]
    assert yaml.safe_load(read.pop("sealift-sync.yaml")) == {"environments": ["example"]}
    assert [yaml.safe_load(read[name]) for name in listed] == [
        body for body in printed if body["metadata"]["name"] != "argocd-cm"
    ]
    fragments = ["configmap-argocd-argocd-cm.yaml.fragment"] if engine == "argocd" else []
    assert sorted(read) == sorted([*listed, *fragments])
    for name in fragments:
        assert yaml.safe_load(read[name]) in printed
        assert "Add these keys to the argocd-cm of your Argo CD" in " ".join(read[name].split())
    assert run("diff", "example", "--repository", url).code == 0


def test_the_objects_stand_in_no_bundle(
    run: Run, refused: Refused, source: Repository, gitops: tuple[str, Path]
) -> None:
    url, folder = gitops
    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: flux}\npublish:")
    assert run("publish", "example", "--repository", url).code == 0
    argv = ("sync", "example", "--repository", url, "--publish")
    for path in ("example", "example/sync"):
        assert "would stand in, or above, the bundle at example" in refused(*argv, path)
    said = refused(*argv, "../x")
    assert "'../x' is not a path to publish to" in said
    assert git(folder, ["rev-list", "--count", "main"]) == b"1\n"


def test_the_objects_of_others_are_not_dropped(
    run: Run, refused: Refused, source: Repository, gitops: tuple[str, Path]
) -> None:
    url, folder = gitops
    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: argocd}\npublish:")
    source.overlay("second", "resources: [../example]\n")
    argv = ("--repository", url, "--publish", "clusters")
    assert run("sync", "example", *argv).code == 0
    said = refused("sync", "second", *argv)
    assert "clusters/ on main holds the sync objects of example\n" in said
    assert "these would be dropped: name them too, or give --all" in said
    assert run("sync", "example", "second", *argv).code == 0
    assert "holds the sync objects of second\n" in refused("sync", "example", *argv)
    shutil.rmtree(source.path("overlays/second"))
    assert run("sync", "example", *argv).code == 0
    marker = git(folder, ["show", "main:clusters/sealift-sync.yaml"]).decode()
    assert yaml.safe_load(marker) == {"environments": ["example"]}


def test_the_objects_do_not_stand_above_a_bundle(
    run: Run, refused: Refused, source: Repository, gitops: tuple[str, Path]
) -> None:
    """Of an environment that is not named, with a marker that would let the folder be replaced."""
    url, _ = gitops
    source.overlay("second", "resources: [../example]\n",
                   "extends: example\npublish: {path: clusters/second}\n")  # fmt: skip
    argv = ("sync", "example", "--engine", "flux", "--repository", url, "--publish", "clusters")
    assert run(*argv).code == 0
    said = refused("publish", "second", "--repository", url)
    assert "clusters/ on main holds the sync objects of example, which replaces all" in said


def test_kubectl_apply_k_applies_in_order(source: Repository) -> None:
    """People who run ``kubectl apply -k`` get what a kustomization lists, in its order."""
    manifests = render(find_overlay(source.root, "example")).manifests
    folder = written(manifests, source)
    applied = list(from_kustomize(plain_kustomize(folder), source="bundle"))
    assert [r.id for r in applied] == [r.id for r in bundle.order(manifests)]
    phases = [bundle.phase(r) for r in applied]
    assert phases == sorted(phases)
    kinds = [r.id.kind for r in applied]
    order = ["Namespace", "CustomResourceDefinition", "Deployment", "WeightsAndBiases"]
    assert sorted(order, key=kinds.index) == order
    files = [path.name for path in sorted(folder.glob("[0-9]*.yaml"))]
    assert files == yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]


def test_flux_kustomizations_share_the_bundle(source: Repository) -> None:
    """Each resource belongs to one of both: what Flux would build of the folder with patches."""
    plain = render(find_overlay(source.root, "example")).manifests
    instances = instance_kinds(plain)
    folder = written(mark(plain, "flux", instances), source)
    one = Synced(
        environment="example",
        source=Source(url="https://git.example.com/gitops.git", path="example"),
        manifests=plain,
        instances=instances,
        health=(HealthRule(group="apps.wandb.com", kind="WeightsAndBiases", phase="/p", ready=()),),
        namespace="flux-system",
    )
    _, before, after = objects("flux", [one])
    parts = []
    for entry in (before, after):
        path = folder / "kustomization.yaml"
        text = path.read_text()
        path.write_text(text + yaml.safe_dump({"patches": entry.body["spec"]["patches"]}))
        parts.append([r.id for r in from_kustomize(plain_kustomize(folder), source="bundle")])
        path.write_text(text)
    assert [r.kind for r in parts[1]] == ["WeightsAndBiases"]
    assert [*parts[0], *parts[1]] == [r.id for r in bundle.order(plain)]
