"""An older source commit does not replace what a newer one published, unless it is asked to."""

from pathlib import Path

import pytest

from builder.rollback import published_source
from builder.tools.git import git
from tests.conftest import Refused, Run
from tests.servers.git_http import git_http
from tests.source import Source

AUTHOR = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]


def change(source: Source, text: str) -> str:
    """Commit a change of the environment ``more`` to the sources; return the commit."""
    source.overlay("more", "resources: [../example, more.yaml]\n")
    source.write("overlays/more/more.yaml",
                 f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: more}}\ndata: {{a: {text}}}\n"
                 )  # fmt: skip
    if not source.path(".git").exists():
        git(source.root, ["init", "-q", "-b", "main"])
    git(source.root, ["add", "."])
    git(source.root, [*AUTHOR, "commit", "-q", "-m", text])
    return head(source)


def head(source: Source) -> str:
    return git(source.root, ["rev-parse", "HEAD"]).decode().strip()


def at(source: Source, commit: str) -> None:
    git(source.root, ["checkout", "-q", commit])


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    folder = tmp_path / "served" / "gitops.git"
    git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(folder)])
    return folder


@pytest.mark.parametrize("mode", ["commit", "hydrator"])
@pytest.mark.parametrize("transport", ["file", "http"])
def test_an_older_commit_is_refused(
    source: Source, run: Run, refused: Refused, gitops: Path, mode: str, transport: str
) -> None:
    git(gitops, ["config", "uploadpack.allowFilter", "true"])
    with git_http(gitops.parent) as server:
        url = server.url("gitops.git") if transport == "http" else str(gitops)
        argv = ("publish", "more", "--repository", url, "--mode", mode)
        older, newer = change(source, "one"), change(source, "two")
        assert run(*argv).code == 0
        assert run("publish", "example", "--repository", url).code == 0  # ours is not the tip
        at(source, older)
        for more in ((), ("--dry-run",)):
            said = refused(*argv, *more)
            assert f"more was published from {newer[:12]}, which is newer than {older[:12]}" in said
            assert "--allow-older" in said
        assert run(*argv, "--allow-older").code == 0
        at(source, newer)
        assert run(*argv).code == 0


def test_a_proposal_of_an_older_commit_is_refused(
    source: Source, run: Run, refused: Refused, gitops: Path
) -> None:
    older, _ = change(source, "one"), change(source, "two")
    argv = ("publish", "more", "--repository", str(gitops))
    assert run(*argv).code == 0
    at(source, older)
    assert "this would roll it back" in refused(*argv, "--pull-request", "--dry-run")


def test_what_is_no_rollback_passes(source: Source, run: Run, gitops: Path) -> None:
    argv = ("publish", "more", "--repository", str(gitops))
    first = change(source, "one")
    assert run(*argv).code == 0
    git(source.root, ["checkout", "-q", "--detach", first])
    change(source, "side")  # a commit that is beside, not before
    assert run(*argv).code == 0
    at(source, "main")
    change(source, "two")
    assert run(*argv).code == 0
    at(source, first)  # nothing changes: nothing is rolled back
    assert run("publish", "example", "--repository", str(gitops)).code == 0


def test_a_commit_that_the_sources_do_not_have_passes(
    source: Source, run: Run, gitops: Path
) -> None:
    older, newer = change(source, "one"), change(source, "two")
    argv = ("publish", "more", "--repository", str(gitops))
    assert run(*argv).code == 0
    at(source, older)
    git(source.root, ["branch", "-q", "-D", "main"])
    git(source.root, ["reflog", "expire", "--expire=now", "--all"])
    git(source.root, ["gc", "-q", "--prune=now"])
    with pytest.raises(Exception, match="cat-file"):
        git(source.root, ["cat-file", "-e", newer])
    assert run(*argv).code == 0


def test_sync_objects_are_not_rolled_back(
    source: Source, run: Run, refused: Refused, gitops: Path
) -> None:
    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: flux}\npublish:")
    older = change(source, "one")
    source.edit("overlays/example/environment.yaml", "engine: flux", "engine: flux, interval: 9m")
    change(source, "two")
    with git_http(gitops.parent) as server:
        url = server.url("gitops.git")
        argv = ("sync", "example", "--repository", url, "--publish", "clusters")
        assert run(*argv).code == 0
        at(source, older)
        assert "this would roll it back" in refused(*argv)
        assert run(*argv, "--allow-older").code == 0


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("message", "found"),
    [
        (f"Publish prod\n\nSource-Commit: {COMMIT}\n", True),
        (f"Publish prod\n\nSource-Commit: {COMMIT}-dirty\n", True),
        (f"Hydrate prod from 0123456\n\nSource-Commit: {COMMIT}\n", True),
        (f"prod: 2 changes (#7)\n\nPublish prod\n\nSource-Commit: {COMMIT}\n", True),
        (f"prod: 2 changes (#7)\r\n\r\n* Publish prod\r\n\r\nSource-Commit: {COMMIT}\r\n", True),
        (f"Publish prod-eu\n\nSource-Commit: {COMMIT}\n", False),
        (f"Publish x.prod\n\nSource-Commit: {COMMIT}\n", False),
        ("Publish prod\n\nSource-Commit: none\n", False),
        (f"Do not Publish prod\n\nSource-Commit: {COMMIT}\n", False),
        ("Publish prod\n", False),
        ("", False),
    ],
)
def test_which_commits_published_an_environment(message: str, found: bool) -> None:
    assert published_source(["Other\n", message], "prod") == (COMMIT if found else None)
