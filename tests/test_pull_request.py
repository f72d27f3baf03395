"""Pull requests of environments: on a real Gitea, and on servers as GitHub and GitLab document."""

import json
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.core.cut import fit, inert
from builder.core.errors import ToolError
from builder.publish import Commit, Target, publish
from builder.pull_request import Proposal, propose, withdraw
from builder.tools.forges import Forge, Kind, PullRequest, connect
from builder.tools.forges.http import ForgeError
from builder.tools.git import git
from tests.conftest import Refused, Run
from tests.servers.forge import PROJECT, TOKEN, Answer, ForgeServer, forge_server
from tests.servers.gitea import Gitea, gitea, gitea_command
from tests.source import Source

SCOPES = ("write:repository", "write:issue")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A Gitea for all tests of this process; each makes users and repositories of its own."""
    if gitea_command() is None:
        missing: Callable[[str], None] = pytest.fail if os.environ.get("CI") else pytest.skip
        missing("gitea is neither in .tools/bin nor on PATH: `make gitea` builds it")
    with gitea(tmp_path_factory.mktemp("gitea")) as running:
        yield running


@dataclass(frozen=True)
class Desk:
    """A repository on Gitea, and the account that works on it."""

    server: Gitea
    user: tuple[str, str]
    project: str
    token: str = field(repr=False)

    def forge(self, token: str = "") -> AbstractContextManager[Forge]:
        return connect("gitea", self.server.url, self.project, token or self.token)

    def publish(self, content: str, *, environment: str = "prod", proposed: bool = True) -> Commit:
        """Publish a bundle, by default on a branch for a request."""
        lock = f"environment: {environment}\n".encode()
        files = {"bundle.lock.yaml": lock, "manifest.yaml": f"# {content}\n".encode()}
        target = Target(
            repository=f"{self.server.url}/{self.project}.git", branch="main", path=environment
        )
        return publish(files, target, environment=environment, propose=proposed)

    def propose(self, content: str, **changed: Any) -> Proposal:
        """Publish and propose, as one run does."""
        commit = self.publish(content)
        with self.forge(changed.pop("token", "")) as forge:
            return propose(forge, **wanted(commit.branch, **changed))

    def get(self, path: str) -> Any:
        return self.server.api("GET", f"/repos/{self.project}/{path}")

    def branches(self) -> set[str]:
        return {branch["name"] for branch in self.get("branches")}

    def open(self) -> list[str]:
        return [item["head"]["ref"] for item in self.get("pulls?state=open")]


def wanted(head: str, **changed: Any) -> dict[str, Any]:
    given = {"title": "Publish prod", "body": "What changes.\n", "labels": (), "reviewers": ()}
    where = {"environment": "prod", "base": "main", "head": head, "others": nobody}
    return where | given | changed


def nobody(_: str) -> str:
    return ""


@pytest.fixture
def desk(server: Gitea, monkeypatch: pytest.MonkeyPatch) -> Desk:
    user = server.user()
    token = server.token_of(user, *SCOPES)
    monkeypatch.setenv("SEALIFT_GIT_HOST", server.url)
    monkeypatch.setenv("SEALIFT_GIT_USERNAME", user[0])
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", token)
    return Desk(server, user, server.repository(user[0]), token)


def opened(proposal: Proposal) -> PullRequest:
    assert proposal.pull_request is not None
    return proposal.pull_request


# On a real Gitea.


def test_the_life_of_a_request(desk: Desk) -> None:
    first = desk.propose("one", labels=["sealift"])
    number = opened(first).number
    assert (first.created, first.updated, first.superseded, first.warnings) == (True, False, (), ())
    assert desk.open() == [opened(first).head]
    item = desk.get(f"pulls/{number}")
    assert (item["title"], item["body"]) == ("Publish prod", "What changes.\n")
    assert [label["name"] for label in item["labels"]] == ["sealift"]
    assert item["html_url"] == opened(first).url

    second = desk.propose("one", labels=["sealift", "air-gap"], body="What changes, in short.\n")
    assert (second.created, second.updated, second.superseded) == (False, True, ())
    item = desk.get(f"pulls/{number}")
    assert item["body"] == "What changes, in short.\n"
    assert {label["name"] for label in item["labels"]} == {"sealift", "air-gap"}

    third = desk.propose("one", labels=["sealift", "air-gap"], body="What changes, in short.\n")
    assert not third.changed
    assert opened(third).number == number
    assert desk.get(f"pulls/{number}")["updated_at"] == item["updated_at"]

    fourth = desk.propose("two")
    assert fourth.created
    assert [request.number for request in fourth.superseded] == [number]
    assert desk.open() == [opened(fourth).head]
    assert desk.get(f"pulls/{number}")["state"] == "closed"
    comments = desk.get(f"issues/{number}/comments")
    assert [c["body"] for c in comments] == [f"Superseded by {opened(fourth).url}."]
    assert desk.branches() == {"main", opened(fourth).head}

    with desk.forge() as forge:
        forge.merge(opened(fourth).number)
        forge.merge(opened(fourth).number)  # nothing to do
    assert desk.get(f"pulls/{opened(fourth).number}")["merged"]
    assert desk.branches() == {"main"}

    assert not desk.publish("two").changed
    with desk.forge() as forge:
        assert not withdraw(forge, environment="prod", base="main", others=nobody).changed
    assert desk.open() == []


def test_a_request_whose_content_came_another_way_is_withdrawn(desk: Desk) -> None:
    proposal = desk.propose("one")
    desk.publish("other", proposed=False)
    with desk.forge() as forge:
        result = withdraw(forge, environment="prod", base="main", others=nobody)
    assert [r.number for r in result.superseded] == [opened(proposal).number]
    assert result.pull_request is None
    assert result.changed
    assert desk.open() == []
    assert desk.branches() == {"main"}


def test_other_environments_and_other_branches_are_left_alone(desk: Desk) -> None:
    desk.propose("one")
    staging = desk.publish("one", environment="staging")
    with desk.forge() as forge:
        propose(forge, **wanted(staging.branch, environment="staging"))
    repository = f"/repos/{desk.project}"
    for name in ("sealift/prod/by-hand", "sealift/prod/0123456789ab-x"):
        file = {"content": "", "message": "x", "new_branch": name}
        desk.server.api("POST", f"{repository}/contents/{name.replace('/', '-')}", file)
        desk.server.api(
            "POST", f"{repository}/pulls", {"head": name, "base": "main", "title": "By hand"}
        )
    desk.propose("two")
    assert len(desk.open()) == 4


def test_pages_of_a_real_server(desk: Desk) -> None:
    """More requests than a page of Gitea holds."""
    head = desk.propose("one")
    repository = f"/repos/{desk.project}"
    for number in range(52):
        name = f"feature-{number}"
        file = {"content": "", "message": "x", "new_branch": name}
        desk.server.api("POST", f"{repository}/contents/{name}", file)
        body = {"head": name, "base": "main", "title": name}
        desk.server.api("POST", f"{repository}/pulls", body)
    again = desk.propose("one")
    assert not again.changed
    assert opened(again).number == opened(head).number


def test_reviewers_are_asked_when_a_request_is_opened(desk: Desk) -> None:
    reviewer = desk.server.user()[0]
    path = f"/repos/{desk.project}/collaborators/{reviewer}"
    desk.server.api("PUT", path, {"permission": "write"})
    proposal = desk.propose("one", reviewers=[reviewer, "nobody", desk.user[0]])
    item = desk.get(f"pulls/{opened(proposal).number}")
    assert [user["login"] for user in item["requested_reviewers"]] == [reviewer]
    assert len(proposal.warnings) == 2
    assert proposal.warnings[0].startswith("reviewer nobody: Gitea at ")
    assert not desk.propose("one", reviewers=[reviewer, "nobody"]).warnings


def test_labels_of_an_organisation_are_used(desk: Desk) -> None:
    server, owner = desk.server, desk.server.name("org")
    server.api("POST", "/orgs", {"username": owner})
    server.api("POST", f"/orgs/{owner}/labels", {"name": "Sealift", "color": "#000000"})
    project = server.repository(owner)
    server.api("PUT", f"/repos/{project}/collaborators/{desk.user[0]}", {"permission": "admin"})
    token = server.token_of(desk.user, *SCOPES, "read:organization")
    there = Desk(server, desk.user, project, token)
    proposal = there.propose("one", labels=["sealift", "new"])
    assert proposal.warnings == ()
    assert [label["name"] for label in there.get("labels")] == ["new"]
    item = there.get(f"pulls/{opened(proposal).number}")
    assert {label["name"] for label in item["labels"]} == {"Sealift", "new"}
    assert not there.propose("one", labels=["sealift", "new"]).changed


def test_a_wrong_token(desk: Desk) -> None:
    with pytest.raises(ForgeError) as raised:
        desk.propose("one", token="0123456789abcdef0123456789abcdef01234567")
    assert raised.value.status == 401
    assert raised.value.hint == "the token is wrong or has expired: set SEALIFT_FORGE_TOKEN"
    assert "0123456789abcdef0123" not in str(raised.value)


@pytest.mark.parametrize("scopes", [("read:repository",), ("write:user",)])
def test_a_token_with_too_small_a_scope(desk: Desk, scopes: tuple[str, ...]) -> None:
    small = desk.server.token_of(desk.user, *scopes)
    with pytest.raises(ForgeError) as raised:
        desk.propose("one", token=small)
    assert raised.value.status == 403
    assert "required scope" in raised.value.what
    assert "write:repository and write:issue" in str(raised.value.hint)
    assert desk.open() == []


def test_what_a_token_without_issues_may_not_do_is_a_warning(desk: Desk) -> None:
    small = desk.server.token_of(desk.user, "write:repository")
    desk.propose("one", token=small)
    proposal = desk.propose("two", token=small, labels=["sealift"])
    assert proposal.created
    assert len(proposal.superseded) == 1
    assert desk.open() == [opened(proposal).head]
    whole = "\n".join(proposal.warnings)
    assert "labels sealift: Gitea at " in whole
    assert "the comment on http://" in whole


def test_a_protected_branch(desk: Desk) -> None:
    rule = {"rule_name": "main", "enable_push": False, "required_approvals": 1}
    desk.server.api("POST", f"/repos/{desk.project}/branch_protections", rule)
    with pytest.raises(ToolError) as refused:
        desk.publish("one", proposed=False)
    assert "use --pull-request" in str(refused.value.hint)
    proposal = desk.propose("one")
    with desk.forge() as forge, pytest.raises(ForgeError) as raised:
        forge.merge(opened(proposal).number)
    assert raised.value.status == 405
    assert "approvals" in raised.value.what
    assert desk.open() == [opened(proposal).head]


def test_heads_that_may_not_be_deleted_are_a_warning(desk: Desk) -> None:
    desk.propose("one")
    rule = {"rule_name": "sealift/**", "enable_push": True, "enable_force_push": True}
    desk.server.api("POST", f"/repos/{desk.project}/branch_protections", rule)
    proposal = desk.propose("two")
    (warning,) = proposal.warnings
    assert "deleting the branch sealift/prod/" in warning
    assert desk.open() == [opened(proposal).head]


def test_a_repository_that_was_renamed(desk: Desk) -> None:
    commit = desk.publish("one")
    desk.server.api("PATCH", f"/repos/{desk.project}", {"name": desk.server.name("renamed")})
    with desk.forge() as forge:
        assert propose(forge, **wanted(commit.branch)).created
        assert not propose(forge, **wanted(commit.branch)).changed


def test_a_long_report_fits(desk: Desk) -> None:
    report = "".join(f"- `line {number}` ä\n" for number in range(20_000))
    proposal = desk.propose("one", body=report, title="Publish\n" + "a very long title " * 30)
    body = desk.get(f"pulls/{opened(proposal).number}")["body"]
    assert len(body.encode()) <= 65_535
    assert re.search(r"\*\*Cut here\*\*: \d+ of 20000 lines are left out", body)
    assert not desk.propose(
        "one", body=report, title="Publish " + "a very long title " * 30
    ).changed


def test_runs_of_the_same_content_at_once(desk: Desk) -> None:
    commit = desk.publish("one")

    def run(_: int) -> Proposal:
        with desk.forge() as forge:
            return propose(forge, **wanted(commit.branch, labels=["sealift"]))

    with ThreadPoolExecutor(6) as pool:
        proposals = list(pool.map(run, range(6)))
    assert desk.open() == [commit.branch]
    assert desk.branches() == {"main", commit.branch}
    newest = max(opened(proposal).number for proposal in proposals)
    assert desk.get(f"pulls/{newest}")["state"] == "open"


def test_runs_of_different_contents_at_once(desk: Desk) -> None:
    stale = desk.propose("stale")
    heads = [desk.publish(f"content {number}").branch for number in range(4)]

    def run(head: str) -> Proposal:
        with desk.forge() as forge:
            return propose(forge, **wanted(head))

    with ThreadPoolExecutor(4) as pool:
        proposals = list(pool.map(run, heads))
    (head,) = desk.open()
    assert head in heads
    assert desk.branches() == {"main", head}
    assert desk.get(f"pulls/{opened(stale).number}")["state"] == "closed"
    (last,) = {opened(proposal).number for proposal in proposals if opened(proposal).head == head}
    for proposal in proposals:
        # One that gave way names a newer request, which a still newer one may have closed since.
        assert opened(proposal).number <= last


# The command, on a real Gitea.


@pytest.fixture
def platform(desk: Desk, source: Source, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The example, published to Gitea by pull requests."""
    monkeypatch.setenv("SEALIFT_FORGE_TOKEN", desk.token)
    monkeypatch.setenv("SEALIFT_FORGE_HOST", desk.server.url)
    source.edit(
        "overlays/example/environment.yaml",
        "  branch: main",
        "  branch: main\n  forge: {kind: gitea, labels: [air-gap]}",
    )
    text = source.read("overlays/example/environment.yaml")
    url = f"{desk.server.url}/{desk.project}.git"
    source.write(
        "overlays/example/environment.yaml",
        re.sub(r"repository: \S+git\b", f"repository: {url}", text),
    )
    return desk


def test_publish_opens_updates_and_ends(platform: Desk, source: Source, run: Run) -> None:
    argv = ("publish", "example", "--pull-request")
    dry = run(*argv, "--dry-run")
    assert dry.out.startswith("would be proposed: ")
    assert platform.branches() == {"main"}

    first = run(*argv)
    assert (first.code, first.err) == (0, "")
    (item,) = platform.get("pulls?state=open")
    assert f"opened {item['html_url']}\n" in first.out
    assert item["title"].startswith("example: first publication; ")
    assert "**example: first publication" in item["body"]
    assert [label["name"] for label in item["labels"]] == ["air-gap"]
    assert f"stands at {item['html_url']}\n" in run(*argv).out

    platform.server.api(
        "PATCH", f"/repos/{platform.project}/pulls/{item['number']}", {"title": "By hand"}
    )
    assert f"updated {item['html_url']}\n" in run(*argv).out
    assert platform.get(f"pulls/{item['number']}")["title"] == item["title"]

    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: argocd}\npublish:")
    second = run(*argv, "--json")
    said = json.loads(second.out)
    assert said["superseded"] == [item["html_url"]]
    assert said["pullRequest"]["created"] is True
    assert platform.open() == [said["branch"]]

    with platform.forge() as forge:
        forge.merge(said["pullRequest"]["number"])
    last = run(*argv)
    assert (last.code, last.err) == (0, "")
    assert last.out.startswith("nothing to do, already published: ")
    assert platform.open() == []
    assert platform.branches() == {"main"}
    assert run("diff", "example").code == 0


def test_publish_withdraws_what_came_another_way(platform: Desk, run: Run) -> None:
    assert run("publish", "example", "--pull-request").code == 0
    (item,) = platform.get("pulls?state=open")
    assert run("publish", "example").code == 0
    last = run("publish", "example", "--pull-request")
    assert f"withdrawn {item['html_url']}\n" in last.out
    assert platform.open() == []


@pytest.mark.parametrize("came", ["another proposal", "what was proposed"])
def test_a_branch_with_a_reviewers_commit_outlives_its_request(
    platform: Desk, source: Source, run: Run, came: str
) -> None:
    argv = ("publish", "example", "--pull-request")
    assert run(*argv).code == 0
    (item,) = platform.get("pulls?state=open")
    head = item["head"]["ref"]
    note = {"content": "", "message": "Note", "branch": head}
    platform.server.api("POST", f"/repos/{platform.project}/contents/note.md", note)
    if came == "another proposal":
        source.edit(
            "overlays/example/environment.yaml", "publish:", "sync: {engine: flux}\npublish:"
        )
    else:
        assert run("publish", "example").code == 0
    result = run(*argv)
    assert result.code == 0, result
    assert re.search(rf"the branch {head} stays: it has a commit by \S", result.err), result
    assert platform.get(f"pulls/{item['number']}")["state"] == "closed"
    assert head in platform.branches()
    assert head not in platform.open()


def committed(source: Source) -> str:
    """Commit the sources as they are; return the commit."""
    author = ["-c", "user.name=Jane", "-c", "user.email=jane@example.com"]
    git(source.root, ["init", "-q"])
    git(source.root, ["add", "-A"])
    git(source.root, [*author, "commit", "-q", "-m", "Change"])
    return git(source.root, ["rev-parse", "HEAD"]).decode().strip()


@pytest.mark.parametrize("published", [False, True], ids=["other", "published"])
def test_a_job_of_an_older_commit_closes_no_newer_request(
    platform: Desk, source: Source, run: Run, refused: Refused, published: bool
) -> None:
    """Jobs end in any order. What the older one has may be what is published already."""
    argv = ("publish", "example", "--pull-request")
    older = committed(source)
    if published:
        assert run("publish", "example").code == 0
    source.edit("overlays/example/environment.yaml", "publish:", "sync: {engine: argocd}\npublish:")
    newer = committed(source)
    assert run(*argv).code == 0
    (item,) = platform.get("pulls?state=open")
    git(source.root, ["checkout", "-q", older])
    said = refused(*argv)
    assert f"example is proposed from {newer[:12]}, which is newer than {older[:12]}" in said
    assert f"this would close {item['html_url']}" in said
    assert platform.open() == [item["head"]["ref"]]
    assert run(*argv, "--allow-older").code == 0
    assert item["head"]["ref"] not in platform.open()


def test_publish_says_first_what_would_end_it(
    platform: Desk, source: Source, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    argv = ("publish", "example", "--pull-request")
    monkeypatch.delenv("SEALIFT_FORGE_TOKEN")
    monkeypatch.delenv("SEALIFT_GIT_USERNAME")
    monkeypatch.delenv("SEALIFT_GIT_PASSWORD")
    assert "there is no token for the forge" in refused(*argv, code=3)
    monkeypatch.setenv("SEALIFT_FORGE_TOKEN", "wrong")
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "https://git.example.com")
    assert "SEALIFT_FORGE_HOST names https://git.example.com" in refused(*argv, code=3)
    monkeypatch.delenv("SEALIFT_FORGE_HOST")
    assert "nothing says for which host" in refused(*argv)
    monkeypatch.setenv("SEALIFT_FORGE_HOST", platform.server.url)
    assert "is not on a forge" in refused(*argv, "--repository", "/nowhere/gitops.git")
    source.edit("overlays/example/environment.yaml", "kind: gitea, ", "")
    assert "nothing tells what forge http://127.0.0.1" in refused(*argv)
    assert platform.branches() == {"main"}


def test_a_forge_that_refuses_us_is_told_before_a_branch_is_left(
    platform: Desk, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALIFT_FORGE_TOKEN", "0123456789abcdef0123456789abcdef01234567")
    assert "the token is wrong" in refused("publish", "example", "--pull-request", code=3)
    assert platform.branches() == {"main"}


# On what GitHub and GitLab document.


KINDS: tuple[Kind, ...] = ("github", "gitlab")
ONE, TWO, THREE = (f"sealift/prod/{digit * 12}" for digit in "123")


@pytest.fixture
def documented() -> Iterator[ForgeServer]:
    with forge_server() as running:
        running.project.branches |= {ONE, TWO, THREE}
        yield running


@pytest.fixture(params=KINDS)
def forge(request: pytest.FixtureRequest, documented: ForgeServer) -> Iterator[Forge]:
    with connect(request.param, documented.url, PROJECT, TOKEN) as found:
        yield found


def test_opened_updated_left_and_superseded(forge: Forge, documented: ForgeServer) -> None:
    first = propose(forge, **wanted(ONE, labels=["sealift"], reviewers=["ada"]))
    (entry,) = documented.project.entries
    assert first.created
    assert (entry.title, entry.labels, entry.reviewers) == ("Publish prod", ["sealift"], ["ada"])

    second = propose(forge, **wanted(ONE, labels=["Sealift"], title="Publish prod again"))
    assert (second.created, second.updated) == (False, True)
    assert (entry.title, entry.labels) == ("Publish prod again", ["sealift"])

    before = len(documented.changes)
    third = propose(forge, **wanted(ONE, title="Publish prod again"))
    assert not third.changed
    assert len(documented.changes) == before

    fourth = propose(forge, **wanted(TWO))
    assert [r.number for r in fourth.superseded] == [entry.number]
    assert entry.state == "closed"
    assert entry.comments == [f"Superseded by {opened(fourth).url}."]
    assert documented.project.branches == {"main", TWO, THREE}

    forge.merge(opened(fourth).number)
    assert not withdraw(forge, environment="prod", base="main", others=nobody).changed


def test_a_request_that_another_run_opened_in_between(
    forge: Forge, documented: ForgeServer
) -> None:
    """The list is empty still, and then the forge says that there is one: 422, or 409."""
    entry = documented.project.open(ONE)
    documented.project.faults.append(Answer(status=200, body=b"[]"))
    proposal = propose(forge, **wanted(ONE))
    assert (proposal.created, proposal.updated) == (False, True)
    assert opened(proposal).number == entry.number
    assert len(documented.project.entries) == 1


def test_what_cannot_be_opened_is_an_error(documented: ForgeServer) -> None:
    with (
        connect("github", documented.url, PROJECT, TOKEN) as forge,
        pytest.raises(ForgeError) as raised,
    ):
        propose(forge, **wanted("sealift/prod/ffffffffffff"))
    assert raised.value.status == 422
    assert "Validation Failed; head invalid" in raised.value.what


def test_what_a_run_left_half_done_is_finished(forge: Forge, documented: ForgeServer) -> None:
    """It had opened a newer one, and not yet closed the older, which is the one wanted now."""
    older, newer = documented.project.open(ONE), documented.project.open(TWO)
    proposal = propose(forge, **wanted(ONE))
    assert (older.state, newer.state) == ("closed", "closed")
    assert proposal.created
    assert opened(proposal).number > newer.number
    assert documented.project.branches == {"main", ONE, THREE}


def test_a_newer_one_of_a_run_at_the_same_time_stays(forge: Forge, documented: ForgeServer) -> None:
    class Overtaken:
        """The forge, on which another run opens a request right after ours."""

        name, limit = forge.name, forge.limit

        def __getattr__(self, name: str) -> Any:
            return getattr(forge, name)

        def create(self, head: str, base: str, title: str, body: str) -> PullRequest:
            made = forge.create(head, base, title, body)
            documented.project.open(TWO)
            return made

    proposal = propose(cast(Forge, Overtaken()), **wanted(ONE))
    assert opened(proposal).head == TWO
    assert "at the same time" in proposal.warnings[-1]
    assert not proposal.changed
    assert [e.head for e in documented.project.entries if e.state == "open"] == [TWO]
    assert documented.project.branches == {"main", TWO, THREE}


def test_what_is_refused_beside_the_request_is_a_warning(
    forge: Forge, documented: ForgeServer
) -> None:
    documented.project.protected.add(ONE)
    propose(forge, **wanted(ONE))
    proposal = propose(forge, **wanted(TWO, reviewers=["nobody"]))
    reviewer, branch = proposal.warnings
    assert reviewer.startswith("reviewer nobody: ")
    assert branch.startswith(f"deleting the branch {ONE}: ")
    assert proposal.created


def test_gitlab_does_not_act_on_a_report(documented: ForgeServer) -> None:
    body = "/close\n  /close\n```\n/kept\n```\n"
    with connect("gitlab", documented.url, PROJECT, TOKEN) as forge:
        proposal = propose(forge, **wanted(ONE, body=body))
        assert documented.project.entries[0].state == "open"
        assert opened(proposal).body == "\\/close\n  \\/close\n```\n/kept\n```\n"
        assert not propose(forge, **wanted(ONE, body=body)).changed


# The text.


def test_text_without_commands_is_left_as_it_is() -> None:
    text = "# Report\n\n- /spec/replicas\n\na / b\n/\n~~~~\n/merge\n~~~\n/merge\n~~~~\n"
    assert inert(text) == text


def test_a_text_that_fits_is_left_as_it_is() -> None:
    assert fit("ä\n", 3) == "ä\n"


def test_what_is_open_at_the_cut_is_closed() -> None:
    report = (
        "# Report\n<details><summary>Many</summary>\n\n`</details>`\n\n````yaml\n"
        + "a: 1\n```\n" * 100
        + "````\n</details>\n"
    )
    cut = fit(report, 250)
    assert len(cut) <= 250
    assert cut.startswith(report[:60])
    assert re.search(
        r"\n````\n\n</details>\n\n\*\*Cut here\*\*: \d+ of 208 lines are left out, "
        r"because the forge takes 250 bytes at most\.\n$",
        cut,
    )


def test_the_lines_that_are_left_out_are_counted() -> None:
    report = "".join(f"line {number}\n" for number in range(100))
    cut = fit(report, 300)
    kept = cut.count("line ")
    assert f"{100 - kept} of 100 lines" in cut
    assert kept > 0


_LINES = st.sampled_from(
    ["text", "ä" * 20, "```", "```yaml", "````", "~~~", "<details>", "</details>", "", "  ```"]
)


@given(st.lists(_LINES, max_size=60), st.integers(0, 400))
def test_a_cut_text_keeps_the_limit_and_is_closed(lines: list[str], limit: int) -> None:
    report = "".join(f"{line}\n" for line in lines)
    cut = fit(report, limit)
    assert len(cut.encode()) <= limit
    if cut != report and cut:
        marker = inert(f"{cut}/merge\n").splitlines()[-1]
        assert marker == "\\/merge", "a code fence is open at the end"
