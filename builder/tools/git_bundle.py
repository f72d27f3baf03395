"""Git bundles: commits as one file. The same commits give the same bytes.

Written from its two parts, a header and a pack (git-scm.com/docs/gitformat-bundle), because
``git bundle`` keeps deltas and compression as the repository happens to have them.
"""

from pathlib import Path

from builder.core.errors import ConfigurationError
from builder.tools.command import CommandError
from builder.tools.git import git, remote_head, unreachable

REF = "refs/heads/published"
_UNPACKED = "refs/sealift/bundle"
_FETCHED = "refs/sealift/whole"
_PACK = (
    "pack-objects", "--quiet", "--stdout", "--revs", "--threads=1", "--no-use-bitmap-index",
    "--no-reuse-delta", "--no-reuse-object", "--window=0", "--depth=0", "--compression=0",
)  # fmt: skip


def commit_tree(repository: Path, tree: str, message: str) -> str:
    """Make a commit without parent and without a time of day; return it."""
    who = "Sealift <sealift@localhost> 0 +0000"
    body = f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{message}"
    argv = ["hash-object", "-t", "commit", "-w", "--stdin"]
    return git(repository, argv, stdin=body.encode()).decode().strip()


def create(repository: Path, commit: str) -> bytes:
    """Return a bundle of a commit and all that it needs. Raises CommandError."""
    pack = git(repository, _PACK, stdin=f"{commit}\n".encode())
    return f"# v2 git bundle\n{commit} {REF}\n\n".encode() + pack


def unpack(repository: Path, bundle: Path, commit: str, *, source: str) -> None:
    """Bring the objects of a bundle into a repository, each checked.

    Raises ConfigurationError when it is not a bundle of that commit.
    """
    argv = ["-c", "fetch.fsckObjects=true", "fetch", "--quiet", "--no-tags"]
    argv += ["--no-write-fetch-head", "--", str(bundle), f"+{REF}:{_UNPACKED}"]
    try:
        git(repository, argv)
        found = git(repository, ["rev-parse", "--verify", _UNPACKED]).decode().strip()
    except CommandError as error:
        said = (error.stderr.splitlines() or [str(error)])[-1]
        raise ConfigurationError(
            f"is not a Git bundle of {commit}: {said}", where=source
        ) from error
    if found != commit:
        raise ConfigurationError(f"holds the commit {found}, not {commit}", where=source)


def plain_files(repository: Path, tree: str) -> bool:
    """Tell whether a tree holds plain files only: no links, programs or submodules."""
    listed = git(repository, ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree])
    return all(line.startswith(b"100644 blob ") for line in listed.split(b"\0") if line)


def fetch(repository: Path, remote: str, branch: str) -> str | None:
    """Bring a branch of a remote with its whole history; None when there is no such branch."""
    if remote_head(repository, remote, branch) is None:
        return None
    argv = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote]
    try:
        git(repository, [*argv, f"+refs/heads/{branch}:{_FETCHED}"])
        return git(repository, ["rev-parse", "--verify", _FETCHED]).decode().strip()
    except CommandError as error:
        raise unreachable(remote, error) from error


def contains(repository: Path, commit: str, other: str) -> bool:
    """Tell whether ``other`` is a commit, or one of those before it."""
    try:
        git(repository, ["merge-base", "--is-ancestor", other, commit])
    except CommandError as error:
        if error.returncode == 1:
            return False
        raise
    return True
