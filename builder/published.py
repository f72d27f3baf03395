"""The bundle that is published: read from a branch, or any ref, of a Git repository."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from builder.claims import Claim, check_path
from builder.core import bundle as bundles
from builder.core import lock as locks
from builder.core.errors import ConfigurationError
from builder.core.lock import Lock
from builder.core.manifests import Manifests
from builder.publish import workplace
from builder.target import METADATA, Target
from builder.tools import git_branch
from builder.tools.command import CommandError
from builder.tools.git import git, unreachable

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_FETCHED = "refs/sealift/published"


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """A bundle as it stands in a repository: path to bytes, below the environment's folder.

    ``commit`` is empty, and so are the files, when nothing is published yet.
    """

    source: str
    commit: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def against(self) -> str:
        """Say where the bundle stands."""
        at = f" at {self.commit[:12]}" if self.commit else ", which does not have it yet"
        return f"{self.source}{at}"

    @property
    def manifests(self) -> Manifests:
        """The resources in it; raise ConfigurationError for a file that cannot be read."""
        return bundles.manifests(self.files, source=self.source)

    @property
    def lock(self) -> Lock | None:
        """The lock in it; None when nothing is published."""
        content = self.files.get(locks.FILE)
        if content is None:
            return None
        return locks.load(content.decode("utf-8", "replace"), source=f"{self.source}: {locks.FILE}")


def read(target: Target, *, against: str | None = None, claim: Claim | None = None) -> Published:
    """Read what is published at ``target``, or at another ref of its repository.

    ``against`` is a branch, a tag, a whole ref or a commit; one that is missing raises
    ConfigurationError, as does a folder that Sealift did not write, or not for the one who has the
    ``claim``. A branch that is missing holds nothing. Raises ToolError when the repository does not
    answer.
    """
    ref = against or target.branch
    folder = f"{target.path}/ on " if target.path else ""
    source = f"{folder}{ref} of {target.repository}"
    with workplace(target) as (repo, remote):
        commit = _fetch(repo, remote, ref) if against else None
        if against and commit is None:
            raise ConfigurationError(
                f"{ref!r} is no branch, tag or commit that can be fetched",
                where=target.repository,
                hint="name a branch, a tag, a whole ref, or a commit by its whole id",
            )
        commit = commit or git_branch.fetch(repo, remote, target.branch, content=True)
        check_path(repo, commit, target, claim)
        if commit is None:
            return Published(source=source)
        tree = git_branch.lookup(repo, f"{commit}:{target.path}")
        files = {p: c for p, c in files_in(repo, tree).items() if p != METADATA}
        return Published(source=source, commit=commit, files=files)


def _fetch(repo: Path, remote: str, ref: str) -> str | None:
    """Bring a branch, a tag, a whole ref or a commit; None when the remote has none of it."""
    if not _REF.fullmatch(ref) or ".." in ref:
        return None
    if _COMMIT.fullmatch(ref):
        return _fetch_one(repo, remote, ref)
    try:
        listed = git(repo, ["ls-remote", "--", remote, ref]).decode("utf-8", "replace")
    except CommandError as error:
        raise unreachable(remote, error) from error
    known = {line.partition("\t")[2] for line in listed.splitlines()}
    for full in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}"):
        if full in known and (full.startswith("refs/") or full == "HEAD"):
            return _fetch_one(repo, remote, full)
    return None


def _fetch_one(repo: Path, remote: str, name: str) -> str | None:
    argv = ["fetch", "--quiet", "--no-tags", "--depth=1", "--no-write-fetch-head", "--", remote]
    try:
        git(repo, [*argv, f"+{name}:{_FETCHED}"])
    except CommandError as error:
        if re.search(r"not our ref|couldn't find remote ref|upload-pack: not", error.stderr):
            return None
        raise unreachable(remote, error) from error
    return git_branch.lookup(repo, f"{_FETCHED}^{{commit}}")


def files_in(repo: Path, tree: str | None) -> dict[str, bytes]:
    """Return the content of a tree's files; what is no file, as a submodule, is left out."""
    entries = git_branch.entries(repo, tree)
    if not entries:
        return {}
    asked = "".join(f"{blob}\n" for blob in entries.values()).encode()
    answer = git(repo, ["cat-file", "--batch"], stdin=asked)
    files: dict[str, bytes] = {}
    position = 0
    for path in entries:
        end = answer.index(b"\n", position)
        head = answer[position:end].split()
        position = end + 1
        if len(head) == 3:  # id, type, size; a missing object has two words
            size = int(head[2])
            if head[1] == b"blob":
                files[path] = answer[position : position + size]
            position += size + 1
    return files
