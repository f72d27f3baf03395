"""A bundle becomes one commit on a branch of a Git repository."""

import random
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.core import lock as locks
from builder.core.errors import ConfigurationError, ToolError
from builder.tools.command import CommandError
from builder.tools.git import check_remote, git, remote_head, scratch, unreachable

ATTEMPTS = 12
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
# What git and the servers say when a branch moved between our look at it and our push.
_OVERTAKEN = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|"
    r"reference already exists|incorrect old value"
)
_OURS = "refs/heads/sealift"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a bundle goes: a repository, a branch, and the environment's folder in it."""

    repository: str
    branch: str
    path: str

    def __post_init__(self) -> None:
        for field, value in (("branch", self.branch), ("path", self.path)):
            wrong = not _BRANCH.fullmatch(value) or ".." in value or "//" in value
            if wrong or value.endswith(("/", ".")) or "/." in value or ".lock/" in f"{value}/":
                raise ConfigurationError(f"{value!r} is not a {field} to publish to")
        check_remote(self.repository)


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What publishing came to: the commit, the tree of the bundle, and whether it is new."""

    commit: str
    tree: str
    changed: bool
    files: tuple[str, ...]


def publish(
    files: Mapping[str, bytes], target: Target, *, environment: str, source_commit: str
) -> Commit:
    """Commit ``files`` as the whole content of the target's folder, and push.

    One commit, only when something changed; other folders keep what they have. When someone else
    was faster, the commit is made again upon theirs. Raises ConfigurationError when the folder
    holds files that Sealift did not write, and ToolError when the repository does not take it.
    """
    remote = check_remote(target.repository)
    with (
        tempfile.TemporaryDirectory(prefix="sealift-git-") as folder,
        scratch(Path(folder)) as repo,
    ):
        for attempt in range(ATTEMPTS):
            parent = remote_head(repo, remote, target.branch)
            if parent:
                _fetch(repo, remote, target.branch)
                parent = git(repo, ["rev-parse", "refs/sealift/remote"]).decode().strip()
                _check_path(repo, parent, target)
            made = _commit(repo, files, target, parent, _message(environment, source_commit))
            if not made.changed:
                return made
            if _push(repo, remote, target.branch, parent):
                return made
            time.sleep(random.uniform(0, 0.05 * 2 ** min(attempt, 6)))  # noqa: S311 - not a secret
    raise ToolError(
        f"others pushed to {target.branch} faster, {ATTEMPTS} times in a row",
        hint="run it again",
    )


def _message(environment: str, source_commit: str) -> str:
    trailer = f"\n\nSource-Commit: {source_commit}" if source_commit else ""
    return f"Publish {environment}{trailer}\n"


def _fetch(repo: Path, remote: str, branch: str) -> None:
    """Bring the branch's newest commit with its trees, without the content of files."""
    refspec = f"+refs/heads/{branch}:refs/sealift/remote"
    argv = ["fetch", "--quiet", "--no-tags", "--depth=1", "--filter=blob:none"]
    try:
        git(repo, [*argv, "--no-write-fetch-head", "--", remote, refspec])
    except CommandError as error:
        raise unreachable(remote, error) from error


def _check_path(repo: Path, parent: str, target: Target) -> None:
    """Refuse a folder that was not written by Sealift, and one below a file."""
    parts = target.path.split("/")
    for above in ("/".join(parts[:length]) for length in range(1, len(parts))):
        if _object(repo, f"{parent}:{above}") and not _object(repo, f"{parent}:{above}/"):
            raise ConfigurationError(
                f"{above} on {target.branch} is not a folder",
                where=target.repository,
                hint="publish to another path, or remove it from the branch yourself",
            )
    if _object(repo, f"{parent}:{target.path}") and not _object(
        repo, f"{parent}:{target.path}/{locks.FILE}"
    ):
        raise ConfigurationError(
            f"{target.path}/ on {target.branch} holds files that Sealift did not write",
            where=target.repository,
            hint="publish to another path, or remove the folder from the branch yourself",
        )


def _object(repo: Path, name: str) -> str | None:
    try:
        found = git(repo, ["rev-parse", "--verify", "--quiet", "--end-of-options", name])
    except CommandError:
        return None
    return found.decode().strip()


def _commit(
    repo: Path, files: Mapping[str, bytes], target: Target, parent: str | None, message: str
) -> Commit:
    """Make the commit with ``git fast-import``: blobs and trees only, no work tree."""
    before = _object(repo, f"{parent}:{target.path}") if parent else None
    git(repo, ["fast-import", "--quiet", "--force", "--date-format=now"],
        stdin=_stream(files, target, parent, message))  # fmt: skip
    commit = _object(repo, _OURS)
    tree = _object(repo, f"{_OURS}:{target.path}")
    assert commit is not None  # noqa: S101 - fast-import ended well
    assert tree is not None  # noqa: S101
    changed = tree != before
    return Commit(
        commit=commit if changed or parent is None else parent,
        tree=tree,
        changed=changed,
        files=tuple(sorted(files)),
    )


def _stream(files: Mapping[str, bytes], target: Target, parent: str | None, message: str) -> bytes:
    """Write the fast-import stream: the folder emptied, then each file."""
    body = message.encode()
    parts = [
        f"reset {_OURS}\n".encode(),
        *([f"from {parent}\n".encode()] if parent else []),
        b"\n",
        f"commit {_OURS}\n".encode(),
        b"committer Sealift <sealift@localhost> now\n",
        b"data %d\n%s" % (len(body), body),
        *([f"from {parent}\n".encode()] if parent else []),
        f"D {target.path}\n".encode() if parent else b"",
    ]
    for path, content in sorted(files.items()):
        parts.append(b"M 100644 inline " + f"{target.path}/{path}\n".encode())
        parts.append(b"data %d\n%s\n" % (len(content), content))
    return b"".join(parts)


def _push(repo: Path, remote: str, branch: str, parent: str | None) -> bool:
    """Push when the branch is still at ``parent``; tell whether it was."""
    lease = f"--force-with-lease=refs/heads/{branch}:{parent or ''}"
    try:
        git(repo, ["push", "--quiet", "--atomic", lease, "--", remote,
                   f"{_OURS}:refs/heads/{branch}"])  # fmt: skip
    except CommandError as error:
        said = error.stderr + str(error)
        if _OVERTAKEN.search(said):
            return False
        if remote_head(repo, remote, branch) != parent:
            return False
        raise _refused(branch, remote, error) from error
    return True


def _refused(branch: str, remote: str, error: CommandError) -> ToolError:
    """Say why the server did not take a push."""
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    reasons = [line.removeprefix("remote:").strip() for line in lines if line.startswith("remote:")]
    reasons = reasons or re.findall(r"\[remote rejected\].*\((.+)\)", error.stderr)
    if reasons:
        return ToolError(
            f"{remote} refuses the push to {branch}: {' '.join(filter(None, reasons))}",
            hint="a protected branch takes changes by pull request only",
        )
    return unreachable(remote, error)
