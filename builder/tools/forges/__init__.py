"""Pull requests on the forge that stands inside the network.

Used so::

    with connect("gitea", url, "platform/gitops", token(url)) as forge:
        forge.open_requests("sealift/prod/", "main")
"""

import os
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, Protocol

from builder.core.errors import ConfigurationError, ToolError
from builder.tools.bound import bound
from builder.tools.command import CommandError
from builder.tools.git import check_remote, git

Kind = Literal["gitea", "github", "gitlab"]
_TOKENS = (
    ("SEALIFT_FORGE_TOKEN", "SEALIFT_FORGE_HOST"),
    ("SEALIFT_GIT_PASSWORD", "SEALIFT_GIT_HOST"),
)
_SIGNS: tuple[tuple[str, Kind], ...] = (
    ("github", "github"),
    ("ghe.com", "github"),
    ("gitlab", "gitlab"),
    ("gitea", "gitea"),
    ("forgejo", "gitea"),
    ("codeberg", "gitea"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """An open pull request, or merge request; ``head`` and ``base`` are branches of one project."""

    number: int
    url: str
    title: str
    body: str
    head: str
    base: str
    labels: tuple[str, ...]


class Forge(Protocol):
    """The pull requests of one project. All methods raise ForgeError."""

    name: ClassVar[str]
    limit: ClassVar[int]
    """The longest body that it takes, in bytes of UTF-8."""

    def open_requests(self, head_prefix: str, base: str) -> list[PullRequest]:
        """Return the open requests into ``base``; their heads start so, and are no fork's."""

    def create(self, head: str, base: str, title: str, body: str) -> PullRequest:
        """Open a request. The status of the error is 409 or 422 when the head has one."""

    def update(self, number: int, title: str, body: str) -> None:
        """Set title and body."""

    def comment(self, number: int, text: str) -> None:
        """Write below a request."""

    def close(self, number: int) -> None:
        """Close without merging; nothing when it is closed."""

    def label(self, number: int, labels: Sequence[str]) -> None:
        """Add labels, made where the project has none of that name."""

    def request_review(self, number: int, reviewers: Sequence[str]) -> list[str]:
        """Ask people (``name``) and teams (``organisation/name``); return who was refused, why."""

    def delete_branch(self, name: str) -> None:
        """Delete a branch; nothing when there is none."""

    def merge(self, number: int) -> None:
        """Merge, and delete the head; repeated while the forge says to try again later."""


class Guess(NamedTuple):
    """What the URL of a repository tells of its forge; ``kind`` is None when it does not tell."""

    kind: Kind | None
    url: str
    project: str


@contextmanager
def connect(
    kind: Kind, url: str, project: str, token: str, ca_file: Path | None = None
) -> Iterator[Forge]:
    """Open the forge at ``url``, the address that people use. No request is sent yet."""
    from builder.tools.forges import gitea, github, gitlab
    from builder.tools.forges.http import Api

    url = url.rstrip("/")
    if kind == "gitea":
        with Api(gitea.address(url, project, token), ca_file=ca_file) as api:
            yield gitea.Gitea(api)
    elif kind == "github":
        with Api(github.address(url, project, token), ca_file=ca_file) as api:
            yield github.GitHub(api)
    else:
        with Api(gitlab.address(url, project, token), ca_file=ca_file) as api:
            yield gitlab.GitLab(api)


def guess(repository: str, kind: Kind | None = None) -> Guess:
    """Read the forge off the URL of a repository, https or ssh; ``kind`` where it is known.

    A project of Gitea or GitHub is the last two names of the path, what is before them belongs to
    the forge's address; one of GitLab is the whole path. Raises ConfigurationError for a folder.
    """
    repository = check_remote(repository)
    scheme, host, path = _parts(repository)
    names = path.strip("/").removesuffix(".git").split("/")
    if not host or len(names) < 2 or not all(names):
        raise ConfigurationError(
            f"{repository} is not on a forge that takes pull requests",
            hint="set publish: {forge: {kind: ..., url: ..., project: owner/name}}",
        )
    kind = kind or next((k for sign, k in _SIGNS if sign in host.lower()), None)
    prefix = names[:-2] if kind in ("gitea", "github") else []
    url = "/".join([f"{scheme}://{host}", *prefix])
    return Guess(kind, url, "/".join(names[len(prefix) :]))


def _parts(repository: str) -> tuple[str, str, str]:
    """Return scheme, host and path for the web; a port of ssh is not one of the web."""
    if "://" not in repository:
        host, _, path = repository.partition(":")
        return "https", "" if repository.startswith("/") else host.rpartition("@")[2], path
    url = urllib.parse.urlsplit(repository)
    if url.scheme in ("http", "https"):
        return url.scheme, url.netloc, url.path
    return "https", url.hostname or "", url.path


def token(url: str) -> str:
    """Return the token for the forge at ``url``.

    It is SEALIFT_FORGE_TOKEN, for the host in SEALIFT_FORGE_HOST; else SEALIFT_GIT_PASSWORD, for
    the host in SEALIFT_GIT_HOST; else what git's credential helpers have. Raises
    ConfigurationError when one is set without its host or ``url`` is none, ToolError when there is
    no token.
    """
    from builder.tools.forges.http import split

    parts = split(url)
    elsewhere = []
    for name, host in _TOKENS:
        given = os.environ.get(name)
        if given and bound(host, url, credentials=name):
            return given
        if given:
            elsewhere.append(f"{host} names {os.environ[host]}")
    question = f"protocol={parts.scheme}\nhost={parts.netloc}\n\n"
    try:
        answer = git(Path(), ["credential", "fill"], stdin=question.encode()).decode()
    except CommandError:
        answer = ""
    found = dict(line.partition("=")[::2] for line in answer.splitlines())
    if not found.get("password"):
        raise ToolError(
            f"there is no token for the forge {parts.scheme}://{parts.netloc}"
            + (f" ({', '.join(elsewhere)})" if elsewhere else ""),
            hint="set SEALIFT_FORGE_TOKEN and SEALIFT_FORGE_HOST, or a credential helper of git",
        )
    return found["password"]
