"""Git bundles: commits as one file. The same commits give the same bytes.

Written from its two parts, a header and a pack (git-scm.com/docs/gitformat-bundle), because
``git bundle`` keeps deltas and compression as the repository happens to have them.
"""

import re
from pathlib import Path

from builder.core.errors import ConfigurationError
from builder.tools.command import CommandError
from builder.tools.git import git, remote_head, unreachable

_AGAIN = "get the archive again from the other side; nothing was changed here"
REF = "refs/heads/published"
_UNPACKED = "refs/sealift/bundle"
_FETCHED = "refs/sealift/whole"
# What a bundle of resources never comes near. Git has a limit of its own, for what it unfolds
# before anyone can look at sizes; what is larger than the threshold goes through it in pieces.
MAX_FILE = 64 * 1024 * 1024
MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 20_000
_LIMITS = {"GIT_ALLOC_LIMIT": str(2 * MAX_FILE)}
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
    argv = ["-c", "fetch.fsckObjects=true", "-c", "core.bigFileThreshold=8m"]
    argv += ["fetch", "--quiet", "--no-tags"]
    argv += ["--no-write-fetch-head", "--", str(bundle), f"+{REF}:{_UNPACKED}"]
    try:
        _check_header(bundle)
        git(repository, argv, more=_LIMITS)
        found = git(repository, ["rev-parse", "--verify", _UNPACKED]).decode().strip()
    except CommandError as error:
        if error.returncode is None:
            raise
        said = _said(error).replace(str(bundle), "it")
        raise ConfigurationError(
            f"is not a Git bundle of {commit}: {said}", where=source, hint=_AGAIN
        ) from error
    if found != commit:
        raise ConfigurationError(
            f"holds the commit {found}, not {commit}", where=source, hint=_AGAIN
        )


def _check_header(bundle: Path) -> None:
    """Raise CommandError, as Git would, for what it would take for a repository instead."""
    with bundle.open("rb") as file:
        if not re.match(rb"# v[23] git bundle\n", file.readline(64)):
            raise CommandError("", returncode=128, stderr="it has no header of one")


def _said(error: CommandError) -> str:
    """Return the first that Git says of a bundle; at the end stands advice on remotes."""
    for line in error.stderr.splitlines():
        said = re.sub(r"^(fatal|error): ", "", line.strip())
        if said and "hint:" not in said:
            return said
    return f"git ended with exit code {error.returncode}"


def unlike_a_bundle(repository: Path, tree: str) -> str:
    """Say what a tree has that no bundle has: links, programs, too much; empty for nothing.

    Looks at the list of each folder before any file: a folder that stands in it often makes a small
    pack endless, and so do zeros.
    """
    lists: dict[str, bytes] = {}
    level, count, total = [tree], 0, 0
    while level:
        deeper = []
        for name in level:
            if name not in lists:
                argv = ["ls-tree", "-l", "-z", "--full-tree", "--end-of-options", name]
                lists[name] = git(repository, argv, more=_LIMITS)
            for line in filter(None, lists[name].split(b"\0")):
                mode, kind, entry, size = line.partition(b"\t")[0].split()
                count += 1
                if kind == b"tree":
                    deeper.append(entry.decode())
                elif mode != b"100644":
                    return "holds links or programs, where plain files should be"
                elif int(size) > MAX_FILE:
                    return f"holds a file of {int(size):,} bytes: {MAX_FILE:,} is the most"
                else:
                    total += int(size)
                if count > MAX_ENTRIES:
                    return f"holds more than {MAX_ENTRIES:,} files and folders"
                if total > MAX_BYTES:
                    return f"holds files of more than {MAX_BYTES:,} bytes in all"
        level = deeper
    return ""


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


def changed(repository: Path, before: str | None, after: str) -> list[str]:
    """Return the paths of the files in which two commits differ; all of them without the first."""
    first = before or git(repository, ["mktree"], stdin=b"").decode().strip()
    argv = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", first, after]
    return git(repository, argv).decode("utf-8", "backslashreplace").split("\0")[:-1]


def contains(repository: Path, commit: str, other: str) -> bool:
    """Tell whether ``other`` is a commit, or one of those before it."""
    try:
        git(repository, ["merge-base", "--is-ancestor", other, commit])
    except CommandError as error:
        if error.returncode == 1:
            return False
        raise
    return True
