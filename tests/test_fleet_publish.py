"""Many bundles go out: one commit for a branch, and only what may be published."""

import json
from pathlib import Path

import pytest

from builder.tools.git import git
from tests.conftest import Refused, Run
from tests.servers.git_http import git_http
from tests.source import Source
from tests.test_publish import commit, commits, files
from tests.test_publish import git as plain_git

AUTHOR = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]
NAMES = ("eu-1", "eu-2", "us-1")


def variant(source: Source, name: str, text: str, more: str = "") -> None:
    """An environment that differs from the example in one ConfigMap."""
    source.overlay(name, "resources: [../example, more.yaml]\n", f"extends: example\n{more}")
    source.write(
        f"overlays/{name}/more.yaml",
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: more}}\ndata: {{key: {text}}}\n",
    )


@pytest.fixture
def fleet(source: Source) -> Source:
    for name in NAMES:
        variant(source, name, "one")
    return source


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "gitops.git"
    git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(folder)])
    git(folder, ["config", "uploadpack.allowFilter", "true"])
    return folder


@pytest.mark.parametrize("transport", ["file", "http"])
def test_many_become_one_commit(fleet: Source, run: Run, gitops: Path, transport: str) -> None:
    commit(gitops, **{"other/file": "theirs"})
    with git_http(gitops.parent) as server:
        url = server.url("gitops.git") if transport == "http" else str(gitops)
        first = run("publish", *NAMES, "--repository", url)
        assert (first.code, commits(gitops)) == (0, ["Publish 3 environments", "By someone else"])
        assert f"published: 3 of 3 environments on main of {url}\ncommit " in first.out
        run("build", *NAMES, "-o", "out")
        built = {
            f"{path.relative_to(fleet.path('out'))}": path.read_text()
            for path in fleet.path("out").rglob("*") if path.is_file()
        }  # fmt: skip
        assert sorted(files(gitops)) == sorted([*built, "other/file"])
        for name, text in built.items():
            assert plain_git(gitops, "show", f"main:{name}") == text.strip()
        variant(fleet, "eu-2", "two")
        second = run("publish", *NAMES, "--repository", url, "--json")
        assert [one["changed"] for one in json.loads(second.out)] == [False, True, False]
        assert commits(gitops)[0] == "Publish eu-2"
        changed = plain_git(gitops, "diff", "--name-only", "main~", "main").splitlines()
        assert all(name.startswith("eu-2/") for name in changed)
        tip = plain_git(gitops, "rev-parse", "main")
        third = run("publish", "eu-*", "us-*", "--repository", url)
        assert "nothing to do, already published: 3 environments on main" in third.out
        assert (third.code, plain_git(gitops, "rev-parse", "main")) == (0, tip)


def test_one_commit_is_as_good_as_many(fleet: Source, run: Run, tmp_path: Path) -> None:
    trees = []
    for number in range(2):
        folder = tmp_path / f"g{number}.git"
        git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(folder)])
        for names in [NAMES] if number else [[name] for name in NAMES]:
            assert run("publish", *names, "--repository", str(folder)).code == 0
        trees.append(plain_git(folder, "rev-parse", "main^{tree}"))
    assert trees[0] == trees[1]


def test_what_does_not_ship_is_left_out(fleet: Source, run: Run, gitops: Path) -> None:
    fleet.write("overlays/us-1/environment.yaml", "base: [\n")
    argv = ("publish", *NAMES, "guide", "--repository", str(gitops))
    strict = run(*argv, "--all-or-nothing")
    assert (strict.code, strict.out) == (2, "")
    assert "nothing is published: not all of them ship" in strict.err
    assert plain_git(gitops, "branch", "--list") == ""
    result = run(*argv)
    assert result.code == 2
    assert "guide: does not ship, 26 errors" in result.err
    assert "error: us-1: overlays/us-1/environment.yaml:" in result.err
    assert {name.partition("/")[0] for name in files(gitops)} == {"eu-1", "eu-2"}
    fleet.write("overlays/us-1/environment.yaml", "extends: example\n")
    assert run(*argv).code == 1


def test_a_folder_of_others_is_left_alone(fleet: Source, run: Run, gitops: Path) -> None:
    commit(gitops, **{"eu-1/theirs": "text"})
    argv = ("publish", *NAMES, "--repository", str(gitops))
    held = run(*argv, "--all-or-nothing")
    assert held.code == 2
    assert "held back: 2 environments" in held.out
    assert commits(gitops) == ["By someone else"]
    result = run(*argv, "--json")
    assert result.code == 2
    assert f"error: eu-1: {gitops}: eu-1/ on main holds files that Sealift did not write" in (
        result.err
    )
    found = json.loads(result.out)
    assert [one["changed"] for one in found] == [False, True, True]
    assert found[0]["error"]["what"].startswith("eu-1/ on main holds files")
    assert "eu-1/theirs" in files(gitops)
    assert {name.partition("/")[0] for name in files(gitops)} == set(NAMES)
    plain = run("publish", "eu-1", "--repository", str(gitops))
    assert plain.err.partition("\n")[0].removeprefix("error: ") in result.err


def test_two_in_one_folder_are_refused(fleet: Source, run: Run, gitops: Path) -> None:
    for name, path in (("eu-1", "a/b"), ("eu-2", "a/b"), ("us-1", "a/b/c")):
        repository = f"publish: {{repository: {gitops}, path: {path}}}\n"
        fleet.write(f"overlays/{name}/environment.yaml", f"extends: example\n{repository}")
    variant(fleet, "ap-1", "one", f"publish: {{repository: {gitops}, path: a/bc}}\n")
    result = run("publish", *NAMES, "ap-1")
    assert result.code == 2
    for name, other in (("eu-1", "eu-2"), ("eu-2", "eu-1"), ("us-1", "eu-1")):
        assert f"error: {name}: {gitops}: a/b" in result.err
        assert f"is in the folder of {other}, which replaces" in result.err
    assert {name.rpartition("/")[0].split("/")[1] for name in files(gitops)} == {"bc"}


def test_each_branch_and_repository_gets_its_own(
    fleet: Source, run: Run, gitops: Path, tmp_path: Path
) -> None:
    other = tmp_path / "served" / "other.git"
    git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(other)])
    variant(fleet, "eu-1", "a", f"publish: {{repository: {gitops}, branch: eu-1}}\n")
    variant(fleet, "eu-2", "b", f"publish: {{repository: {other}}}\n")
    variant(fleet, "us-1", "c", f"publish: {{repository: {gitops}, branch: eu-1}}\n")
    variant(fleet, "us-2", "d", "publish: {repository: /nowhere/gitops.git}\n")
    variant(fleet, "us-3", "e", "publish: {repository: relative.git}\n")
    result = run("publish", *NAMES, "us-2", "us-3")
    assert result.code == 3
    assert commits(gitops, "eu-1") == ["Publish 2 environments"]
    assert commits(other) == ["Publish eu-2"]
    assert "error: us-2: the Git repository /nowhere/gitops.git does not answer" in result.err
    assert "error: us-3: overlays/us-3/environment.yaml: publish.repository" in result.err


def test_an_older_source_is_refused_for_what_it_would_change(
    fleet: Source, run: Run, gitops: Path
) -> None:
    def committed(text: str) -> str:
        variant(fleet, "eu-1", text)
        git(fleet.root, ["add", "."])
        git(fleet.root, [*AUTHOR, "commit", "-q", "-m", text])
        return git(fleet.root, ["rev-parse", "HEAD"]).decode().strip()

    git(fleet.root, ["init", "-q", "-b", "main"])
    older, newer = committed("two"), committed("three")
    argv = ("publish", "eu-1", "eu-2", "--repository", str(gitops))
    assert run(*argv).code == 0
    git(fleet.root, ["checkout", "-q", older])
    result = run(*argv, "us-1")
    assert result.code == 2
    assert f"error: eu-1: eu-1 was published from {newer[:12]}, which is newer than" in result.err
    assert "eu-2" not in result.err
    assert commits(gitops)[0] == "Publish us-1"
    assert run(*argv, "--allow-older").code == 0


def test_a_rehearsal_pushes_nothing(fleet: Source, run: Run, gitops: Path) -> None:
    result = run("publish", *NAMES, "--repository", str(gitops), "--dry-run")
    assert result.code == 0
    assert "would be published: 3 of 3 environments on main" in result.out
    assert plain_git(gitops, "branch", "--list") == ""


def test_hydrated_branches_are_one_each(fleet: Source, run: Run, gitops: Path) -> None:
    git(fleet.root, ["init", "-q", "-b", "main"])
    git(fleet.root, ["add", "."])
    git(fleet.root, [*AUTHOR, "commit", "-q", "-m", "Sources"])
    argv = ("publish", "eu-*", "--repository", str(gitops), "--mode", "hydrator")
    result = run(*argv, "--json")
    assert result.code == 0, result
    assert [one["environment"] for one in json.loads(result.out)] == ["eu-1", "eu-2"]
    branches = plain_git(gitops, "branch", "--format=%(refname:short)").splitlines()
    assert branches == ["environment/eu-1-next", "environment/eu-2-next"]


def test_an_artifact_is_of_one(fleet: Source, refused: Refused) -> None:
    said = refused("publish", "eu-1", "eu-2", "--to", "oci://registry.example.com/a")
    assert "--to is the place of one environment" in said
