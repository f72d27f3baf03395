"""The published bundle, read from a real Git repository."""

import subprocess
from pathlib import Path

import pytest

from builder.core.errors import ConfigurationError, ToolError
from builder.publish import Target, publish
from builder.published import Published, read

LOCK = b"lockVersion: 1\nenvironment: e\nkubernetes: '1.30'\ncharts: []\nimages: []\nnested: []\n"
POD = b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
FILES = {
    "bundle.lock.yaml": LOCK,
    "kustomization.yaml": b"resources: [pod.yaml]\n",
    "pod.yaml": POD,
}


def git(repository: Path, *argv: str) -> str:
    command = ["git", "-C", str(repository), *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "gitops.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(path)], check=True)
    return path


@pytest.fixture
def target(repository: Path) -> Target:
    return Target(repository=str(repository), branch="main", path="e")


def put(target: Target, files: dict[str, bytes]) -> str:
    return publish(files, target, environment="e").commit


def test_nothing_is_published_in_an_empty_repository(target: Target) -> None:
    found = read(target)
    assert (found.commit, found.files, list(found.manifests), found.lock) == ("", {}, [], None)
    assert found.against.endswith("gitops.git, which does not have it yet")


def test_another_environment_is_not_this_one(target: Target, repository: Path) -> None:
    put(Target(repository=str(repository), branch="main", path="other"), FILES)
    found = read(target)
    assert (found.files, found.lock) == ({}, None)
    assert found.commit


def test_what_was_published_is_read_back(target: Target, repository: Path) -> None:
    commit = put(target, {**FILES, "deep/er/ünï.yaml": POD.replace(b"a}", b"b}"), "empty": b""})
    found = read(target)
    assert found.commit == commit == git(repository, "rev-parse", "main")
    assert found.files == {
        **FILES,
        "deep/er/ünï.yaml": POD.replace(b"a}", b"b}"),
        "empty": b"",
    }
    assert [str(r.id) for r in found.manifests] == ["Pod/b", "Pod/a"]
    assert found.lock is not None
    assert found.lock.kubernetes == "1.30"
    assert found.against == f"e/ on main of {repository} at {commit[:12]}"


def test_every_way_to_name_a_commit(target: Target, repository: Path) -> None:
    old = put(target, FILES)
    git(repository, "tag", "v1", old)
    git(repository, "-c", "user.name=x", "-c", "user.email=x@x", "tag", "-m", "m", "v1a", old)
    git(repository, "branch", "release/1", old)
    git(repository, "update-ref", "refs/pull/1/head", old)
    new = put(target, {**FILES, "more.yaml": POD.replace(b"a}", b"b}")})
    for ref in ("v1", "v1a", "release/1", "refs/pull/1/head", "refs/tags/v1", old):
        found = read(target, against=ref)
        assert (found.commit, found.files) == (old, FILES), ref
    for ref in ("main", "refs/heads/main", "HEAD"):
        assert read(target, against=ref).commit == new
    assert read(target).commit == new


@pytest.mark.parametrize("ref", ["v9", "a" * 40, "main~1", "--upload-pack=x", "a..b", "../main"])
def test_a_ref_that_is_missing_is_an_error(target: Target, ref: str) -> None:
    put(target, FILES)
    with pytest.raises(ConfigurationError, match="is no branch, tag or commit"):
        read(target, against=ref)


def test_a_pattern_does_not_name_another_branch(target: Target, repository: Path) -> None:
    git(repository, "branch", "a/main", put(target, FILES))
    with pytest.raises(ConfigurationError, match="is no branch, tag or commit"):
        read(Target(repository=str(repository), branch="main", path="e"), against="a")


def test_the_root_of_a_branch(repository: Path) -> None:
    target = Target(repository=str(repository), branch="environment/e", path="")
    put(target, FILES)
    assert read(target).files == FILES


def test_a_folder_that_sealift_did_not_write_is_refused(target: Target, repository: Path) -> None:
    put(target, FILES)
    with pytest.raises(ConfigurationError, match="files that Sealift did not write"):
        read(Target(repository=str(repository), branch="main", path=""))


def test_a_repository_that_does_not_answer(tmp_path: Path) -> None:
    target = Target(repository=str(tmp_path / "missing"), branch="main", path="e")
    with pytest.raises(ToolError, match="does not answer"):
        read(target)


@pytest.mark.parametrize("content", [b"a: [", b"kind: Pod\n", b"- 1\n"])
def test_a_file_that_is_no_manifest_is_named(content: bytes) -> None:
    found = Published(source="e/ on main of r", files={"x.yaml": content})
    with pytest.raises(ConfigurationError, match=r"^e/ on main of r: x\.yaml"):
        _ = found.manifests


def test_nothing_is_left_behind(target: Target, scratch: Path) -> None:
    put(target, FILES)
    read(target)
    assert list(scratch.iterdir()) == []
