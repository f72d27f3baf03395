"""The forges, against servers with the documented behaviour of GitHub's and GitLab's APIs."""

import json
import os
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from email.utils import formatdate
from pathlib import Path

import pytest

from builder.core.errors import ConfigurationError, SealiftError, ToolError
from builder.tools.forges import Forge, Guess, Kind, connect, guess, token
from builder.tools.forges.github import GitHub, address
from builder.tools.forges.http import Api, ForgeError
from tests.servers.forge import (
    OLD_PROJECT,
    PROJECT,
    READER,
    TOKEN,
    Answer,
    ForgeServer,
    forge_server,
)
from tests.servers.tls import certificate_authority

KINDS: tuple[Kind, ...] = ("github", "gitlab")
HEAD = "sealift/prod/0123456789ab"
PREFIX = "sealift/prod/"
# A request of either kind whose number is none.
STRANGE = {
    "number": "x", "iid": "x", "html_url": "", "web_url": "", "title": "", "body": "",
    "description": "", "labels": [], "source_branch": HEAD, "target_branch": "main",
    "source_project_id": 1, "target_project_id": 1,
    "head": {"ref": HEAD, "repo": {"id": 1}}, "base": {"ref": "main", "repo": {"id": 1}},
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[ForgeServer]:
    with forge_server() as running:
        yield running


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


@pytest.fixture
def forge(server: ForgeServer, kind: Kind) -> Iterator[Forge]:
    with connect(kind, server.url, PROJECT, TOKEN) as opened:
        yield opened


def at(server: ForgeServer, kind: Kind, secret: str = TOKEN) -> AbstractContextManager[Forge]:
    return connect(kind, server.url, PROJECT, secret)


class Impatient:
    """Opens GitHub with no time to wait, which answers at once what it would wait for."""

    def __init__(self, server: ForgeServer) -> None:
        self.api = Api(address(server.url, PROJECT, TOKEN), patience=0)

    def refused(self) -> ForgeError:
        with self.api, pytest.raises(ForgeError) as raised:
            GitHub(self.api).open_requests(PREFIX, "main")
        return raised.value


# What a forge does.


def test_a_request_is_opened_changed_and_closed(forge: Forge, server: ForgeServer) -> None:
    server.project.branches.add(HEAD)
    made = forge.create(HEAD, "main", "A title", "A body")
    assert (made.head, made.base, made.title, made.body) == (HEAD, "main", "A title", "A body")
    forge.update(made.number, "Another", "")
    forge.comment(made.number, "A comment")
    forge.label(made.number, ["sealift", "prod"])
    (found,) = forge.open_requests(PREFIX, "main")
    assert (found.title, found.body, found.labels) == ("Another", "", ("sealift", "prod"))
    assert found.url == made.url
    forge.close(made.number)
    forge.close(made.number)
    assert forge.open_requests(PREFIX, "main") == []
    assert server.project.entries[0].comments == ["A comment"]


def test_lists_have_pages(forge: Forge, server: ForgeServer) -> None:
    server.project.page = 2
    heads = [f"{PREFIX}{number:012x}" for number in range(5)]
    for head in heads:
        server.project.open(head)
    assert [r.head for r in forge.open_requests(PREFIX, "main")] == heads


def test_gitlab_pages_without_links(server: ForgeServer) -> None:
    server.project.page, server.project.links = 2, False
    for number in range(5):
        server.project.open(f"{PREFIX}{number:012x}")
    with at(server, "gitlab") as forge:
        assert len(forge.open_requests(PREFIX, "main")) == 5


def test_requests_of_forks_and_of_others_are_not_ours(forge: Forge, server: ForgeServer) -> None:
    server.project.open(HEAD, fork=True)
    server.project.open("feature")
    server.project.open(f"{PREFIX}1").base = "release"
    assert forge.open_requests(PREFIX, "main") == []


@pytest.mark.parametrize(("kind", "status"), [("github", 422), ("gitlab", 409)])
def test_a_head_has_one_request(server: ForgeServer, kind: Kind, status: int) -> None:
    server.project.open(HEAD)
    with at(server, kind) as forge, pytest.raises(ForgeError) as raised:
        forge.create(HEAD, "main", "A title", "A body")
    assert raised.value.status == status
    assert "lready exists for" in raised.value.what


def test_a_branch_is_deleted_once(forge: Forge, server: ForgeServer) -> None:
    server.project.branches.add(HEAD)
    forge.delete_branch(HEAD)
    forge.delete_branch(HEAD)
    assert server.project.branches == {"main"}


def test_a_protected_branch_stays(forge: Forge, server: ForgeServer) -> None:
    server.project.branches.add(HEAD)
    server.project.protected.add(HEAD)
    with pytest.raises(ForgeError):
        forge.delete_branch(HEAD)


def test_reviewers_that_are_not_known_are_named(forge: Forge, server: ForgeServer) -> None:
    entry = server.project.open(HEAD)
    (refused,) = forge.request_review(entry.number, ["ada", "nobody", "grace"])
    assert refused.startswith("nobody: ")
    assert entry.reviewers == ["ada", "grace"]


def test_teams_of_github(server: ForgeServer) -> None:
    entry = server.project.open(HEAD)
    with at(server, "github") as forge:
        assert forge.request_review(entry.number, ["platform/keepers"]) == []
    assert server.changes[-1].body == {"team_reviewers": ["keepers"]}


def test_gitlab_without_a_licence_takes_one_reviewer(server: ForgeServer) -> None:
    entry = server.project.open(HEAD)
    server.project.one_reviewer = True
    with at(server, "gitlab") as forge:
        refused = forge.request_review(entry.number, ["ada", "grace"])
    assert refused == ["grace: GitLab did not take this reviewer"]


def test_merges_when_the_forge_has_looked(forge: Forge, server: ForgeServer) -> None:
    entry = server.project.open(HEAD)
    server.project.checking = 2
    forge.merge(entry.number)
    assert entry.merged
    forge.merge(entry.number)  # nothing to do


@pytest.mark.parametrize(("kind", "status"), [("github", 405), ("gitlab", 401)])
def test_a_merge_that_is_refused_is_not_repeated(
    server: ForgeServer, kind: Kind, status: int
) -> None:
    entry = server.project.open(HEAD)
    server.project.protected.add("main")
    with at(server, kind) as forge, pytest.raises(ForgeError) as raised:
        forge.merge(entry.number)
    assert raised.value.status == status
    assert len([r for r in server.changes if r.path.endswith("/merge")]) == 1
    assert not entry.merged


def test_gitlab_gets_no_hint_at_the_token_when_the_account_may_not_merge(
    server: ForgeServer,
) -> None:
    entry = server.project.open(HEAD)
    server.project.protected.add("main")
    with at(server, "gitlab") as forge, pytest.raises(ForgeError) as raised:
        forge.merge(entry.number)
    assert raised.value.hint == "the token's account may not merge into this branch"


# Tokens.


def test_a_wrong_token(server: ForgeServer, kind: Kind) -> None:
    with at(server, kind, "wrong-token") as forge, pytest.raises(ForgeError) as raised:
        forge.open_requests(PREFIX, "main")
    assert raised.value.status == 401
    assert raised.value.hint == "the token is wrong or has expired: set SEALIFT_FORGE_TOKEN"


@pytest.mark.parametrize(
    ("kind", "reason", "hint"),
    [
        ("github", "Resource not accessible by personal access token", "pull requests"),
        ("gitlab", "The request requires higher privileges than provided", "the scope api"),
    ],
)
def test_a_token_that_only_reads(server: ForgeServer, kind: Kind, reason: str, hint: str) -> None:
    server.project.branches.add(HEAD)
    with at(server, kind, READER) as forge, pytest.raises(ForgeError) as raised:
        forge.create(HEAD, "main", "A title", "A body")
    assert reason in raised.value.what
    assert hint in str(raised.value.hint)


def test_a_project_that_the_token_cannot_see(server: ForgeServer, kind: Kind) -> None:
    with (
        connect(kind, server.url, "platform/other", TOKEN) as forge,
        pytest.raises(ForgeError) as raised,
    ):
        forge.open_requests(PREFIX, "main")
    assert raised.value.status == 404
    assert "\n" not in raised.value.what


@pytest.mark.parametrize(
    "fault",
    [
        Answer(status=400, body=b'{"message": "no: %s\\n\\u001b[2J"}' % TOKEN.encode()),
        Answer(status=301, headers={"Location": f"https://elsewhere/{TOKEN}"}),
        Answer(status=200, body=b"<html>"),
        Answer(status=200, body=b'{"not": "a list"}'),
        Answer(status=200, body=b'[{"number": 1}]'),
        Answer(status=200, body=b"[" * 200_000),
        Answer(status=400, body=b"[" * 200_000),
        Answer(status=200, body=json.dumps([STRANGE]).encode()),
        Answer(status=429, headers={"Retry-After": "3600"}, body=TOKEN.encode()),
    ],
)
def test_no_error_shows_the_token(forge: Forge, server: ForgeServer, fault: Answer) -> None:
    server.project.faults.append(fault)
    with pytest.raises(ForgeError) as raised:
        forge.open_requests(PREFIX, "main")
    shown = "".join(traceback.format_exception(raised.value)) + str(raised.value.hint)
    if fault.status != 301:  # a place that someone else wrote is shown as it is
        assert TOKEN not in shown
    assert len(raised.value.what.splitlines()) == 1
    assert "\x1b" not in raised.value.what
    assert server.sent[-1].authorization == f"Bearer {TOKEN}"


@pytest.mark.parametrize("secret", ["", "with space", "line\n", "ümlaut"])
def test_a_token_that_no_header_can_hold(server: ForgeServer, secret: str) -> None:
    with pytest.raises(ConfigurationError) as raised, at(server, "github", secret):
        pass
    assert not secret or secret not in f"{raised.value}"


def test_the_token_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALIFT_FORGE_TOKEN", "abc")
    with pytest.raises(ConfigurationError) as unbound:
        token("https://git.example.com")
    assert (
        unbound.value.hint == "set SEALIFT_FORGE_HOST=git.example.com, if that is where it belongs"
    )
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "git.example.com:8443")
    assert token("https://GIT.example.com:8443/x") == "abc"
    for other in ("https://elsewhere.example.com", "http://git.example.com:8443"):
        with pytest.raises(ToolError) as raised:
            token(other)
        assert "SEALIFT_FORGE_HOST names git.example.com:8443" in raised.value.what
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "git.example.com")
    assert token("https://git.example.com:443") == "abc"
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "http://git.example.com")
    assert token("http://git.example.com/x") == "abc"
    with pytest.raises(ConfigurationError, match="the forge's URL is not http"):
        token("https://[git.example.com")
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "[git.example.com")
    with pytest.raises(ConfigurationError, match="SEALIFT_FORGE_HOST names no host"):
        token("https://git.example.com")


def test_the_password_of_git_is_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALIFT_GIT_PASSWORD", "pat")
    monkeypatch.setenv("SEALIFT_GIT_HOST", "git.example.com")
    assert token("https://git.example.com/x") == "pat"
    monkeypatch.setenv("SEALIFT_FORGE_TOKEN", "abc")
    monkeypatch.setenv("SEALIFT_FORGE_HOST", "git.example.com")
    assert token("https://git.example.com/x") == "abc"


def test_the_token_of_a_credential_helper() -> None:
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"])
    settings.write_text(
        '[credential "https://git.example.com"]\n'
        '\thelper = "!f() { echo username=robot; echo password=from-helper; }; f"\n'
    )
    assert token("https://git.example.com/prefix") == "from-helper"
    with pytest.raises(ToolError) as raised:
        token("https://elsewhere.example.com")
    assert "https://elsewhere.example.com" in raised.value.what


# Limits, faults and moves.


def test_a_time_to_wait_that_is_none_is_not_read(forge: Forge, server: ForgeServer) -> None:
    """``str.isdigit`` takes a superscript, which is no number."""
    server.project.faults.append(Answer(status=502, headers={"Retry-After": "\xb2"}))
    assert forge.open_requests(PREFIX, "main") == []


def test_comes_again_when_the_forge_says_so(forge: Forge, server: ForgeServer) -> None:
    now = int(time.time())
    server.project.faults += [
        Answer(status=429, headers={"Retry-After": "0"}),
        Answer(status=429, headers={"Retry-After": formatdate(now - 5, usegmt=True)}),
        Answer(
            status=403,
            headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(now - 5)},
        ),
        Answer(status=429, headers={"RateLimit-Remaining": "0", "RateLimit-Reset": str(now - 5)}),
    ]
    assert forge.open_requests(PREFIX, "main") == []
    assert len(server.sent) == 5


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (Answer(status=429, headers={"Retry-After": "30"}), 30),
        (Answer(status=403, body=b'{"message": "You have exceeded a secondary rate limit"}'), 60),
        (Answer(status=503, headers={"Retry-After": "7"}), 7),
        (
            Answer(
                status=403,
                headers={
                    "Date": "Tue, 01 Sep 2026 10:00:00 GMT",
                    "X-RateLimit-Remaining": "0",
                    "X-RateLimit-Reset": "1788256830",
                },
            ),
            30,
        ),
    ],
    ids=["retry-after", "secondary", "unavailable", "reset by the server's clock"],
)
def test_says_how_long_the_forge_wants_us_to_wait(
    server: ForgeServer, fault: Answer, seconds: int
) -> None:
    server.project.faults.append(fault)
    error = Impatient(server).refused()
    assert f"wants {seconds} s between requests" in error.what
    assert len(server.sent) == 1


def test_a_403_that_is_no_limit_is_not_repeated(forge: Forge, server: ForgeServer) -> None:
    server.project.faults.append(Answer(status=403, body=b'{"message": "Forbidden"}'))
    with pytest.raises(ForgeError):
        forge.open_requests(PREFIX, "main")
    assert len(server.sent) == 1


def test_gives_up_after_some_tries(forge: Forge, server: ForgeServer) -> None:
    server.project.faults += [Answer(status=429, headers={"Retry-After": "0"})] * 9
    with pytest.raises(ForgeError) as raised:
        forge.open_requests(PREFIX, "main")
    assert raised.value.status == 429
    assert len(server.sent) == 5


def test_a_gateway_that_comes_back(forge: Forge, server: ForgeServer) -> None:
    server.project.faults.append(Answer(status=502, body=b"<html>Bad Gateway</html>"))
    assert forge.open_requests(PREFIX, "main") == []


def test_a_connection_that_was_closed_meanwhile(forge: Forge, server: ForgeServer) -> None:
    entry = server.project.open(HEAD)
    forge.open_requests(PREFIX, "main")
    server.project.faults.append(Answer())
    forge.update(entry.number, "A title", "A body")
    assert entry.title == "A title"


def test_a_change_that_broke_off_is_not_sent_twice(forge: Forge, server: ForgeServer) -> None:
    server.project.branches.add(HEAD)
    server.project.faults.append(Answer())
    with pytest.raises(ForgeError) as raised:
        forge.create(HEAD, "main", "A title", "A body")
    assert raised.value.status is None
    assert not raised.value.refused
    assert len(server.sent) == 1


def test_a_forge_that_is_down(kind: Kind) -> None:
    with forge_server() as server:
        url = server.url
    with connect(kind, url, PROJECT, TOKEN) as forge, pytest.raises(ForgeError) as raised:
        forge.open_requests(PREFIX, "main")
    assert "cannot be reached: Connection refused" in raised.value.what
    assert raised.value.hint == "is the forge reachable from here?"


def test_a_project_that_moved(server: ForgeServer, kind: Kind) -> None:
    server.project.branches.add(HEAD)
    with connect(kind, server.url, OLD_PROJECT, TOKEN) as forge:
        assert forge.open_requests(PREFIX, "main") == []
        forge.create(HEAD, "main", "A title", "A body")
        assert len(forge.open_requests(PREFIX, "main")) == 1
    old = [r for r in server.sent if "old-name" in r.path]
    assert len(old) == 1


def test_a_change_to_a_project_that_moved(server: ForgeServer) -> None:
    server.project.branches.add(HEAD)
    with connect("github", server.url, OLD_PROJECT, TOKEN) as forge:
        made = forge.create(HEAD, "main", "A title", "A body")
    assert made.title == "A title"


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:9/api/v3/repos/platform/gitops/pulls", "/login", ""]
)
def test_the_token_goes_nowhere_else(server: ForgeServer, location: str) -> None:
    server.project.faults += [Answer(status=302, headers={"Location": location})] * 9
    with at(server, "github") as forge, pytest.raises(ForgeError) as raised:
        forge.open_requests(PREFIX, "main")
    assert "where the token is not sent" in raised.value.what or location == ""


def test_an_authority_of_ones_own(tmp_path: Path, kind: Kind) -> None:
    authority = certificate_authority(tmp_path / "ca")
    with forge_server(tls=authority) as server:
        with connect(kind, server.url, PROJECT, TOKEN, authority.certificate) as forge:
            assert forge.open_requests(PREFIX, "main") == []
        with connect(kind, server.url, PROJECT, TOKEN) as forge:
            with pytest.raises(ForgeError) as raised:
                forge.open_requests(PREFIX, "main")
            assert raised.value.hint == "name the CA that signed its certificate in SEALIFT_CA_FILE"
        assert len(server.sent) == 1


def test_a_file_without_certificates(tmp_path: Path) -> None:
    empty = tmp_path / "ca.pem"
    empty.write_text("nothing")
    with pytest.raises(ConfigurationError, match="holds no certificates"):
        connect("github", "https://git.example.com", PROJECT, TOKEN, empty).__enter__()


@pytest.mark.parametrize(
    "url", ["ftp://x", "git.example.com", "https://robot:secret@x", "https://x:port", ""]
)
def test_a_url_that_is_no_forge(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        connect("github", url, PROJECT, TOKEN).__enter__()
    assert "secret" not in str(raised.value)


# Addresses.


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://octo.ghe.com", "https://api.octo.ghe.com"),
        ("https://git.example.com", "https://git.example.com/api/v3"),
        ("https://git.example.com/api/v3", "https://git.example.com/api/v3"),
    ],
)
def test_the_api_of_github(url: str, api: str) -> None:
    assert address(url, PROJECT, TOKEN).api == api


@pytest.mark.parametrize(
    ("repository", "expected"),
    [
        ("https://github.com/o/r.git", ("github", "https://github.com", "o/r")),
        ("git@github.example.com:o/r.git", ("github", "https://github.example.com", "o/r")),
        ("ssh://git@gitea.example.com:2222/o/r", ("gitea", "https://gitea.example.com", "o/r")),
        (
            "https://forgejo.example.com/forge/o/r.git",
            ("gitea", "https://forgejo.example.com/forge", "o/r"),
        ),
        (
            "https://gitlab.example.com:8443/a/b/c/r.git/",
            ("gitlab", "https://gitlab.example.com:8443", "a/b/c/r"),
        ),
        ("git@git.example.com:a/b/r.git", (None, "https://git.example.com", "a/b/r")),
        ("http://127.0.0.1:3000/o/r", (None, "http://127.0.0.1:3000", "o/r")),
    ],
)
def test_reads_the_forge_off_a_repository(
    repository: str, expected: tuple[Kind | None, str, str]
) -> None:
    assert guess(repository) == Guess(*expected)


def test_a_kind_that_is_known_helps() -> None:
    found = guess("https://git.example.com/forge/o/r.git", "gitea")
    assert found == Guess("gitea", "https://git.example.com/forge", "o/r")


@pytest.mark.parametrize(
    "repository", ["gitops.git", "/srv/a:b/c", "file:///srv/r.git", "https://git.example.com/r"]
)
def test_a_repository_that_is_on_no_forge(repository: str) -> None:
    with pytest.raises(SealiftError) as raised:
        guess(repository)
    assert "forge: {kind" in str(raised.value.hint)
