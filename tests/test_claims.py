"""Nobody's bundle is replaced, or removed, by another's: folders of a branch, and tags."""

import hashlib
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.claims import SYNC, named
from builder.core import lock as locks
from builder.core.errors import ConfigurationError
from builder.publish import publish
from builder.publish_oci import publish_oci
from builder.target import Target
from builder.tools.git import git
from builder.tools.registry import INDEX, MANIFEST, Registry
from tests.conftest import Refused, Run
from tests.servers.git_http import git_http
from tests.servers.registry import registry
from tests.source import Source
from tests.test_publish import commit, commits

Publish = Callable[..., str]


def bundle(environment: str) -> dict[str, bytes]:
    lock = f"# Written by sealift build.\nlockVersion: 1\nenvironment: {environment}\n"
    return {"kustomization.yaml": b"resources: []\n", locks.FILE: lock.encode()}


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "gitops.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    return folder


@pytest.fixture
def put(gitops: Path) -> Publish:
    """Publish the bundle of an environment to a path; return what was said against it."""

    def put(environment: str, path: str, repository: str = "") -> str:
        target = Target(repository=repository or str(gitops), branch="main", path=path)
        before = tree(gitops)
        try:
            publish(bundle(environment), target, environment=environment)
        except ConfigurationError as error:
            assert tree(gitops) == before
            return f"{error.what}\n{error.hint}"
        return ""

    return put


def tree(repository: Path) -> list[str]:
    listed = git(repository, ["for-each-ref", "--format=%(objectname)"]).split()
    return git(repository, ["ls-tree", "-r", "main"]).decode().splitlines() if listed else []


def paths(repository: Path) -> list[str]:
    return [line.partition("\t")[2] for line in tree(repository)]


def test_the_bundle_of_another_environment_is_not_replaced(put: Publish) -> None:
    assert put("prod", "prod") == ""
    said = put("staging", "prod")
    assert said.startswith("prod/ on main holds the bundle of prod\n")
    assert "where the environment was renamed, remove the folder from the branch" in said
    assert put("prod", "prod") == ""


def test_a_bundle_below_another_is_refused(put: Publish) -> None:
    assert put("prod", "prod") == ""
    for path in ("prod/x", "prod/x/y"):
        said = put("child", path)
        assert "prod/ on main holds the bundle of prod, which replaces all" in said
        assert f"{path} would be lost" in said


@pytest.mark.parametrize("path", ["prod/x", "prod/x/y"])
def test_a_bundle_above_another_is_refused(put: Publish, gitops: Path, path: str) -> None:
    """Both were there before anybody looked for this."""
    commit(gitops, **{f"{f}/{n}": text.decode() for f, e in (("prod", "prod"), (path, "child"))
                      for n, text in bundle(e).items()})  # fmt: skip
    said = put("prod", "prod")
    assert f"{path}/ on main holds the bundle of child, and would be removed with all" in said


def test_the_root_of_a_branch_is_a_folder_above(put: Publish) -> None:
    assert put("prod", "") == ""
    assert "the root on main holds the bundle of prod, which replaces" in put("child", "x")
    assert "the root on main holds the bundle of prod\n" in put("child", "")


def test_the_root_above_a_bundle_is_refused(put: Publish, gitops: Path) -> None:
    commit(gitops, **{locks.FILE: "environment: prod\n", "x/bundle.lock.yaml": "environment: x\n"})
    assert "x/ on main holds the bundle of x, and would be removed" in put("prod", "")


def test_an_environment_may_move_its_own_folder(put: Publish, gitops: Path) -> None:
    assert put("prod", "prod") == ""
    assert put("prod", "prod/wandb") == ""
    assert put("prod", "prod") == ""
    assert paths(gitops) == ["prod/bundle.lock.yaml", "prod/kustomization.yaml"]


def test_neighbours_are_left_alone(put: Publish, gitops: Path) -> None:
    for environment, path in (("a", "x/a"), ("b", "x/b"), ("c", "x-c"), ("a", "x/a")):
        assert put(environment, path) == ""
    assert {path.rpartition("/")[0] for path in paths(gitops)} == {"x/a", "x/b", "x-c"}


@pytest.mark.parametrize("lock", ["", "{}\n", "environment: [prod]\n", "environment: &a\n", "x"])
def test_a_marker_that_names_nobody_is_not_ours(put: Publish, gitops: Path, lock: str) -> None:
    commit(gitops, **{"prod/bundle.lock.yaml": lock})
    assert "holds a bundle.lock.yaml that Sealift did not write" in put("prod", "prod")


def test_a_bundle_does_not_replace_sync_objects(put: Publish, gitops: Path) -> None:
    commit(gitops, **{f"clusters/{SYNC}": "environments: [a, b]\n"})
    assert "clusters/ on main holds files that Sealift did not write" in put("a", "clusters")
    assert "clusters/ on main holds the sync objects of a, b, which" in put("a", "clusters/a")


def test_a_server_that_keeps_content_back_is_asked_for_the_marker(
    put: Publish, gitops: Path
) -> None:
    """One request more, with the login; nothing when the folder is new."""
    git(gitops, ["config", "uploadpack.allowFilter", "true"])
    with git_http(gitops.parent) as server:
        url = server.url("gitops.git")
        assert put("prod", "prod", url) == ""
        before = len(server.requests)
        assert put("other", "other", url) == ""
        without = len(server.requests) - before
        assert "holds the bundle of prod" in put("staging", "prod", url)
        before = len(server.requests)
        assert put("prod", "prod", url) == ""
        assert len(server.requests) - before <= without + 3


def test_the_login_serves_for_the_marker(
    put: Publish, gitops: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(gitops, ["config", "uploadpack.allowFilter", "true"])
    with git_http(gitops.parent, username="robot", password="correct-horse") as server:
        monkeypatch.setenv("SEALIFT_GIT_USERNAME", "robot")
        monkeypatch.setenv("SEALIFT_GIT_PASSWORD", "correct-horse")
        monkeypatch.setenv("SEALIFT_GIT_HOST", server.base_url)
        url = server.url("gitops.git")
        assert put("prod", "prod", url) == ""
        assert "holds the bundle of prod" in put("staging", "prod", url)


def test_a_folder_that_filters_is_published_to(put: Publish, gitops: Path) -> None:
    """Git takes no folder for a promisor: what it leaves out there cannot be fetched later."""
    git(gitops, ["config", "uploadpack.allowFilter", "true"])
    assert put("prod", "prod") == ""
    assert put("other", "other") == ""
    assert "holds the bundle of prod" in put("other", "prod")


@pytest.mark.parametrize("content", [b"environments: a\n", b"x\n", b"a: [\n", b"environments: [1]"])
def test_sync_markers_that_sealift_did_not_write(content: bytes) -> None:
    assert named(SYNC, content) == ()


def test_the_name_of_an_environment_that_yaml_quotes() -> None:
    assert named(locks.FILE, b"lockVersion: 1\nenvironment: 'on'\nimages: []\n") == ("on",)


def test_the_path_of_an_extended_environment_is_not_inherited(
    source: Source, run: Run, refused: Refused, gitops: Path
) -> None:
    source.edit("overlays/example/environment.yaml", "branch: main", "path: apps/wandb")
    source.overlay("child", "resources: [../example]\n")
    for name in ("example", "child"):
        assert run("publish", name, "--repository", str(gitops)).code == 0
    assert {path.rpartition("/")[0] for path in paths(gitops)} == {"apps/wandb", "child"}
    source.write("overlays/child/environment.yaml",
                 "extends: example\npublish: {path: apps/wandb}\n")  # fmt: skip
    said = refused("publish", "child", "--repository", str(gitops))
    assert "apps/wandb/ on main holds the bundle of example" in said
    assert len(commits(gitops)) == 2


# Tags of a registry.


@pytest.fixture
def oci(needs_registry: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("SEALIFT_PLAIN_HTTP", "1")
    with registry(tmp_path / "registry") as server:
        yield server.host


def test_the_tag_of_another_environment_is_not_replaced(oci: str) -> None:
    reference = f"oci://{oci}/bundles:stable"
    first = publish_oci(bundle("prod"), reference, environment="prod")
    for dry_run in (False, True):
        with pytest.raises(ConfigurationError, match="bundle of prod, not of staging") as raised:
            publish_oci(bundle("staging"), reference, environment="staging", dry_run=dry_run)
        assert "delete the tag" in str(raised.value.hint)
    again = publish_oci(bundle("prod"), reference, environment="prod")
    assert (again.digest, again.changed) == (first.digest, False)
    changed = {**bundle("prod"), "a.yaml": b"a: 1\n"}
    assert publish_oci(changed, reference, environment="prod").changed


@pytest.mark.parametrize("kind", ["image", "index", "flux"])
def test_what_sealift_did_not_push_is_not_replaced(oci: str, kind: str) -> None:
    with Registry(oci, plain_http=True) as there:
        config = b"{}"
        there.push_blob("app", config)
        described = {
            "mediaType": "application/vnd.cncf.flux.config.v1+json"
            if kind == "flux"
            else "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
            "size": len(config),
        }
        notes = {"annotations": {"org.opencontainers.image.title": "prod"}}
        value: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}
        value |= {"config": described}
        value |= {} if kind == "flux" else notes
        if kind == "index":
            value = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], **notes}
        body = json.dumps(value).encode()
        there.push_manifest("app", "latest", body, value["mediaType"])
        with pytest.raises(ConfigurationError, match="that Sealift did not push"):
            publish_oci(bundle("prod"), f"oci://{oci}/app:latest", environment="prod")
        assert there.manifest("app", "latest") == body
