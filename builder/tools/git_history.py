"""Which commits come before which: the newest commits of a remote's branches, without content.

They stand in a repository of their own: the one that is pushed from knows only tips, and git would
fetch what it misses there, without the login.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from builder.tools.command import CommandError
from builder.tools.git import git, scratch, unreachable

DEPTH = 500
"""How many commits a look back takes: of what is older, nothing is known."""


@contextmanager
def history(remote: str, commits: Sequence[str]) -> Iterator[Path]:
    """Bring commits of a remote, and those before them, into a repository; yields it.

    Raises ToolError when the remote does not answer.
    """
    with (
        TemporaryDirectory(prefix="sealift-git-") as folder,
        scratch(Path(folder)) as repository,
    ):
        argv = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", f"--depth={DEPTH}"]
        argv += [] if Path(remote).is_absolute() else ["--filter=tree:0"]
        try:
            git(repository, [*argv, "--", remote, *commits])
        except CommandError as error:
            raise unreachable(remote, error) from error
        yield repository


def messages(repository: Path, commit: str) -> list[str]:
    """Return the messages of a commit and of those before it, the newest first."""
    argv = ["log", "-z", "--format=%B", "--end-of-options", commit]
    return git(repository, argv).decode("utf-8", "replace").split("\0")


def merge_base(repository: Path, one: str, other: str) -> str | None:
    """Return the newest commit that both have; None when none is known."""
    try:
        return git(repository, ["merge-base", one, other]).decode().split()[0]
    except CommandError:
        return None


def is_before(repository: Path, one: str, other: str) -> bool:
    """Tell whether a commit is a true ancestor of another, as far as is known here."""
    if one == other:
        return False
    try:
        git(repository, ["merge-base", "--is-ancestor", one, other])
    except CommandError:
        return False
    return True
