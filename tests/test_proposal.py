"""The branch of a proposal: kept while it merges to the same, and never pushed over others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.core.errors import ConfigurationError
from builder.publish import Commit, publish
from builder.target import Target
from builder.tools.git import git
from tests.servers.git_http import git_http

REVIEWER = ["-c", "user.name=Rita", "-c", "user.email=rita@example.com"]


def bundle(environment: str, **content: str) -> dict[str, bytes]:
    files = {"bundle.lock.yaml": f"environment: {environment}\n"}
    files |= {f"{name}.yaml": f"{name}: {text}\n" for name, text in content.items()}
    return {name: text.encode() for name, text in files.items()}


class Desk:
    """A repository in which ``prod`` is published, and a clone of a reviewer."""

    def __init__(self, folder: Path, url: str, work: Path) -> None:
        self.folder, self.url, self.work = folder, url, work
        self.publish("prod", a="0")

    def publish(self, environment: str, *, propose: bool = False, **content: str) -> Commit:
        target = Target(repository=self.url, branch="main", path=environment)
        files = bundle(environment, **content)
        return publish(files, target, environment=environment, propose=propose)

    def propose(self, **content: str) -> Commit:
        return self.publish("prod", propose=True, **content)

    def show(self, *argv: str) -> str:
        return git(self.folder, argv).decode().strip()

    def review(self, branch: str, *commands: list[str]) -> str:
        """Work on a branch as a reviewer, push it, and return its tip."""
        if not self.work.exists():
            git(self.folder, ["clone", "-q", str(self.folder), str(self.work)])
        git(self.work, ["fetch", "-q", "origin"])
        git(self.work, ["checkout", "-q", "-B", "work", f"origin/{branch}"])
        for command in commands:
            git(self.work, [*REVIEWER, *command])
        git(self.work, ["push", "-q", "--force", "origin", f"HEAD:{branch}"])
        return self.show("rev-parse", branch)

    def merges_to(self, commit: Commit) -> str:
        """Merge a proposal into the base as a forge would; return the folder's tree."""
        self.review("main", ["merge", "-q", "--no-ff", "-m", "Merge", f"origin/{commit.branch}"])
        return self.show("rev-parse", "main:prod")


@pytest.fixture(params=["file", "http"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "served" / "gitops.git"
    git(tmp_path, ["init", "-q", "--bare", "-b", "main", str(folder)])
    git(folder, ["config", "uploadpack.allowFilter", "true"])
    with git_http(folder.parent) as server:
        url = server.url("gitops.git") if request.param == "http" else str(folder)
        yield Desk(folder, url, tmp_path / "work")


def test_it_stays_when_only_others_moved_the_base(desk: Desk) -> None:
    """A push would dismiss what was approved."""
    first = desk.propose(a="1")
    desk.publish("other")
    desk.publish("other", a="1")
    second = desk.propose(a="1")
    assert (second.branch, second.pushed, second.commit) == (first.branch, False, first.commit)
    assert desk.show("rev-parse", first.branch) == first.commit
    assert desk.merges_to(second) == second.tree


def test_it_moves_on_when_its_own_folder_changed_in_the_base(desk: Desk) -> None:
    first = desk.propose(a="1")
    desk.publish("prod", a="2")
    second = desk.propose(a="1")
    assert (second.branch, second.pushed) == (first.branch, True)
    assert desk.show("rev-parse", f"{second.branch}^") == desk.show("rev-parse", "main")
    assert desk.merges_to(second) == second.tree


def test_it_moves_on_when_the_base_was_written_anew(desk: Desk) -> None:
    """What was taken out of the base must not come back with the request."""
    desk.publish("other")
    desk.propose(a="1")
    desk.review("main", ["commit", "-q", "--amend", "-m", "Written anew"])
    second = desk.propose(a="1")
    assert second.pushed
    assert desk.show("rev-parse", f"{second.branch}^") == desk.show("rev-parse", "main")


def test_a_base_that_came_later(desk: Desk) -> None:
    target = Target(repository=desk.url, branch="later", path="prod")
    files = bundle("prod", a="1")
    first = publish(files, target, environment="prod", propose=True)
    again = publish(files, target, environment="prod", propose=True)
    assert (first.pushed, again.pushed) == (True, False)
    desk.show("branch", "later", "main")
    assert publish(files, target, environment="prod", propose=True).pushed


@pytest.mark.parametrize("changed", ["prod/a.yaml", "README.md"])
def test_a_commit_of_a_reviewer_is_not_lost(desk: Desk, changed: str) -> None:
    first = desk.propose(a="1")
    desk.review(first.branch)
    blob = git(desk.work, ["hash-object", "-w", "--stdin"], stdin=b"by hand\n").decode().strip()
    added = ["update-index", "--add", "--cacheinfo", f"100644,{blob},{changed}"]
    tip = desk.review(
        first.branch, added, ["commit", "-q", "-m", "By hand"], ["reset", "-q", "--hard"]
    )
    desk.publish("prod", a="2")
    with pytest.raises(ConfigurationError) as raised:
        desk.propose(a="1")
    said = f"{first.branch} has a commit by Rita <rita@example.com>, which Sealift did not write"
    assert raised.value.what.startswith(said)
    assert "belongs into the overlay" in str(raised.value.hint)
    assert desk.show("rev-parse", first.branch) == tip


def test_a_reviewer_who_takes_the_base_in_keeps_the_request(desk: Desk) -> None:
    """As the button of a forge does that updates a branch."""
    first = desk.propose(a="1")
    desk.publish("other")
    tip = desk.review(first.branch, ["merge", "-q", "--no-ff", "-m", "Update", "origin/main"])
    assert tip != first.commit
    second = desk.propose(a="1")
    assert (second.pushed, second.commit) == (False, tip)
    desk.publish("other", b="1")
    assert desk.propose(a="1").commit == tip


def test_a_proposal_by_another_name_is_ours(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """CI may set who commits; the content tells then."""
    monkeypatch.setenv("GIT_COMMITTER_NAME", "CI")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "ci@example.com")
    first = desk.propose(a="1")
    assert "<ci@example.com>" in desk.show("cat-file", "commit", first.commit)
    desk.publish("prod", a="2")
    assert desk.propose(a="1").pushed


def test_a_folder_that_moved(desk: Desk) -> None:
    """The branch is named by the content alone."""
    first = desk.propose(a="1")
    target = Target(repository=desk.url, branch="main", path="clusters/prod")
    second = publish(bundle("prod", a="1"), target, environment="prod", propose=True)
    assert (second.branch, second.pushed) == (first.branch, True)
