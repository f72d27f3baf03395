"""One branch of a remote, worked on without a work tree: fetched shallow, written, pushed.

Content is never fetched, only commits and trees; new content goes in through ``git fast-import``. A
push names the commit that it replaces, so that nobody's work is lost.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from builder.tools import git_refusals
from builder.tools.command import CommandError
from builder.tools.git import git, remote_head, unreachable
from builder.tools.git_signing import Signing, commit_tree

_FETCHED = "refs/sealift/fetched"
_WRITTEN = "refs/heads/sealift-written"
_PORTION = 32 * 1024 * 1024  # bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What stands at a path of a tree: ``kind`` is ``blob``, ``tree`` or ``commit``."""

    kind: str
    id: str


def fetch(
    repository: Path, remote: str, ref: str, *, content: bool = False, depth: int = 1
) -> str | None:
    """Bring the newest commit of a branch, or of a whole ref, and return it; None without one.

    With a ``depth``, those before it come as well. Raises ToolError when the remote does not
    answer.
    """
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    if full.startswith("refs/heads/") and remote_head(repository, remote, full[11:]) is None:
        return None
    argv = _fetching(remote, depth, content=content)
    try:
        git(repository, [*argv, f"+{full}:{_FETCHED}"])
    except CommandError as error:
        if "couldn't find remote ref" in error.stderr:
            return None
        raise unreachable(remote, error) from error
    return lookup(repository, _FETCHED)


def fetch_commit(repository: Path, remote: str, commit: str) -> None:
    """Bring a commit with its trees. Raises ToolError when the remote does not give it."""
    try:
        git(repository, [*_fetching(remote, 1, content=False), commit])
    except CommandError as error:
        raise unreachable(remote, error) from error


def _fetching(remote: str, depth: int, *, content: bool) -> list[str]:
    argv = ["fetch", "--quiet", "--no-tags", f"--depth={depth}", "--no-write-fetch-head"]
    if not content and not Path(remote).is_absolute():  # git takes no folder for a promisor
        argv += ["--filter=blob:none"]
    return [*argv, "--", remote]


def lookup(repository: Path, name: str) -> str | None:
    """Return the id of an object, or None when there is none of that name."""
    try:
        found = git(repository, ["rev-parse", "--verify", "--quiet", "--end-of-options", name])
    except CommandError:
        return None
    return found.decode().strip()


def listed(repository: Path, tree: str, paths: Sequence[str]) -> dict[str, Entry]:
    """Return which of these paths a tree has, and what they are."""
    argv = ["ls-tree", "-t", "-z", "--full-tree", "--end-of-options", tree, *paths]
    found = {}
    for line in filter(None, git(repository, argv).decode("utf-8", "surrogateescape").split("\0")):
        head, _, path = line.partition("\t")
        _, kind, name = head.split()
        found[path] = Entry(kind=kind, id=name)
    return found


def folders(repository: Path, tip: str | None) -> dict[str, str]:
    """Return all folders of a commit, path to tree id; the root's path is empty."""
    if tip is None:
        return {}
    listed = git(repository, ["ls-tree", "-r", "-d", "-z", "--full-tree", tip])
    found = {"": str(lookup(repository, f"{tip}^{{tree}}"))}
    for line in filter(None, listed.decode("utf-8", "surrogateescape").split("\0")):
        head, _, path = line.partition("\t")
        found[path] = head.split()[2]
    return found


@functools.lru_cache(maxsize=64)
def read_blob(repository: Path, remote: str, blob: str) -> bytes:
    """Return the content of a file, which was left out when its commit was fetched.

    Raises ToolError when the remote does not answer.
    """
    # Not left to git, which would fetch it without the login. It asks nobody for what is there.
    argv = ["-c", "fetch.negotiationAlgorithm=noop", "fetch", "--quiet", "--no-tags"]
    try:
        git(repository, [*argv, "--no-write-fetch-head", "--", remote, blob])
    except CommandError as error:
        raise unreachable(remote, error) from error
    return git(repository, ["cat-file", "blob", blob])


def entries(repository: Path, tree: str | None) -> dict[str, str]:
    """Return the files of a tree, path to blob id; empty for None."""
    if tree is None:
        return {}
    listed = git(repository, ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", tree])
    found = {}
    for line in filter(None, listed.decode("utf-8", "surrogateescape").split("\0")):
        head, _, path = line.partition("\t")
        found[path] = head.split()[2]
    return found


def write(
    repository: Path,
    files: Mapping[str, bytes],
    *,
    path: str,
    parent: str | None,
    message: str,
    signing: Signing | None = None,
) -> str:
    """Make a commit upon ``parent`` in which ``files`` are all that stands below ``path``.

    An empty ``path`` is the root of the branch. Returns the commit. Raises ToolError.
    """
    return write_folders(
        repository, [(path, files)], parent=parent, message=message, signing=signing
    )


def write_folders(
    repository: Path,
    folders: Iterable[tuple[str, Mapping[str, bytes]]],
    *,
    parent: str | None,
    message: str,
    signing: Signing | None = None,
) -> str:
    """Make a commit upon ``parent`` in which each folder holds its files, and nothing else.

    Other folders keep what they have. Only some of them are held in memory at a time.
    """
    below = parent
    for streams in _portions(folders):
        start = _start(below)
        git(repository, ["fast-import", "--quiet", "--force"], stdin=b"".join([start, *streams]))
        below = str(lookup(repository, _WRITTEN))
    tree = f"{_WRITTEN}^{{tree}}"
    return commit_tree(repository, tree, message, parent=parent, signing=signing)


def write_files(
    repository: Path,
    files: Mapping[str, bytes | None],
    *,
    parent: str,
    message: str,
    signing: Signing | None = None,
) -> str:
    """Make a commit upon ``parent`` in which these files differ, and nothing else does.

    None removes a file. Returns the commit.
    """
    stream = [_start(parent)]
    for path, content in sorted(files.items()):
        if content is None:
            stream.append(f"D {path}\n".encode())
        else:
            stream.append(b"M 100644 inline " + f"{path}\n".encode())
            stream.append(b"data %d\n%s\n" % (len(content), content))
    git(repository, ["fast-import", "--quiet", "--force"], stdin=b"".join(stream))
    tree = f"{_WRITTEN}^{{tree}}"
    return commit_tree(repository, tree, message, parent=parent, signing=signing)


def _portions(folders: Iterable[tuple[str, Mapping[str, bytes]]]) -> Iterator[list[bytes]]:
    """Yield the streams of folders, as many at once as are to be held in memory; once at least."""
    portion: list[bytes] = []
    yielded = False
    for path, files in folders:
        portion.append(_stream(files, path))
        if sum(map(len, portion)) > _PORTION:
            yield portion
            portion, yielded = [], True
    if portion or not yielded:
        yield portion


def _start(parent: str | None) -> bytes:
    """Write the start of a fast-import stream: a commit upon another."""
    above = f"from {parent}\n" if parent else ""
    return (
        f"reset {_WRITTEN}\n{above}"
        f"\ncommit {_WRITTEN}\ncommitter Sealift <sealift@localhost> 0 +0000\ndata 0\n{above}"
    ).encode()


def _stream(files: Mapping[str, bytes], path: str) -> bytes:
    """Write the fast-import stream of a tree: the folder emptied, then each file."""
    below = f"{path}/" if path else ""
    parts = [f"D {path}\n".encode() if path else b"deleteall\n"]
    for name, content in sorted(files.items()):
        parts.append(b"M 100644 inline " + f"{below}{name}\n".encode())
        parts.append(b"data %d\n%s\n" % (len(content), content))
    return b"".join(parts)


def push(repository: Path, remote: str, ref: str, commit: str, expected: str | None) -> bool:
    """Push when the branch, or the whole ref, is still at ``expected``; tell whether it was.

    Raises ToolError when the server does not take the push for another reason, and
    ConfigurationError when a branch of another name leaves no room for this one.
    """
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    lease = f"--force-with-lease={full}:{expected or ''}"
    try:
        git(repository, ["push", "--quiet", "--atomic", lease, "--", remote, f"{commit}:{full}"])
    except CommandError as error:
        if expected is None:
            git_refusals.check_room(repository, remote, full)
        if git_refusals.overtaken(error):
            return False
        if (
            full.startswith("refs/heads/")
            and remote_head(repository, remote, full[11:]) != expected
        ):
            return False
        raise git_refusals.refused(ref, remote, error) from error
    return True


def rehearse(repository: Path, remote: str, ref: str, tip: str | None) -> None:
    """Do all of a push to a branch but the push: the login is asked for, nothing is sent.

    Raises ToolError when the server would not take one.
    """
    commit = write(repository, {}, path="sealift-rehearsal", parent=tip, message="Rehearsal\n")
    argv = ["push", "--dry-run", "--quiet", "--", remote, f"{commit}:refs/heads/{ref}"]
    try:
        git(repository, argv)
    except CommandError as error:
        raise git_refusals.refused(ref, remote, error) from error


def parents(repository: Path, commit: str) -> list[str]:
    """Return the parents that a commit names, also those that a shallow fetch left out."""
    return [line[7:] for line in _head(repository, commit) if line.startswith("parent ")]


def committer(repository: Path, commit: str) -> str:
    """Return who made a commit: name, and address in angle brackets."""
    lines = (line for line in _head(repository, commit) if line.startswith("committer "))
    return next(lines, "").removeprefix("committer ").rpartition("> ")[0] + ">"


def _head(repository: Path, commit: str) -> list[str]:
    body = git(repository, ["cat-file", "commit", commit]).decode("utf-8", "replace")
    return body.partition("\n\n")[0].splitlines()
